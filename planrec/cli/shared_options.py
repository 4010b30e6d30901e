"""Options and arguments that several verbs share."""

import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, _ActionsContainer
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planrec.cli.completers import completed_by, folders, runs
from planrec.files.outputs_folder import default_outputs

ON_STDOUT = Path("-")

OWN_FILES = (
    *("config.json", "run.json", "sweep.json", "pinned.json", "good_pin.json", "denied.json"),
    "dropped_rows.csv",
)
"Names of JSON and CSV files that PlanRec keeps in the folder of runs."

RUN = "folder of a complete run, the beginning of its id, or `latest`"


def add_outputs(parser: ArgumentParser, meaning: str = "folder in which runs are looked for") -> None:
    """Add `--outputs`; PLANREC_OUTPUTS replaces its default."""
    action = parser.add_argument(
        "--outputs",
        type=Path,
        default=default_outputs(),
        metavar="FOLDER",
        help=f"{meaning}; default: PLANREC_OUTPUTS, else outputs",
    )
    completed_by(action, folders)


def add_run(parser: _ActionsContainer, name: str = "run", meaning: str = RUN, **settings: Any) -> None:
    """Add an argument that names a run, or several; `run_folder` turns each name into a folder."""
    action = parser.add_argument(name, metavar=settings.pop("metavar", "RUN"), help=meaning, **settings)
    completed_by(action, runs)


def run_folder(name: str, options: Namespace) -> Path:
    """Return the folder of a run that is named on the command line. Raises RunError."""
    from planrec.runs.find import named_run

    return named_run(name, options.outputs)


def add_json(parser: ArgumentParser) -> None:
    """Add `--json`, which `show_table` takes."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=ON_STDOUT,
        type=json_file,
        metavar="FILE.json",
        help="print JSON in place of the table; with a file, write it there and print the table",
    )


def add_all(parser: ArgumentParser, meaning: str) -> None:
    """Add `--all`."""
    parser.add_argument("--all", action="store_true", help=meaning)


def json_file(name: str) -> Path:
    """Return the file that gets JSON, or ON_STDOUT.

    >>> json_file("board.json").name
    'board.json'
    """
    path = Path(name)
    is_override = "=" in name  # of planrec train
    if path == ON_STDOUT or (path.suffix == ".json" and path.name not in OWN_FILES and not is_override):
        return path
    raise ArgumentTypeError(
        f"must end in .json and must not be one of PlanRec's own files, got {name!r};"
        " to print JSON, type --json last, or --json=-"
    )


def csv_file(name: str) -> Path:
    """Return the file that gets CSV; none of a run's own files, which hashes cover, is ever replaced.

    >>> csv_file("board.csv").name
    'board.csv'
    """
    path = Path(name)
    if path.suffix != ".csv" or path.name in OWN_FILES:
        raise ArgumentTypeError(f"must end in .csv and must not be one of the run's own files, got {name!r}")
    return path


def html_file(name: str) -> Path:
    """Return the file that gets HTML; no file of a run ends like that.

    >>> html_file("board.html").name
    'board.html'
    """
    if not name.endswith(".html"):
        raise ArgumentTypeError(f"must end in .html, got {name!r}")
    return Path(name)


def show_table(options: Namespace, print_table: Callable[[], None], as_json: Callable[[], str]) -> None:
    """Print a table; with `--json` print JSON in its place, or write it to a file beside it."""
    if options.json == ON_STDOUT:
        print(as_json(), end="")
        return
    print_table()
    if options.json is not None:
        write_text(options.json, as_json(), options)


def write_text(file: Path, text: str, options: Namespace) -> None:
    """Write a file at once, with the folders above it, and say so; on stderr if stdout is for JSON."""
    from planrec.files.atomic_write import write_atomically

    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    print(f"wrote {file}", file=sys.stderr if options.json == ON_STDOUT else sys.stdout)


def positive(text: str) -> int:
    """Return a whole number that is at least 1.

    >>> positive("20")
    20
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)


def add_version(parser: ArgumentParser) -> None:
    """Declare `--version`."""
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")


class _ShowVersion(Action):
    """Prints the version; reading it takes time, so that it is not read before."""

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from planrec import __version__

        print(f"planrec {__version__}")
        parser.exit()
