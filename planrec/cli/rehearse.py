"""Rehearse a year of operations on a simulated operator, with operations on and off.

Usage arrives, advice is given, some accept it, bills come, and faults are planted. The timeline lists the
signals and the acts; regret and harm of both sides are judged by bills and by the hidden truth. Equal options
give equal output.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from planrec.cli.shared_options import ON_STDOUT, add_json, positive, show_table

EXAMPLE = "planrec rehearse --fast --out rehearsal"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options."""
    parser.add_argument("--months", type=positive, default=12, help="12 to 24, or fewer to look; default 12")
    parser.add_argument("--fast", action="store_true", help="few subscribers and days: half a minute")
    parser.add_argument("--seed", type=int, default=0, help="seed of the world; default 0")
    faults = parser.add_mutually_exclusive_group()
    faults.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=MONTH]",
        help="plant only this fault, and others that are named like it; a wrong name lists all",
    )
    faults.add_argument("--no-faults", action="store_true", help="plant none")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="new or empty folder for the page, the JSON, the runs and the decision logs; default: keep none",
    )
    add_json(parser)


def run(options: Namespace) -> int:
    """Rehearse, print the timeline and the figures, and write the page."""
    from planrec.operating.rehearsal import rehearsal_json, rehearsal_terminal
    from planrec.operating.rehearsal.output_folder import output_folder, write_page
    from planrec.operating.rehearsal.setting import chosen_setting
    from planrec.operating.rehearsal.year import rehearse

    faults = [] if options.no_faults else options.fault or None
    setting = chosen_setting(options.months, options.seed, faults, fast=options.fast)
    with output_folder(options.out) as folder:
        rehearsed = rehearse(setting, folder, lambda month: print(f"{month} ...", file=sys.stderr))
        lines = rehearsal_terminal.lines_of(rehearsed)
        show_table(options, lambda: print(*lines, sep="\n"), lambda: rehearsal_json.json_of(rehearsed))
        if options.out is not None:
            page = write_page(rehearsed, folder)
            print(f"wrote {page}", file=sys.stderr if options.json == ON_STDOUT else sys.stdout)
    return 0
