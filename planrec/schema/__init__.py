"""The vocabulary: column names with units, and the tables that cross module borders.

Tables inside PlanRec are `Columns`: a dict from column name to an array of shape (n,), so that one row
costs microseconds. DataFrames exist at the border only: `columns_of` and `frame_of` convert.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveInt

from planrec.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, np.ndarray]
"""Column name -> array of shape (n,), every array of one length. Three dtypes, no others:

float64 (numbers; booleans as 0 and 1; NaN is missing), datetime64[s] (dates; NaT is missing) and
object (text: `str`, None is missing).
"""

Kind = Literal["number", "boolean", "text", "date"]


class Config(BaseModel):
    """Base of every config: unknown keys are errors, values never change.

    Fields have no defaults: the default of an option is its YAML file in conf/.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Usage:
    """Columns of a usage history: one row is one subscriber in one calendar month.

    Plain strings, not a StrEnum: scikit-learn rejects column names that are not exactly `str`.
    """

    VOICE_CALLS = "voice_calls"
    "Outgoing calls, count; a missed call (0 minutes) counts."
    VOICE_MINUTES = "voice_minutes"
    "Talk time, minutes, as measured (not rounded up)."
    VOICE_MINUTES_BILLED = "voice_minutes_billed"
    "Talk time, minutes, after the plan's rounding of each call; absent where only totals are known."
    SMS = "sms"
    "Text messages sent, count."
    DATA_MIB = "data_mib"
    "Mobile data, MiB (1 GiB = 1,024 MiB)."
    MEASURED = (VOICE_CALLS, VOICE_MINUTES, SMS, DATA_MIB)
    "What every history has."
    ALL = (VOICE_CALLS, VOICE_MINUTES, VOICE_MINUTES_BILLED, SMS, DATA_MIB)


MAX_USAGE = 1e9
"Largest usage of one month that is accepted, in the column's own unit."

MAX_NUMBER = 1e30
"Largest magnitude of any other number that is accepted: squares and float32 stay finite."

HELD = "held"
"An extra column that models may read: index of the plan held, float64, NaN where unknown."

AS_OF = "as_of"
"An extra column that models over histories may read: the decision instant, datetime64[s]."


def lag(usage: str, months_ago: int) -> str:
    """Name of a lag column: `lag("data_mib", 1)` is the last complete month before the decision."""
    return f"{usage}.{months_ago}"


class InputColumn(Config):
    """One value that a request or a scoring file must give."""

    name: str
    "Name in the request and in the file."
    kind: Kind
    becomes: str
    "Column of `DecisionTable.X` that it fills; differs from `name` where the source mapped usage columns."


class InputSchema(Config):
    """What it takes to ask a run for advice. Stored in run.json; the API builds its requests from it."""

    takes: Literal["attributes", "months"]
    "`attributes`: one value per column; `months`: a usage history of up to `window` months."
    columns: tuple[InputColumn, ...]
    "Attributes, in the order of `DecisionTable.X`."
    usage: tuple[str, ...]
    "`Usage` columns that every month must give; empty where `takes` is attributes."
    window: PositiveInt
    "Months of history that a decision looks at (W)."
    asks_held: bool
    "Whether a request names the plan held and the last advice: targets that advise on bills."


