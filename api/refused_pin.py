"""A pin that the server cannot serve."""

import re
from pathlib import Path
from typing import NamedTuple, Self

from planrec.errors import PlanRecError, RunError
from planrec.serving.pin import read_pin


class RefusedPin(NamedTuple):
    """A newer pin that is not served, and the reason."""

    reason: str
    "Without the folders of this machine."
    run_json_sha256: str
    "Hash of the pinned run; empty if the pin is not readable."

    @classmethod
    def of(cls, error: Exception, outputs: Path) -> Self:
        """Return the pin in a folder, which this error refused."""
        try:
            sha256 = read_pin(outputs).run_json_sha256
        except (RunError, OSError):
            sha256 = ""
        return cls(_public(error), sha256)


def _public(error: Exception) -> str:
    """Return the text of an error without the folders of this machine."""
    if not isinstance(error, PlanRecError):
        return "the pinned run cannot be served; see the server's log"
    return re.sub(r"/\S*/", ".../", str(error))
