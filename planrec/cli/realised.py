"""Judge the advice that was given by the bills that came.

The metrics are those of training, on the decisions of the log whose months planrec outcomes stored: beside
the offline metrics of the runs that advised, the baselines, and the advice that was accepted.
"""

from argparse import ArgumentParser, Namespace

from planrec.cli.decision_log_options import add_log, day, days_between, log_url
from planrec.cli.shared_options import add_json, add_outputs, show_table, write_text

EXAMPLE = "planrec realised --since 2026-03-01 --by plan_held"
GROUPS = ("plan_held", "segment", "run")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    for flag, name, meaning in (("--since", "first", "first"), ("--until", "last", "last")):
        parser.add_argument(
            flag, dest=name, type=day, metavar="DAY", help=f"{meaning} day of decision (as_of); default: all"
        )
    parser.add_argument("--by", choices=GROUPS, help="judge each of these on its own, too")
    parser.add_argument("--harmed", action="store_true", help="list the advice that harmed, and by how much")
    parser.add_argument(
        "--save",
        action="store_true",
        help="write monitoring/realised.json in the folder of runs, for the report and the server's metrics",
    )
    add_log(parser)
    add_json(parser)
    add_outputs(parser, "folder of runs, with the default log")


def run(options: Namespace) -> int:
    """Print the metrics; exit code 1 if no advice can be judged."""
    from planrec.monitoring.realised.realised import realised
    from planrec.monitoring.realised.realised_json import as_json
    from planrec.monitoring.realised.realised_terminal import MOST_HARMED, print_realised

    days = days_between(options.first, options.last)
    found = realised(log_url(options.log, options.outputs), options.outputs, days, options.by)
    show_table(options, lambda: print_realised(found, lists_harmed=options.harmed), lambda: as_json(found))
    if options.save:
        content = as_json(found, MOST_HARMED)
        write_text(options.outputs / "monitoring" / "realised.json", content, options)
    return 0 if found.metrics else 1
