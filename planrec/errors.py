"""Everything PlanRec raises on purpose.

PlanRecError
├── ConfigError      the composed configuration is not a run: change an override or a YAML
├── PluginError      a plug-in cannot be loaded, or two add the same name: uninstall or switch off one
├── DataError        a file or table does not hold what was agreed: change the data or its options
│   └── RequestError requests that have no answer, each by its place: change them, or leave them out
├── CatalogueError   a plan catalogue is not valid: change the catalogue file
├── CheckError       a check stopped the run: change the data or waive the check, with a reason
├── SweepError       cells of a sweep failed: their logs say why; the others are complete
├── FitError         a model cannot learn from these decisions: change its parameters or the data
├── RunError         a run folder or a pin is missing, incomplete or was changed: choose another run
└── LogError         the decision log cannot be read or written: mend its URL, its database or its disk

Wrong code raises whatever Python raises.
"""

from collections.abc import Sequence
from typing import NamedTuple


class PlanRecError(Exception):
    """Base class: catch this at the edges (command line, API), never in the middle.

    `problems` lists every offender, so that one look at the message is enough to mend all of them.
    """

    exit_code = 1

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.message = message
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  - {problem}" for problem in self.problems)]))


class ConfigError(PlanRecError):
    """The composed configuration does not describe a run."""

    exit_code = 2


class PluginError(PlanRecError):
    """A plug-in cannot be loaded, or two of them add the same name."""

    exit_code = 2


class DataError(PlanRecError):
    """A file or table does not hold what was agreed on."""


class Misfit(NamedTuple):
    """What keeps one request of a call from an answer."""

    request: int
    "Its position in the call."
    pointer: str
    "JSON pointer inside the request."
    detail: str


class RequestError(DataError):
    """Requests whose values are all possible, but for which there is no answer."""

    def __init__(self, message: str, misfits: Sequence[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__(message, [misfit.detail for misfit in misfits])


class CatalogueError(PlanRecError):
    """A plan catalogue is not valid."""


class CheckError(PlanRecError):
    """A check of the data or of the folds stopped the run."""


class FitError(PlanRecError):
    """A model could not be fitted, or could not decide; PLANREC_DEBUG=1 shows where."""


class SweepError(PlanRecError):
    """Cells of a sweep failed; the others are complete."""


class RunError(PlanRecError):
    """A run folder or a pin is missing, incomplete or was changed after saving."""


class LogError(PlanRecError):
    """The decision log cannot be read, cannot be written, or holds no such answer."""
