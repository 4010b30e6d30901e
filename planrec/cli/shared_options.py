"""Options and arguments that several verbs share."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ActionsContainer
from pathlib import Path
from typing import Any

from planrec.cli.completers import completed_by, folders, runs
from planrec.files.outputs_folder import default_outputs

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


def positive(text: str) -> int:
    """Return a whole number that is at least 1.

    >>> positive("20")
    20
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)
