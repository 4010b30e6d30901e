"""The folder of runs: `--outputs`, else the variable PLANREC_OUTPUTS, else outputs/."""

import os
import shlex
from pathlib import Path

OUTPUTS_VARIABLE = "PLANREC_OUTPUTS"


def default_outputs() -> Path:
    """Return the folder of runs if the command line names none."""
    return Path(os.environ.get(OUTPUTS_VARIABLE) or "outputs")


def outputs_words(outputs: Path) -> str:
    """Return what a printed command needs in order to use this folder; empty for the default one.

    >>> f"planrec pin latest{outputs_words(Path('spring runs'))}"
    "planrec pin latest --outputs 'spring runs'"
    """
    return "" if outputs == default_outputs() else f" --outputs {shlex.quote(str(outputs))}"
