"""The tables that cross module borders: rows, usage histories, decisions."""

import hashlib
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from planrec.errors import DataError
from planrec.schema.columns import Columns, InputColumn, InputSchema, take_rows


@dataclass(frozen=True)
class RowTable:
    """Any table with one row per decision, checked at the border."""

    columns: Columns
    "Usage of the last month as lag-1 columns, if the source maps them; then attributes."
    label: np.ndarray
    "Shape (n,), object: the plan of each row, as text."
    inputs: tuple[InputColumn, ...]
    "One per entry of `columns`, same order."
    subscriber: np.ndarray | None = None
    "Shape (n,): the subscriber of each row; None if the source has no subscriber."
    as_of: np.ndarray | None = None
    "Shape (n,), datetime64[D]: when the plan was to be chosen; None if the source has no time."
    notes: tuple[str, ...] = ()
    "Notes of the source about dropped or doubtful data, one sentence each, for terminal and run folder."
    dropped: Columns = field(default_factory=dict)
    "`where` and `reason` of every row that the source left out, text; empty if there was none."
    segments: Columns = field(default_factory=dict)
    "Groups of the protected columns, text; one entry per row."

    def __post_init__(self) -> None:
        _check_columns("columns", self.columns, len(self.label))
        _check_columns("segments", self.segments, len(self.label))
        for name in ("subscriber", "as_of"):
            _check_length(name, getattr(self, name), len(self.label))
        if tuple(self.columns) != tuple(column.becomes for column in self.inputs):
            raise DataError("inputs must describe the columns in their order")


@dataclass(frozen=True)
class UsageHistory:
    """Monthly usage: one row per (subscriber, month), sorted, months of a subscriber without gaps."""

    subscriber: np.ndarray
    "Shape (n,): int64 or object of str; rows of one subscriber are adjacent."
    month: np.ndarray
    "Shape (n,), datetime64[M]."
    plan_held: np.ndarray
    "Shape (n,), int32: index into `plans`."
    plans: tuple[str, ...]
    usage: Columns
    "The `Usage.MEASURED` columns and perhaps VOICE_MINUTES_BILLED, float64, in [0, MAX_USAGE], no NaN."
    attributes: Columns = field(default_factory=dict)
    inputs: tuple[InputColumn, ...] = ()
    "One per entry of `attributes`, same order."
    notes: tuple[str, ...] = ()
    dropped: Columns = field(default_factory=dict)
    "`where` and `reason` of every row that the source left out, text; empty if there was none."
    segments: Columns = field(default_factory=dict)
    "Groups of the protected columns, text; one entry per month."
    commitment_ends: np.ndarray | None = None
    "Shape (n,), datetime64[D]: first day on which leaving the plan held is free, NaT if unknown."

    def __post_init__(self) -> None:
        n = len(self.subscriber)
        for name in ("month", "plan_held", "commitment_ends"):
            _check_length(name, getattr(self, name), n)
        _check_columns("usage", self.usage, n)
        _check_columns("attributes", self.attributes, n)
        _check_columns("segments", self.segments, n)
        same = self.subscriber[1:] == self.subscriber[:-1]
        step = np.diff(self.month).astype(np.int64)
        if (same & (step != 1)).any() or int((~same).sum()) + 1 != len(np.unique(self.subscriber)):
            raise DataError("a usage history must be sorted by subscriber and month, without gaps or repeats")

    def __len__(self) -> int:
        return len(self.subscriber)


