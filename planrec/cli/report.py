"""Write one HTML page about runs, or about the runs of sweeps."""

from argparse import ArgumentParser, Namespace
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
    from planrec.files.hashing import sha256_of_file
    from planrec.monitoring.realised.realised_page import realised_section
    from planrec.reports.page.report_page import report_page
    from planrec.reports.page.requested_runs import read_requested_runs

    requested = read_requested_runs([run_folder(name, options) for name in options.runs])
    hashes = {sha256_of_file(run.folder / "run.json") for run in requested.runs}
    realised = realised_section(options.outputs / "monitoring" / "realised.json", hashes)
    page = report_page(requested, realised)
    write_atomically(options.output, page.encode())
    print(f"wrote {options.output}")
    return 0
