"""Write one HTML page about runs, or about the runs of sweeps."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from planrec.cli.shared_options import RUN, add_outputs, add_run, run_folder

EXAMPLE = "planrec report latest --output report.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "runs", f"{RUN}; or the folder of a sweep", nargs="+")
    parser.add_argument(
        "--output", type=_page, default=Path("report.html"), metavar="FILE.html", help="default report.html"
    )
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Write the page."""
    from planrec.files.atomic_write import write_atomically
    from planrec.reports.page.html_page import report_page
    from planrec.reports.page.requested_runs import read_requested_runs

    page = report_page(read_requested_runs([run_folder(name, options) for name in options.runs]))
    write_atomically(options.output, page.encode())
    print(f"wrote {options.output}")
    return 0


def _page(name: str) -> Path:
    """Return a path that no file of a run has: nothing that hashes cover is ever replaced."""
    if not name.endswith(".html"):
        raise ArgumentTypeError(f"must end in .html, got {name!r}")
    return Path(name)
