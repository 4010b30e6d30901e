"""Write one HTML page about runs, or about the runs of sweeps."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from planrec.cli.shared_options import RUN, add_outputs, add_run, html_file, run_folder

EXAMPLE = "planrec report latest --output report.html"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare options and arguments."""
    add_run(parser, "runs", f"{RUN}; or the folder of a sweep", nargs="+")
    parser.add_argument(
        "--output",
        type=html_file,
        default=Path("report.html"),
        metavar="FILE.html",
        help="default report.html",
    )
    add_outputs(parser)


def run(options: Namespace) -> int:
    """Write the page."""
    from planrec.files.atomic_write import write_atomically

    page = page_of([run_folder(name, options) for name in options.runs], options.outputs)
    write_atomically(options.output, page.encode())
    print(f"wrote {options.output}")
    return 0


def page_of(places: Sequence[Path], outputs: Path) -> str:
    """Return the page about runs or sweeps, with the bills that came if they were saved."""
    from planrec.files.hashing import sha256_of_file
    from planrec.monitoring.realised.realised_page import realised_section
    from planrec.reports.page.report_page import report_page
    from planrec.reports.page.requested_runs import read_requested_runs

    requested = read_requested_runs(places)
    hashes = {sha256_of_file(run.folder / "run.json") for run in requested.runs}
    return report_page(requested, realised_section(outputs / "monitoring" / "realised.json", hashes))
