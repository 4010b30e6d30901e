"""The known months of subscribers as arrays.

The last axis of three holds voice, SMS and data, in the units of their `Usage` columns.
"""

from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planrec.schema.columns import AS_OF, Columns, Usage, lag

N_SERVICES = 3
IDENTITY = np.eye(N_SERVICES)


@dataclass(frozen=True)
class Months:
    """The known months of n subscribers."""

    amount: np.ndarray
    "Shape (n, W, 3): the latest month first; NaN if unknown."
    month: np.ndarray
    "Shape (n,), float64: as_of in months since 1970; NaN if unknown."
    total: np.ndarray
    "Shape (n, 3): sum of the amounts over the known months."
    minutes: np.ndarray
    "Shape (n,): sum of the talk minutes as measured, over the known months."
    calls: np.ndarray
    "Shape (n,): sum of the calls over the known months."

    @property
    def used(self) -> np.ndarray:
        """Whether a service was used, shape (n, W, 3), bool."""
        return self.amount > 0


def summed(by_month: np.ndarray) -> np.ndarray:
    """Sum over the second axis, month by month, so that a row's sum never depends on the other rows.

    Examples:
        >>> summed(np.array([[1.0, 2.0, 4.0]])).tolist()
        [7.0]
    """
    total: np.ndarray = by_month.cumsum(axis=1, dtype=np.float64)[:, -1]
    return total


def months_of(X: Columns) -> Months:
    """Read the lag columns as arrays; voice is billed minutes if there are any, else measured minutes."""
    by_month_read = _read(tuple(X))
    # All at once: on one subscriber's months, a call of numpy takes longer than its work.
    usage = np.array([[X[name] for name in month] for month in by_month_read])
    by_month = usage.transpose(2, 0, 1)
    n = len(by_month)
    total = summed(np.where(np.isnan(by_month), 0.0, by_month))
    as_of = X.get(AS_OF)
    month = np.full(n, np.nan) if as_of is None else _months_since_1970(as_of)
    amount = np.ascontiguousarray(by_month[..., :N_SERVICES])
    return Months(amount, month, total[:, :N_SERVICES], *total[:, N_SERVICES:].T)


@lru_cache(maxsize=64)
def _read(given: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the lag columns to read, month by month, latest first: three services, minutes, calls."""
    voice = voice_column(given)
    window = 1
    while lag(voice, window + 1) in given:
        window += 1
    names = (voice, Usage.SMS, Usage.DATA_MIB, Usage.VOICE_MINUTES, Usage.VOICE_CALLS)
    return tuple(tuple(lag(name, ago) for name in names) for ago in range(1, window + 1))


def _months_since_1970(instants: np.ndarray) -> np.ndarray:
    """Convert to months since 1970, shape (n,), float64; NaN for NaT."""
    return np.where(np.isnat(instants), np.nan, instants.astype("datetime64[M]").astype(np.float64))


def voice_column(given: Container[str]) -> str:
    """Return the usage column for voice among the given lag columns.

    Examples:
        >>> voice_column(["voice_minutes.1"])
        'voice_minutes'
    """
    billed = lag(Usage.VOICE_MINUTES_BILLED, 1) in given
    return Usage.VOICE_MINUTES_BILLED if billed else Usage.VOICE_MINUTES
