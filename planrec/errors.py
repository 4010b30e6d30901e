"""The exceptions that PlanRec raises, by who must act.

PlanRecError
├── ConfigError      the configuration does not describe a run: change an override or a YAML file
├── PluginError      a plug-in cannot be loaded, or two add the same name: uninstall or switch off one
├── DataError        a file or table breaks a rule of its format: change the data or its options
│   └── RequestError valid requests without an answer, each with its place: change or remove them
├── CatalogueError   a plan catalogue is not valid: change the catalogue file
├── CheckError       a check stopped the run: change the data, or waive the check with a reason
├── SweepError       cells of a sweep failed: read their logs; the others are complete
├── FitError         a model cannot learn from these decisions: change its parameters or the data
├── RunError         a run folder or a pin is missing, incomplete or was changed: choose another run
└── LogError         the decision log cannot be read or written: fix its URL, database or disk

Programming errors raise Python's own exceptions.
"""

from collections.abc import Sequence
from typing import NamedTuple


class PlanRecError(Exception):
    """Base class of all exceptions; catch it only at the edges (command line, API).

    Args:
        message: one sentence: the rule, the value found, and its place.
        problems: all problems, so that one message is enough to fix them; one line each in the text.
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
    """A file or table breaks a rule of its format."""


class Misfit(NamedTuple):
    """The reason for which one request of a call has no answer."""

    request: int
    "Position of the request in the call."
    pointer: str
    "JSON pointer to the value inside the request."
    detail: str


class RequestError(DataError):
    """Requests whose values are valid, but which have no answer.

    Args:
        message: one sentence about all of them.
        misfits: one entry per problem.
    """

    def __init__(self, message: str, misfits: Sequence[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__(message, [misfit.detail for misfit in misfits])


class CatalogueError(PlanRecError):
    """A plan catalogue is not valid."""


class CheckError(PlanRecError):
    """A check of the data or of the folds stopped the run."""


class FitError(PlanRecError):
    """A model could not be fitted, or could not decide; PLANREC_DEBUG=1 shows the traceback."""


class SweepError(PlanRecError):
    """Cells of a sweep failed; the others are complete."""


class RunError(PlanRecError):
    """A run folder or a pin is missing, incomplete or was changed after saving."""


class LogError(PlanRecError):
    """The decision log cannot be read, cannot be written, or holds no such answer."""
