"""The command line that both cards share: read the manifests of runs, print a page."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from planrec.errors import PlanRecError

Page = Callable[[list[dict[str, Any]]], str]


def print_card(name: str, page: Page, arguments: Sequence[str] | None) -> int:
    """Print the page of the runs; return the exit code: 0, or 1 where a run cannot be read."""
    what = name.replace("_", " ")
    parser = argparse.ArgumentParser(f"python -m planrec.{name}", description=f"Print the {what} of runs.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folder of a complete run")
    options = parser.parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.run_folder import read_manifest

    try:
        print(page([read_manifest(run) for run in options.runs]))
    except PlanRecError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
