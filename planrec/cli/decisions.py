"""Verify, count, prune, export and delete the rows of the decision log.

planrec decisions ACTION --help shows the options of an action. Each action but `verify` is recorded in the
log, with the user who typed it.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from planrec.cli.decision_log_options import (
    SUBSCRIBER,
    add_days,
    add_log,
    age,
    days_between,
    file_ending_in,
    key_file,
    log_url,
    noted_end,
)
from planrec.cli.shared_options import add_json, add_outputs, show_table
from planrec.wording import counted, visible

if TYPE_CHECKING:
    from planrec.serving.decision_log import Keys

EXAMPLE = "planrec decisions verify"
MOST_PROBLEMS = 20
"Problems that are printed."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the actions with their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, run_action: Callable[[Namespace], int], summary: str) -> ArgumentParser:
        own = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        own.set_defaults(run_action=run_action)
        add_log(own)
        add_outputs(own, "folder of runs, with the default log and key")
        return own

    check = action("verify", _verify, "follow the hash chain; exit code 1 if a row was changed or is missing")
    check.add_argument(
        "--contains",
        type=noted_end,
        metavar="POSITION:CHAIN",
        help="an end that an earlier verify printed: the log must contain it, or it was rewritten",
    )
    count = action("count", _count, "count answers by run, catalogue version and advice")
    add_days(count)
    add_json(count)
    prune = action("prune", _prune, "remove old rows; a stub in the chain stays")
    prune.add_argument("--older-than", type=age, required=True, metavar="AGE", help="such as 365d")
    export = action("export", _export, "write all rows of a subscriber, with their outcomes, to a file")
    export.add_argument(
        "--out",
        type=file_ending_in(".json"),
        required=True,
        metavar="FILE.json",
        help="replaced if it exists; for its owner only",
    )
    delete = action("delete", _delete, "remove all rows of a subscriber; a stub in the chain stays")
    for parser_of_one in (export, delete):
        parser_of_one.add_argument("--subscriber", required=True, metavar="NAME", help=SUBSCRIBER)
    action("rotate-key", _rotate, "make a new pseudonym key; the old one stays beside it, for searching")


def run(options: Namespace) -> int:
    """Run an action."""
    return cast(int, options.run_action(options))


def _keys(options: Namespace) -> "Keys":
    from planrec.serving.decision_log import Keys

    return Keys.read(key_file(options.outputs))


def _verify(options: Namespace) -> int:
    from planrec.serving.decision_log.verification import verify

    file = key_file(options.outputs)
    keys = _keys(options).ids if file.exists() else {}
    found = verify(log_url(options.log, options.outputs), keys, options.contains)
    print(f"{counted(found.decisions, 'answer')} and {counted(found.events, 'event')} in the chain")
    if found.removed:
        print(f"{counted(found.removed, 'row')} removed, with a stub")
    if found.unchained:
        print(f"{counted(found.unchained, 'row')} of PlanRec 0.2, which has no chain: cannot be verified")
    if found.unreadable:
        print(f"{counted(found.unreadable, 'row')} whose pseudonym key is missing: cannot be searched")
    print(f"the chain ends at {found.end}; note it in another place, for --contains")
    for problem in found.problems[:MOST_PROBLEMS]:
        print(visible(f"  - {problem}"))
    print(f"FAILED: {counted(len(found.problems), 'problem')}" if found.problems else "verified")
    return 1 if found.problems else 0


def _count(options: Namespace) -> int:
    from planrec.serving.decision_log import count_advised

    days = days_between(options.first, options.last)
    counts = count_advised(log_url(options.log, options.outputs), days)

    def print_counts() -> None:
        from rich.table import Table

        from planrec.terminal import console_of_tables

        table = Table("run", "catalogue version", "advice", "answers", "subscribers")
        for row in counts:
            table.add_row(row.run_id, row.catalogue_version or "-", row.arm, *(f"{n:,}" for n in row[3:]))
        console_of_tables(highlight=False, markup=False).print(table)

    content = {"schema": "planrec.advised/1", "days": str(days), "rows": [row._asdict() for row in counts]}
    show_table(options, print_counts, lambda: json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return 0


def _prune(options: Namespace) -> int:
    from planrec.serving.decision_log.removal import prune

    print(f"removed {counted(prune(log_url(options.log, options.outputs), options.older_than), 'row')}")
    return 0


def _export(options: Namespace) -> int:
    from planrec.files.atomic_write import replaced_atomically
    from planrec.serving.decision_log.export import export_of

    rows = export_of(log_url(options.log, options.outputs), options.subscriber, _keys(options))
    with replaced_atomically(options.out, owner_only=True) as file:
        file.write(rows.content)
    found = f"{counted(rows.n_answers, 'answer')} and {counted(rows.n_outcomes, 'outcome')}"
    print(f"wrote {options.out}: {found}")
    return 0


def _delete(options: Namespace) -> int:
    from planrec.serving.decision_log.removal import delete_subscriber

    url = log_url(options.log, options.outputs)
    deleted = delete_subscriber(url, options.subscriber, _keys(options))
    print(f"removed {counted(deleted.rows, 'row')}")
    if deleted.unreadable:
        print(f"{counted(deleted.unreadable, 'row')} whose pseudonym key is missing: not searched")
    return 0


def _rotate(options: Namespace) -> int:
    from planrec.serving.decision_log import record_event

    keys = _keys(options)
    kept = keys.rotate()
    new = _keys(options)
    record_event(log_url(options.log, options.outputs), "rotate_key", {"keys": list(new.ids)})
    print(f"wrote a new key to {keys.file}; the old one is {kept}: remove it to make its rows unreadable")
    print("restart servers that run: they keep the key that they read at their start")
    return 0
