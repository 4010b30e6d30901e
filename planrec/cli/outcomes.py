"""Store months and events that came after advice.

FILE has months as the run's own data: a subscriber or a `recommendation_id`, a month and its usage. Optional
columns: `event` (month, accepted, declined or left), the plan held and `bill`. Rows that are stored already
are skipped, so a file may be sent again; rows that match no advice are counted and listed.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.decision_log_options import add_log, key_file, log_url
from planrec.cli.shared_options import RUN, add_json, add_outputs, add_run, run_folder, show_table
from planrec.wording import counted, visible

if TYPE_CHECKING:
    from planrec.contracts import Bands, FileForm
    from planrec.monitoring.outcomes import Received

EXAMPLE = "planrec outcomes months.csv"
PROTECTED = "data.protected_columns"
MOST_LISTED = 20
"Rows of one reason that are printed; JSON lists all."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, Parquet or .xlsx")
    meaning = "change how FILE is read, such as data.decimal=comma; else as the run reads its own data"
    parser.add_argument("overrides", nargs="*", default=[], metavar="OVERRIDE", help=meaning)
    parser.set_defaults(passed_on=[])
    add_run(parser, "--run", f"{RUN}, whose data has the form of FILE; default: the pinned run")
    add_log(parser)
    add_json(parser)
    add_outputs(parser, "folder of runs, with the default log and key")


def run(options: Namespace) -> int:
    """Store the outcomes, and print how many were new; exit code 1 if none could be stored."""
    from planrec.monitoring.outcomes import AdvisingRuns, receive
    from planrec.monitoring.outcomes.outcome_file import read_outcomes

    url = log_url(options.log, options.outputs)
    outcomes = read_outcomes(options.file, *_form_and_protected(options))
    received = receive(url, AdvisingRuns(options.outputs), key_file(options.outputs), outcomes)
    show_table(options, lambda: _print(received), lambda: _as_json(received))
    return 0 if received.n_new or received.n_repeated else 1


def _form_and_protected(options: Namespace) -> "tuple[FileForm, Mapping[str, Bands]]":
    """Return the form of the run's files and its protected columns, with the overrides."""
    from planrec.config.changed_config import changed
    from planrec.errors import ConfigError
    from planrec.runs.read import load_run
    from planrec.serving.pin import load_pinned
    from planrec.serving.scoring.cell_overrides import changed_cells

    words = [*options.overrides, *options.passed_on]
    if unknown := [word for word in words if word.startswith("-") or "=" not in word]:
        raise ConfigError(f"unknown arguments for planrec outcomes: {' '.join(unknown)}")
    if options.run is not None:
        saved = load_run(run_folder(options.run, options))
    else:
        saved = load_pinned(options.outputs, trusted_signers())
    of_groups = [word for word in words if word.lstrip("+").startswith(PROTECTED)]
    data = changed(saved.config, of_groups).data if of_groups else saved.config.data
    cells = changed_cells(data.file_form.cells, [word for word in words if word not in of_groups])
    return replace(data.file_form, cells=cells), data.protected_columns


def _print(received: "Received") -> None:
    from planrec.monitoring.outcomes.matching import REASONS

    print(f"stored {counted(received.n_new, 'outcome')}, {received.n_repeated:,} stored before")
    for reason, number in received.counts.items():
        print(f"{number:,} not stored: {REASONS[reason]}")
        places = [each.place for each in received.not_applied if each.reason == reason]
        more = f" and {number - MOST_LISTED:,} more" if number > MOST_LISTED else ""
        print(visible(f"  {', '.join(places[:MOST_LISTED])}{more}"))


def _as_json(received: "Received") -> str:
    content = {
        "schema": "planrec.outcomes/1",
        "new": received.n_new,
        "repeated": received.n_repeated,
        "not_stored": [each._asdict() for each in received.not_applied],
    }
    return json.dumps(content, indent=2) + "\n"
