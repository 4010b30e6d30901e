"""The state of the drift check of one pinned run: `monitoring/HASH/state.json` in the folder of runs.

The file is replaced whole after each check, so a check that was killed is repeated by the next one.
"""

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import read_object
from planrec.files.shared_file import held_alone
from planrec.files.validation_errors import problems_of
from planrec.input_drift.evidence import REFERENCE_DAYS
from planrec.input_drift.streams import Streams
from planrec.schema.config_model import Config

FOLDER = "monitoring"
FILE_NAME = "state.json"
MOST_DAYS = 400
"Judged days that are kept."

DayCounts = tuple[tuple[int, ...], ...]
"Rows of `Streams.count`."
Use = Literal["reference", "judged", "too_few", "left_out"]
"Of a day: one of the reference days, judged by evidence, too few rows for it, or with a hard problem."


class JudgedDay(Config):
    """One day of the log. A day is judged once: rows that arrive later are counted and not judged."""

    day: date
    rows: Annotated[int, Field(ge=0)]
    judged_on: date
    use: Use
    problems: tuple[str, ...] = ()
    "Hard problems, such as a column that is missing."
    evidence: float | None = None
    "Evidence of all streams after the day; None before there are enough reference days."
    expected_cheaper: float | None = None
    "Mean P(cheaper) of the plans recommended: the share that is cheaper if calibration still holds."


class DayOfBills(Config):
    """The advice to move of one day of answers, whose bills came."""

    probability: tuple[float, ...]
    "P(cheaper) of the plan advised."
    was_cheaper: tuple[bool, ...]


class KnownBills(Config):
    """The bills that came until a check."""

    outcomes: tuple[int, str | None]
    "Number of outcomes in the log, and the time of the last one."
    answers: tuple[int, str | None]
    "Number of answers of the run in the log, and the time of the last one."
    days: tuple[DayOfBills, ...]
    "In the order of time."


class DriftState(Config):
    """Everything that a later check needs."""

    schema_: Annotated[Literal["planrec.drift_state/1"], Field(alias="schema")]
    run_json_sha256: str
    streams: tuple[str, ...]
    "Names of the streams."
    reference: Annotated[tuple[DayCounts, ...], Field(max_length=REFERENCE_DAYS)] = ()
    latest: DayCounts | None = None
    "Counts of the last day with rows."
    evidence: tuple[float, ...]
    "Of each stream."
    days: Annotated[tuple[JudgedDay, ...], Field(max_length=MOST_DAYS)] = ()
    "In the order of time."
    bills: KnownBills | None = None
    "They are judged again only if there are new ones."

    @property
    def is_ready(self) -> bool:
        """Whether there are enough reference days to compare others with."""
        return len(self.reference) == REFERENCE_DAYS

    def arrays(self, streams: Streams) -> np.ndarray:
        """Return the counts of the reference days, shape (days, rows, cells)."""
        return np.array(self.reference, np.int64).reshape(-1, *streams.shape)


def new_state(sha256: str, streams: Streams) -> DriftState:
    """Return the state of a run without any judged day."""
    return DriftState.model_validate(
        {
            "schema": "planrec.drift_state/1",
            "run_json_sha256": sha256,
            "streams": streams.names,
            "evidence": (0.0,) * len(streams.names),
        }
    )


def state_file(outputs: Path, sha256: str) -> Path:
    """Return the file of a run's state."""
    return outputs / FOLDER / sha256 / FILE_NAME


def read_state(file: Path, sha256: str, streams: Streams) -> DriftState:
    """Read the state of a run, or a new one if it has no file yet.

    Raises:
        RunError: the file is damaged, or is about another run or profile.
    """
    if not file.is_file():
        return new_state(sha256, streams)
    remedy = f"remove {file}: the days are then judged again from the log"
    try:
        state = DriftState.model_validate(read_object(file))
    except ValidationError as error:
        raise RunError(f"{file} holds no state of this version; {remedy}", problems_of(error)) from error
    except RunError as error:
        raise RunError(f"{error.message}; {remedy}") from error
    rows, cells = streams.shape
    is_of_profile = state.streams == streams.names and len(state.evidence) == len(streams.names)
    days = [*state.reference, *([] if state.latest is None else [state.latest])]
    has_shape = all(len(day) == rows and all(len(row) == cells for row in day) for day in days)
    if state.run_json_sha256 != sha256 or not is_of_profile or not has_shape:
        raise RunError(f"{file} is about another run or another profile; {remedy}")
    return state


def write_state(file: Path, state: DriftState) -> None:
    """Replace the file of a state. Raises RunError."""
    try:
        write_atomically(file, state.model_dump_json(by_alias=True, exclude_defaults=True).encode())
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error


def state_lock(file: Path) -> AbstractContextManager[None]:
    """Hold the lock of a run's state.

    Raises:
        BusyError: another process holds it.
        RunError: the folder cannot be written.
    """
    return held_alone(file.with_name(".lock"), "check of drift")
