"""`python -m planrec.report RUN|SWEEP ...`: write report.html."""

import argparse
import sys
from pathlib import Path

from planrec.verb import tells_mistakes


@tells_mistakes
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 where a run cannot be read."""
    parser = argparse.ArgumentParser("python -m planrec.report", description="Write one page about runs.")
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="folder of a complete run or of a sweep, or `latest`"
    )
    parser.add_argument("--output", type=_page, default=Path("report.html"), metavar="FILE.html")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where `latest` is looked for")
    options = parser.parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.report.asked import asked_for
    from planrec.report.page import report_page
    from planrec.run_folder import newest_run

    folders = [newest_run(options.outputs) if run == "latest" else Path(run) for run in options.runs]
    page = report_page(asked_for(folders))
    options.output.write_text(page, "utf-8")
    print(f"wrote {options.output}")
    return 0


def _page(name: str) -> Path:
    """A path that can be no file of a run: nothing that hashes cover is ever replaced."""
    if not name.endswith(".html"):
        raise argparse.ArgumentTypeError(f"must end in .html, got {name!r}")
    return Path(name)


if __name__ == "__main__":
    sys.exit(main())
