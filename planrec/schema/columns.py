"""Column names with units, and columns as arrays.

Tables inside PlanRec are `Columns`: a dict from column name to an array of shape (n,), so that one row
costs microseconds. DataFrames exist at the border only: `columns_of` and `frame_of` convert.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import PositiveInt

from planrec.schema.config_model import Config

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, np.ndarray]
"""Column name -> array of shape (n,), every array of one length. Three dtypes, no others:

float64 (numbers; booleans as 0 and 1; NaN is missing), datetime64[s] (dates; NaT is missing) and
object (text: `str`, None is missing).
"""

Kind = Literal["number", "boolean", "text", "date"]


class Usage:
    """Columns of a usage history: one row is one subscriber in one calendar month.

    Plain strings, not a StrEnum: scikit-learn rejects column names that are not exactly `str`.
    """

    VOICE_CALLS = "voice_calls"
    "Outgoing calls, count; a missed call (0 minutes) counts."
    VOICE_MINUTES = "voice_minutes"
    "Talk time, minutes, as measured (not rounded up)."
    VOICE_MINUTES_BILLED = "voice_minutes_billed"
    "Talk time, minutes, after the plan's rounding of each call; absent if only totals are known."
    SMS = "sms"
    "Text messages sent, count."
    DATA_MIB = "data_mib"
    "Mobile data, MiB (1 GiB = 1,024 MiB)."
    MEASURED = (VOICE_CALLS, VOICE_MINUTES, SMS, DATA_MIB)
    "The columns that every history has."
    ALL = (VOICE_CALLS, VOICE_MINUTES, VOICE_MINUTES_BILLED, SMS, DATA_MIB)


USAGE_COVERS = (
    "domestic, chargeable usage: the calls, messages and data that a plan's allowances and prices apply to,"
    " without roaming, calls abroad, premium numbers and zero-rated data"
)
"The usage that the columns of a history must contain, in one phrase for messages and schemas."

MAX_USAGE = 1e9
"Largest usage of one month that is accepted, in the column's own unit."

MAX_NUMBER = 1e30
"Largest magnitude of any other number that is accepted: squares and float32 stay finite."

HELD = "held"
"An extra column that models may read: index of the plan held, float64, NaN if unknown."

EXIT_FEE = "exit_fee"
"An extra column that models over histories may read: `DecisionTable.exit_fee`, float64."

AS_OF = "as_of"
"An extra column that models over histories may read: the decision instant, datetime64[s]."


def lag(usage: str, months_ago: int) -> str:
    """Return the name of a lag column; 1 is the last complete month before the decision.

    >>> lag("data_mib", 1)
    'data_mib.1'
    """
    return f"{usage}.{months_ago}"


class InputColumn(Config):
    """One value that a request or a scoring file must give."""

    name: str
    "Name in the request and in the file."
    kind: Kind
    becomes: str
    "Column of `DecisionTable.X` that it fills; differs from `name` if the source mapped usage columns."


class InputSchema(Config):
    """The inputs that a run needs to give advice. Stored in run.json; the API builds its requests from it."""

    takes: Literal["attributes", "months"]
    "`attributes`: one value per column; `months`: a usage history of up to `window` months."
    columns: tuple[InputColumn, ...]
    "Attributes, in the order of `DecisionTable.X`."
    usage: tuple[str, ...]
    "`Usage` columns that every month must give; empty if `takes` is attributes."
    window: PositiveInt
    "Months of history that a decision looks at (W)."
    asks_held: bool
    "Whether a request names the plan held and the last advice: targets that advise on bills."


def columns_of(frame: "pd.DataFrame") -> Columns:
    """Convert a DataFrame: numbers and booleans, dates, and text (everything else, as `str`)."""
    return {str(name): array_of(frame.iloc[:, position]) for position, name in enumerate(frame.columns)}


def array_of(series: "pd.Series[Any]") -> np.ndarray:
    """Convert one DataFrame column to an array of one of the three dtypes of `Columns`."""
    if series.dtype.kind in "biuf":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if series.dtype.kind == "M":
        return series.to_numpy(dtype="datetime64[s]")
    text = series.astype(object).to_numpy()
    missing = series.isna().to_numpy()
    return np.array([None if gone else str(value) for value, gone in zip(text, missing, strict=True)], object)


def frame_of(columns: Columns) -> "pd.DataFrame":
    """Convert `Columns` to a DataFrame, for scikit-learn tools that index rows."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(array, dtype=array.dtype) for name, array in columns.items()})


def take_rows(columns: Columns, rows: np.ndarray | slice) -> Columns:
    """Return the rows at these positions, in this order."""
    return {name: array[rows] for name, array in columns.items()}


def quantised(usage: np.ndarray) -> np.ndarray:
    """Round usage to the nearest 0.01 of the column's unit, as every border does; NaN and shape are kept.

    >>> quantised(np.array([1.005, 2.0, 0.126]))
    array([1.  , 2.  , 0.13])
    """
    with np.errstate(over="ignore"):  # the caller knows the row, and refuses values such as 1e308
        return np.round(usage, 2)