@dataclass(frozen=True)
class DecisionTable:
    """One row per (subscriber, as_of): the known columns, the permitted plans and the outcome."""

    X: Columns
    "Lag columns `data_mib.1 ... data_mib.W`, then attributes."
    subscriber: np.ndarray
    "Shape (n,). Without an id every row is its own subscriber."
    plans: tuple[str, ...]
    "J plans, or classes if there is no catalogue."
    menu: np.ndarray
    "Shape (n, J), bool: the plans that may be recommended."
    inputs: InputSchema
    excluded: np.ndarray | None = None
    "Shape (n, J), bool: the plans that the caller took off the menu; None if there are none."
    y: np.ndarray | None = None
    "Shape (n,), int64: index into `plans`; None when scoring."
    as_of: np.ndarray | None = None
    "Shape (n,), datetime64[D]: the decision instant."
    horizon: int = 0
    "Months after as_of that the label looks at."
    held: np.ndarray | None = None
    "Shape (n,), int64: index of the plan held, -1 unknown. None for target=held."
    last_recommended: np.ndarray | None = None
    "Shape (n,), int64: index of the last advice, -1 none."
    commitment_ends: np.ndarray | None = None
    "Shape (n,), datetime64[D]: first day on which leaving the plan held is free, NaT if unknown."
    exit_fee: np.ndarray | None = None
    "Shape (n,), int64, minor units: the fee that counts as due for leaving the plan held."
    assumes_commitment: np.ndarray | None = None
    "Shape (n,), bool: whether the exit fee depends on a commitment whose end is unknown."
    future_bills: np.ndarray | None = None
    "Shape (n, J), int64, minor units: sum of the rated bills over the H label months."
    switching_cost: np.ndarray | None = None
    "Shape (n, J), int64, minor units: activation + exit fee, 0 for the plan held."
    hidden_bills: np.ndarray | None = None
    "Shape (n, J), float64, minor units: sum of the simulator's true expected bills over the same months."
    minor_units: int = 1
    "Minor units in one of the currency: 100 for dollars, 1 for yen."
    segments: Columns = field(default_factory=dict)
    "Groups of the protected columns, text: for evaluation; never features."
    has_subscribers: bool = True
    "False if every row was made its own subscriber."
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, width = len(self.subscriber), len(self.plans)
        _check_columns("X", self.X, n)
        _check_columns("segments", self.segments, n)
        for name in (*_PER_DECISION, *_DERIVED):
            _check_length(name, getattr(self, name), n)
        for name in ("menu", "excluded", "future_bills", "switching_cost", "hidden_bills"):
            array = getattr(self, name)
            if array is not None and array.shape != (n, width):
                raise DataError(f"{name} must have shape {(n, width)}, got {array.shape}")

    def __len__(self) -> int:
        return len(self.subscriber)

    @property
    def labels(self) -> np.ndarray:
        """The labels `y`. Raises DataError if the table was made for scoring."""
        if self.y is None:
            raise DataError("the decisions must have labels")
        return self.y

    def take(self, rows: np.ndarray) -> Self:
        """Return the decisions at these positions, in this order."""
        return replace(self, **{f.name: _taken(getattr(self, f.name), rows) for f in fields(self)})

    def fingerprint(self) -> str:
        """Return the sha256 of all that a model learns or is judged from; equal tables have equal ones."""
        digest = hashlib.sha256(repr((self.plans, self.horizon)).encode())
        for f in fields(self):
            if f.name in _DERIVED:
                continue
            value = getattr(self, f.name)
            arrays = value if isinstance(value, dict) else {f.name: value}
            for name, array in arrays.items():
                if isinstance(array, np.ndarray):
                    digest.update(f"{f.name}/{name}/{array.shape}".encode())
                    digest.update(_bytes_of(array))
        return digest.hexdigest()


_PER_DECISION = ("y", "as_of", "held", "last_recommended", "commitment_ends")
_DERIVED = ("exit_fee", "assumes_commitment")
"Fields that follow from other fields and the catalogue: `switching_cost` contains all that they add."


def _taken(value: Any, rows: np.ndarray) -> Any:
    if isinstance(value, np.ndarray):
        return value[rows]
    return take_rows(value, rows) if isinstance(value, dict) else value


def _bytes_of(array: np.ndarray) -> bytes:
    if array.dtype == object:
        return repr(array.tolist()).encode()
    return np.ascontiguousarray(array).tobytes()


_COLUMN_TYPES = frozenset((np.dtype(np.float64), np.dtype("datetime64[s]"), np.dtype(object)))


def _check_columns(name: str, columns: Columns, n: int) -> None:
    for column, array in columns.items():
        if len(array) == n and array.dtype in _COLUMN_TYPES:
            continue
        _check_length(f"{name}[{column!r}]", array, n)
        raise DataError(f"{name}[{column!r}] must be float64, datetime64[s] or object, got {array.dtype}")


def _check_length(name: str, array: np.ndarray | None, n: int) -> None:
    if array is not None and len(array) != n:
        raise DataError(f"{name} must have {n} rows, got {len(array)}")
