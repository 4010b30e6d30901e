"""Compute an earlier answer again, and compare it.

`planrec replay ID` repeats one answer of the decision log, `planrec replay --subscriber ana --on 2026-03-03`
all answers to a subscriber, and `planrec replay --file advice.csv --input months.csv s0042` the rows of a
subscriber in a scored file. If the file was written with --log, the log replaces --input. The exit code is 0
for the same answers, 1 for others or none.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.decision_log_options import (
    SUBSCRIBER,
    add_log,
    day_or_range,
    days_between,
    key_file,
    log_url,
)
from planrec.cli.shared_options import add_json, add_outputs, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planrec.serving.decision_log import LoggedDecision
    from planrec.serving.replay.replayed_answer import Replayed

EXAMPLE = "planrec replay 0198c7f2-5f6a-7b1e-9d0c-3a4b5c6d7e8f"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "id", metavar="ID", nargs="?", help="recommendation_id of the answer; with --file, a subscriber_ref"
    )
    asked.add_argument("--subscriber", metavar="NAME", help=SUBSCRIBER)
    parser.add_argument(
        "--on", type=day_or_range, metavar="DAY", help="with --subscriber: a day, or days A..B, in UTC"
    )
    parser.add_argument("--file", type=Path, metavar="ADVICE", help="scored file, beside its manifest")
    parser.add_argument("--input", type=Path, metavar="MONTHS", help="the file that was scored")
    add_log(parser)
    add_json(parser)
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Print the parts of the answers, and whether they are the same again."""
    from planrec.errors import ConfigError

    if options.input is not None and options.file is None:
        raise ConfigError("--input is the input of a scored file: name that file with --file")
    if (options.on is not None and options.subscriber is None) or (options.file and options.subscriber):
        raise ConfigError("--subscriber and --on search the decision log: leave ID and --file out")
    found = _from_input(options) if options.input is not None else _from_log(options)
    from planrec.serving.replay.audit_view import print_all
    from planrec.serving.replay.replayed_answer import as_json

    show_table(options, lambda: print_all(found), lambda: as_json(found))
    return 0 if all(replayed.is_equal for replayed in found) else 1


def _from_input(options: Namespace) -> "list[Replayed]":
    from planrec.serving.decision_log import record_event
    from planrec.serving.replay.replayed_row import AdviceFile, replay_rows

    found = replay_rows(AdviceFile.open(options.file), options.input, options.id, options.outputs)
    ids = [replayed.earlier["recommendation_id"] for replayed in found]
    content = {"file": options.file.name, "recommendation_ids": ids}
    record_event(log_url(options.log, options.outputs), "replay", content)
    return found


def _from_log(options: Namespace) -> "list[Replayed]":
    # scikit-learn takes a second to import: a wrong id should not wait for it.
    logged = _logged(options)
    from planrec.serving.replay.replayed_answer import replay

    return [replay(row, options.outputs) for row in logged]


def _logged(options: Namespace) -> "Sequence[LoggedDecision]":
    from planrec.serving.decision_log import Keys, decisions_of, find_decision

    url = log_url(options.log, options.outputs)
    if options.subscriber is None:
        return [find_decision(url, name) for name in _ids(options)]
    days = days_between(*(options.on or (None, None)))
    return decisions_of(url, options.subscriber, Keys.read(key_file(options.outputs)), days)


def _ids(options: Namespace) -> list[str]:
    """Return the ids of the answers to repeat."""
    if options.file is None:
        return [options.id]
    from planrec.errors import ConfigError
    from planrec.serving.replay.replayed_row import AdviceFile

    file = AdviceFile.open(options.file)
    if not file.manifest.is_logged:
        raise ConfigError(
            f"{options.file} was written without --log: name the file that was scored,"
            f" {file.manifest.input.name}, with --input"
        )
    return [str(row["recommendation_id"]) for row in file.rows_of(options.id)]
