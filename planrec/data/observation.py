"""Observation windows: from the months that a source records to months without gaps.

Sources record usage, so a month inside a subscriber's window without a record is a month of zero usage.
Without such months a model would learn that every subscriber calls every month.

The usage of a month with a dropped row is unknown, not zero. Such a month is left out, and a history has no
gaps, so the subscriber keeps the longest run of known months (the latest of equal runs). A silent month takes
its plan and attributes from the record before it; if that one is unknown, so is the silent month.
"""

from dataclasses import dataclass

import numpy as np

MONTH = "datetime64[M]"


@dataclass(frozen=True)
class Records:
    """The records of a source: at most one entry per subscriber and month, sorted by both."""

    subscriber: np.ndarray
    "Shape (n,), int64: 0, 1, ... k - 1; every subscriber has a record."
    month: np.ndarray
    "Shape (n,), datetime64[M]."
    is_bad: np.ndarray
    "Shape (n,), bool: a row of this month was dropped, so its usage is unknown."

    @property
    def first_month(self) -> np.ndarray:
        """The first recorded month of each subscriber, shape (k,)."""
        return self.month[np.flatnonzero(np.diff(self.subscriber, prepend=-1))]

    @property
    def last_month(self) -> np.ndarray:
        """The last recorded month of each subscriber, shape (k,)."""
        return self.month[np.flatnonzero(np.diff(self.subscriber, append=-1))]


@dataclass(frozen=True)
class Observation:
    """The known months of every subscriber, silent ones included: sorted, without gaps."""

    subscriber: np.ndarray
    "Shape (m,), int64, as in the records."
    month: np.ndarray
    "Shape (m,), datetime64[M]."
    latest: np.ndarray
    "Shape (m,), int64: position of the last record up to this month."
    is_silent: np.ndarray
    "Shape (m,), bool: the month itself has no record."
    n_unknown: int
    "Months left out: unknown, or cut off from the longest run by an unknown month."

    @property
    def notes(self) -> tuple[str, ...]:
        """Numbers of silent months and of months left out, one sentence each."""
        silent = int(self.is_silent.sum())
        return (
            *([f"{silent:,} month(s) without a row count as months of zero usage"] if silent else ()),
            *(
                [
                    f"{self.n_unknown:,} month(s) left out: a history has no gaps, so a subscriber with"
                    " dropped rows keeps the longest run of months without one"
                ]
                if self.n_unknown
                else ()
            ),
        )

    def usage(self, recorded: np.ndarray) -> np.ndarray:
        """Fill the usage of every month, shape (m,): 0 in silent months."""
        return np.where(self.is_silent, 0.0, recorded[self.latest])


def observe(records: Records, first: np.ndarray, last: np.ndarray) -> Observation:
    """Fill the window of each subscriber and leave out months that dropped rows make unknown.

    Args:
        records: the recorded months.
        first: shape (k,), datetime64[M]: first month of each window, not before the first record.
        last: shape (k,), datetime64[M]: last month of each window; one before `first` makes it empty.
    """
    length = np.maximum((last - first).astype(np.int64) + 1, 0)
    subscriber = np.repeat(np.arange(len(first)), length)
    within = np.arange(len(subscriber)) - np.repeat(np.cumsum(length) - length, length)
    month = first[subscriber] + within
    key = _key(subscriber, month)
    recorded_key = _key(records.subscriber, records.month)
    latest = np.searchsorted(recorded_key, key, side="right") - 1
    kept = _longest_run(subscriber, ~records.is_bad[latest])
    return Observation(
        subscriber=subscriber[kept],
        month=month[kept],
        latest=latest[kept],
        is_silent=(recorded_key[latest] != key)[kept],
        n_unknown=len(kept) - int(kept.sum()),
    )


def _key(subscriber: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Make one number that sorts by subscriber, then month; a calendar has fewer than 2^20 months."""
    return (subscriber << 20) + (1 << 19) + month.astype(np.int64)


def _longest_run(subscriber: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Find the months in their subscriber's longest run of known ones, shape (m,), bool."""
    if known.all():
        return known
    begins = np.diff(subscriber, prepend=-1) != 0
    begins[1:] |= known[1:] != known[:-1]
    run = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    length = np.bincount(run) * known[starts]
    owner = subscriber[starts]
    order = np.lexsort((np.arange(len(starts)), length, owner))
    is_last_of_owner = np.diff(owner[order], append=-1) != 0
    chosen = np.zeros(len(starts), bool)
    chosen[order[is_last_of_owner]] = True
    return chosen[run] & known
