"""Compare the requests that the pinned run answers with those it was trained on.

Judges the days of the decision log that are over, or one file of months. Exit codes: 0 no drift, 1 drift, 2
wrong input, 3 another check is running. Typed again on the same day, it judges nothing twice. Other verbs
read its result in monitoring/drift.json, in the folder of runs.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.decision_log_options import add_log, log_url
from planrec.cli.shared_options import add_json, add_outputs, html_file, show_table, write_text

if TYPE_CHECKING:
    from planrec.monitoring.drift_check import DriftReport
    from planrec.monitoring.drift_check.month_file import FileReport

EXAMPLE = "planrec drift --html drift.html"
DRIFT, WRONG_INPUT = 1, 2


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="file of months; default: the decision log"
    )
    add_log(parser)
    parser.add_argument("--html", type=html_file, metavar="FILE.html", help="write a page too")
    add_json(parser)
    add_outputs(parser, "folder of runs, with the pin and the default log")


def run(options: Namespace) -> int:
    """Print the verdict."""
    from planrec.errors import BusyError, PlanRecError
    from planrec.monitoring.drift_check.drift_terminal import print_check

    try:
        report = _report(options)
    except BusyError:
        raise
    except PlanRecError as error:
        error.exit_code = WRONG_INPUT
        raise
    show_table(options, lambda: print_check(report), report.json_text)
    if options.html is not None:
        from planrec.monitoring.drift_check.drift_page import drift_page

        write_text(options.html, drift_page(report), options)
    return DRIFT if report.alarms else 0


def _report(options: Namespace) -> "DriftReport | FileReport":
    from planrec.monitoring.drift_check import check_months, check_pinned
    from planrec.serving.pin import load_pinned

    signers = trusted_signers()
    if options.file is not None:
        return check_months(load_pinned(options.outputs, signers), options.file)
    return check_pinned(options.outputs, log_url(options.log, options.outputs), signers=signers)
