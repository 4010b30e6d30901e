"""The known months of subscribers as arrays.

The last axis of three holds voice, SMS and data, in the units of their `Usage` columns.
"""

from dataclasses import dataclass

import numpy as np

from planrec.schema import AS_OF, Columns, Usage, lag

N_SERVICES = 3


@dataclass(frozen=True)
class Months:
    """The known months of n subscribers."""

    amount: np.ndarray
    "Shape (n, W, 3): the latest month first; NaN where unknown."
    month: np.ndarray
    "Shape (n,), float64: as_of in months since 1970; NaN where unknown."
    minutes: np.ndarray
    "Shape (n,): sum of the talk minutes as measured, over the known months."
    calls: np.ndarray
    "Shape (n,): sum of the calls over the known months."

    @property
    def used(self) -> np.ndarray:
        """Where a service was used, shape (n, W, 3), bool."""
        return self.amount > 0

    @property
    def total(self) -> np.ndarray:
        """Sum over the known months, shape (n, 3)."""
        return summed(np.nan_to_num(self.amount))


def summed(by_month: np.ndarray) -> np.ndarray:
    """Sum over the second axis, month by month, so that a row's sum never depends on the other rows."""
    total = np.zeros_like(by_month[:, 0], dtype=np.float64)
    for month in range(by_month.shape[1]):
        total += by_month[:, month]
    return total


def months_of(X: Columns) -> Months:
    """The lag columns as arrays. Voice is billed minutes where they are known, else minutes as measured."""
    voice = voice_column(X)
    n = len(X[lag(voice, 1)])
    window = 1
    while lag(voice, window + 1) in X:
        window += 1

    def stacked(name: str) -> np.ndarray:
        return np.stack([X[lag(name, ago)] for ago in range(1, window + 1)], axis=1)

    as_of = X.get(AS_OF, np.full(n, "NaT", "datetime64[s]"))
    month = np.where(np.isnat(as_of), np.nan, as_of.astype("datetime64[M]").astype(np.float64))
    return Months(
        np.stack([stacked(name) for name in (voice, Usage.SMS, Usage.DATA_MIB)], axis=2),
        month,
        summed(np.nan_to_num(stacked(Usage.VOICE_MINUTES))),
        summed(np.nan_to_num(stacked(Usage.VOICE_CALLS))),
    )


def voice_column(X: Columns) -> str:
    """The usage column that stands for voice."""
    billed = lag(Usage.VOICE_MINUTES_BILLED, 1) in X
    return Usage.VOICE_MINUTES_BILLED if billed else Usage.VOICE_MINUTES
