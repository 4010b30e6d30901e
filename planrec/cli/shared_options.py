"""Options and arguments that several verbs share."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from planrec.files.outputs_folder import default_outputs

RUN = "folder of a complete run, the beginning of its id, or `latest`"


def add_outputs(parser: ArgumentParser, meaning: str = "folder in which runs are looked for") -> None:
    """Add `--outputs`; PLANREC_OUTPUTS replaces its default."""
    parser.add_argument(
        "--outputs",
        type=Path,
        default=default_outputs(),
        metavar="FOLDER",
        help=f"{meaning}; default: PLANREC_OUTPUTS, else outputs",
    )


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
