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
├── BusyError        another process is already running this command: wait for its end
├── RunError         a run folder or a pin is missing, incomplete or was changed: choose another run
├── TrackingError    the tracking server is down, slow or full: send the runs later
└── LogError         the decision log cannot be read or written: fix its URL, database or disk

Programming errors raise Python's own exceptions.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

MOST_LINE = 2_000
"Characters of one line of a message."
MOST_WORD = 400
"Characters of a word in a message: names and values of a hostile file may have millions."
_LONG_WORD = re.compile(rf"\S{{{MOST_WORD},}}")


def shortened(text: str) -> str:
    """Return a message whose long words and lines are cut; the number of their characters is given instead.

    >>> shortened("no column " + "x" * 1000)[:20], shortened("no column " + "x" * 1000)[-22:]
    ('no column xxxxxxxxxx', '... (1,000 characters)')
    """
    words = _LONG_WORD.sub(lambda word: _cut(word[0], MOST_WORD // 4), text)
    return "\n".join(_cut(line, MOST_LINE) if len(line) > MOST_LINE else line for line in words.split("\n"))


def _cut(text: str, kept: int) -> str:
    return f"{text[:kept]}... ({len(text):,} characters)"


class PlanRecError(Exception):
    """Base class of all exceptions; catch it only at the edges (command line, API).

    Args:
        message: one sentence: the rule, the value found, and its place.
        problems: all problems, so that one message is enough to fix them; one line each in the text.
    """

    exit_code = 1

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.message = shortened(message)
        self.problems = tuple(map(shortened, problems))
        super().__init__("\n".join([self.message, *(f"  - {problem}" for problem in self.problems)]))


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
        self.misfits = tuple(map(_shortened_misfit, misfits))
        super().__init__(message, [misfit.detail for misfit in misfits])


def _shortened_misfit(misfit: Misfit) -> Misfit:
    return misfit._replace(pointer=shortened(misfit.pointer), detail=shortened(misfit.detail))


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


class BusyError(PlanRecError):
    """Another process is already running this command, and only one may."""

    exit_code = 3


class TrackingError(PlanRecError):
    """The tracking server did not take a run; the run itself is complete."""


class LogError(PlanRecError):
    """The decision log cannot be read, cannot be written, or holds no such answer."""
