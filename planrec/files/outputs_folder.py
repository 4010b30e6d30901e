"""The folder of runs, and command lines that use it.

The folder is that of `--outputs`, else that of the variable PLANREC_OUTPUTS, else outputs/.
"""

import os
import shlex
from pathlib import Path

OUTPUTS_VARIABLE = "PLANREC_OUTPUTS"


def default_outputs() -> Path:
    """Return the folder of runs if the command line names none."""
    return Path(os.environ.get(OUTPUTS_VARIABLE) or "outputs")


def command_line(*words: object, outputs: Path | None = None) -> str:
    """Return a command of planrec as a shell reads it, with `--outputs` if it is not the default.

    >>> command_line("pin", Path("spring runs/7"), outputs=Path("spring runs"))
    "planrec pin 'spring runs/7' --outputs 'spring runs'"
    """
    flags = [] if outputs in (None, default_outputs()) else ["--outputs", outputs]
    return shlex.join(map(str, ["planrec", *words, *flags]))