@dataclass(frozen=True)
class RowTable:
    """Any table with one row per decision, checked at the border."""

    columns: Columns
    "Usage of the last month as lag-1 columns, where the source maps them; then attributes."
    label: np.ndarray
    "Shape (n,), object: the plan of each row, as text."
    inputs: tuple[InputColumn, ...]
    "One per entry of `columns`, same order."
    subscriber: np.ndarray | None = None
    "Shape (n,): whose row it is; None where the source has no subscriber."
    as_of: np.ndarray | None = None
    "Shape (n,), datetime64[D]: when the plan was to be chosen; None where the source has no time."
    notes: tuple[str, ...] = ()
    "What the source dropped or doubts, one sentence each, for the screen and the run folder."
    dropped: Columns = field(default_factory=dict)
    "`where` and `reason` of every row that the source left out, text; empty where none was."
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
    "Shape (n,): int64 or object of str; rows of one subscriber stand together."
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
    "`where` and `reason` of every row that the source left out, text; empty where none was."
    segments: Columns = field(default_factory=dict)
    "Groups of the protected columns, text; one entry per month."

    def __post_init__(self) -> None:
        n = len(self.subscriber)
        for name in ("month", "plan_held"):
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
    """One row per (subscriber, as_of): what is known, what may be chosen, what turned out."""

    X: Columns
    "Lag columns `data_mib.1 ... data_mib.W`, then attributes."
    subscriber: np.ndarray
    "Shape (n,). Without an id every row is its own subscriber."
    plans: tuple[str, ...]
    "J plans, or classes where there is no catalogue."
    menu: np.ndarray
    "Shape (n, J), bool: what may be recommended."
    inputs: InputSchema
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
    future_bills: np.ndarray | None = None
    "Shape (n, J), int64, minor units: sum of the rated bills over the H label months."
    switching_cost: np.ndarray | None = None
    "Shape (n, J), int64, minor units: activation + termination fee, 0 for the plan held."
    hidden_bills: np.ndarray | None = None
    "Shape (n, J), float64, minor units: sum of the simulator's true expected bills over the same months."
    minor_units: int = 1
    "Minor units in one of the currency: 100 for dollars, 1 for yen."
    segments: Columns = field(default_factory=dict)
    "Groups of the protected columns, text: for evaluation; never features."
    has_subscribers: bool = True
    "False where every row was made its own subscriber."
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, width = len(self.subscriber), len(self.plans)
        _check_columns("X", self.X, n)
        _check_columns("segments", self.segments, n)
        for name in ("y", "as_of", "held", "last_recommended"):
            _check_length(name, getattr(self, name), n)
        for name in ("menu", "future_bills", "switching_cost", "hidden_bills"):
            array = getattr(self, name)
            if array is not None and array.shape != (n, width):
                raise DataError(f"{name} must have shape {(n, width)}, got {array.shape}")

    def __len__(self) -> int:
        return len(self.subscriber)

    @property
    def labels(self) -> np.ndarray:
        """`y` of a table to learn from or to judge. Raises DataError if it was made for scoring."""
        if self.y is None:
            raise DataError("the decisions must have labels")
        return self.y

    def take(self, rows: np.ndarray) -> Self:
        """The decisions at these positions, in this order."""
        return replace(self, **{f.name: _taken(getattr(self, f.name), rows) for f in fields(self)})

    def fingerprint(self) -> str:
        """sha256 over everything a model learns or is judged from; equal tables, equal fingerprints."""
        digest = hashlib.sha256(repr((self.plans, self.horizon)).encode())
        for f in fields(self):
            value = getattr(self, f.name)
            arrays = value if isinstance(value, dict) else {f.name: value}
            for name, array in arrays.items():
                if isinstance(array, np.ndarray):
                    digest.update(f"{f.name}/{name}/{array.shape}".encode())
                    digest.update(_bytes_of(array))
        return digest.hexdigest()


