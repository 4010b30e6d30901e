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
    "Shape (n, W, 3): the latest month first; NaN where unknown."
    month: np.ndarray
    "Shape (n,), float64: as_of in months since 1970; NaN where unknown."
    total: np.ndarray
    "Shape (n, 3): sum of the amounts over the known months."
    minutes: np.ndarray
    "Shape (n,): sum of the talk minutes as measured, over the known months."
    calls: np.ndarray
    "Shape (n,): sum of the calls over the known months."

    @property
    def used(self) -> np.ndarray:
        """Where a service was used, shape (n, W, 3), bool."""
        return self.amount > 0


def summed(by_month: np.ndarray) -> np.ndarray:
    """Sum over the second axis, month by month, so that a row's sum never depends on the other rows."""
    total: np.ndarray = by_month.cumsum(axis=1, dtype=np.float64)[:, -1]
    return total


def months_of(X: Columns) -> Months:
    """The lag columns as arrays. Voice is billed minutes where they are known, else minutes as measured."""
    by_month_read = _read(tuple(X))
    # All at once: calls of numpy take longer than what they do to one subscriber's months.
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
    """The lag columns read, month by month, latest first: those of the three services, minutes, calls."""
    voice = voice_column(given)
    window = 1
    while lag(voice, window + 1) in given:
        window += 1
    names = (voice, Usage.SMS, Usage.DATA_MIB, Usage.VOICE_MINUTES, Usage.VOICE_CALLS)
    return tuple(tuple(lag(name, ago) for name in names) for ago in range(1, window + 1))


def _months_since_1970(instants: np.ndarray) -> np.ndarray:
    """Shape (n,), float64, NaN for NaT."""
    return np.where(np.isnat(instants), np.nan, instants.astype("datetime64[M]").astype(np.float64))


def voice_column(given: Container[str]) -> str:
    """The usage column that stands for voice, where these columns are given."""
    billed = lag(Usage.VOICE_MINUTES_BILLED, 1) in given
    return Usage.VOICE_MINUTES_BILLED if billed else Usage.VOICE_MINUTES
