"""The command line that both cards share: name runs, print their page, or check a page against them."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from planrec.verb import tells_mistakes

Page = Callable[[Sequence[Path]], str]
"""The page of some run folders."""
Check = Callable[[str, Path], int]
"""Compare a page with a file, print what differs, return the exit code."""


@tells_mistakes
def print_card(name: str, page: Page, arguments: Sequence[str] | None, check: Check | None = None) -> int:
    """Print the page of the runs; return the exit code: 0, or 1 where a run cannot be read."""
    parser = _parser(name)
    if check is not None:
        parser.add_argument(
            "--check", type=Path, metavar="FILE", help="print nothing but what FILE says otherwise; 1 if so"
        )
    options = parser.parse_args(arguments)
    # scikit-learn takes a second to import: a wrong option should not wait for it.
    from planrec.run_folder import newest_run

    folders = [newest_run(options.outputs) if run == "latest" else Path(run) for run in options.runs]
    text = page(folders)
    if check is not None and options.check is not None:
        return check(text, options.check)
    print(text, end="")
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    what = name.replace("_", " ")
    parser = argparse.ArgumentParser(f"python -m planrec.{name}", description=f"Print the {what} of runs.")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a complete run, or `latest`")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="where `latest` is looked for")
    return parser