@dataclass(frozen=True)
class Prediction:
    """What every model yields, shape (n, J) each; None where a model or a table without bills cannot say.

    Quantiles belong to the mean monthly bill over the H label months, in the currency's major unit.
    """

    probability: np.ndarray
    "Over all `plans` (never over one fold's classes), 0 outside the menu, rows sum to 1."
    bill_mean: np.ndarray | None = None
    bill_p10: np.ndarray | None = None
    bill_p90: np.ndarray | None = None
    prob_cheaper: np.ndarray | None = None
    saving_p10: np.ndarray | None = None
    saving_p50: np.ndarray | None = None
    saving_p90: np.ndarray | None = None
    ranks_by_bill: bool = False
    "Whether plans are ranked by `bill_mean`: the model forecasts bills. Else by `probability`."

    def take(self, rows: np.ndarray) -> Self:
        """What is said of the decisions at these positions, in this order."""
        return replace(self, **{name: array[rows] for name, array in self.arrays.items()})

    @property
    def arrays(self) -> dict[str, Any]:
        """The fields that the model could give."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """What several predictions of one model say, one after the other; of fields, those that all have.

        Ensembles keep other members in other folds.
        """
        shared = set.intersection(*(set(part.arrays) for part in parts))
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in shared}
        return cls(**arrays, ranks_by_bill=parts[0].ranks_by_bill)


@dataclass(frozen=True)
class PastBills:
    """What the last months would have cost, for models that correct it."""

    mean: np.ndarray
    "Shape (n, J): mean monthly bill of the re-rated months, the major unit; NaN without a known month."
    held: np.ndarray
    "Shape (n,), int64: index of the plan held, -1 where unknown."
    horizon: int
    "Months that a bill to come is the mean of."


@dataclass(frozen=True)
class Decisions:
    """What to tell each subscriber."""

    recommended: np.ndarray
    "Shape (n,), int64: index of the first recommendation; the plan held for stay; -1 for abstain."
    decision: np.ndarray
    "Shape (n,), object: recommend | stay | abstain."
    reason: np.ndarray
    "Shape (n,), object: reason code of the decision."
    ranking: np.ndarray
    "Shape (n, J), int64: plan indexes, best first; plans outside the menu come last."


class OutOfFold:
    """Columns of the out-of-fold table: one row per decision, repeat and model.

    Plan columns are a prefix and the plan id: `probability@smart`.
    """

    DECISION_ID = "decision_id"
    "Position of the decision in the DecisionTable."
    REPEAT = "repeat"
    FOLD = "fold"
    MODEL = "model"
    "Name of the model's option: `lgbm`, or the baseline's name."
    SUBSCRIBER = "subscriber"
    AS_OF = "as_of"
    HELD = "held"
    Y = "y"
    "Plan id of the label."
    RECOMMENDED = "recommended"
    "Plan id of the first recommendation; missing for abstain."
    DECISION = "decision"
    "recommend | stay | abstain."
    REASON = "reason"
    LAST_RECOMMENDED = "last_recommended"
    "Plan id of the advice before; missing for the first."
    HORIZON = "horizon"
    "Months that the bills are summed over."
    USAGE_DECILE = "usage_decile"
    "1 to 10, by the mean MiB of the window."
    PROBABILITY = "probability@"
    MENU = "menu@"
    BILL = "bill@"
    "Expected mean monthly bill; money in this table is in the currency's major unit."
    P10 = "p10@"
    P90 = "p90@"
    CHEAPER = "cheaper@"
    BELOW = "below@"
    "Probability that the mean monthly bill is lower than the one that came."
    UPTO = "upto@"
    "Probability that it is at most the one that came: more than `below@` where bills pile up."
    FUTURE = "future@"
    "Sum of the realised bills over the horizon."
    SWITCHING = "switching@"
    "One-off cost of moving to the plan; 0 for the plan held."
    HIDDEN = "hidden@"
    "The simulator's true expectation of `future@`."
    SEGMENT = "segment@"


def columns_of(frame: "pd.DataFrame") -> Columns:
    """Turn a DataFrame into `Columns`: numbers and booleans, dates, and text (everything else, as `str`)."""
    return {str(name): array_of(frame.iloc[:, position]) for position, name in enumerate(frame.columns)}


def array_of(series: "pd.Series[Any]") -> np.ndarray:
    """One DataFrame column as an array of one of the three dtypes of `Columns`."""
    if series.dtype.kind in "biuf":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if series.dtype.kind == "M":
        return series.to_numpy(dtype="datetime64[s]")
    text = series.astype(object).to_numpy()
    missing = series.isna().to_numpy()
    return np.array([None if gone else str(value) for value, gone in zip(text, missing, strict=True)], object)


def frame_of(columns: Columns) -> "pd.DataFrame":
    """`Columns` as a DataFrame, for scikit-learn tools that index rows."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(array, dtype=array.dtype) for name, array in columns.items()})


def take_rows(columns: Columns, rows: np.ndarray | slice) -> Columns:
    """The rows at these positions, in this order."""
    return {name: array[rows] for name, array in columns.items()}


def quantised(usage: np.ndarray) -> np.ndarray:
    """Usage as every border lets it in: to the nearest 0.01 of the column's unit, NaN kept, same shape."""
    with np.errstate(over="ignore"):  # 1e308 is refused by whoever knows its row
        return np.round(usage, 2)


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """` (did you mean 'lgbm'?)`, or nothing when no allowed name is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(allowed), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def shown(values: Iterable[object], most: int = 5) -> str:
    """The first few values for an error message, and how many more there are."""
    listed: Sequence[object] = list(values)
    rest = f", and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(repr(value) for value in listed[:most]) + rest


def counted(number: int, noun: str) -> str:
    """`1 row`, `2,500 rows`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


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
