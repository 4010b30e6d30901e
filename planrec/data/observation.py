"""Observation windows: from the months that a source records to months without gaps.

Sources record what was used, so a month inside a subscriber's window without a record is a month of zero
usage: whoever leaves it out teaches that everybody always calls.

A month with a dropped row is different: its usage is not zero, it is unknown. It cannot stay, and a history
has no gaps, so the subscriber keeps the longest run of months without one (of equals the latest). A silent
month takes its plan and attributes from the record before it, and is as unknown as that one.
"""

from dataclasses import dataclass

import numpy as np

MONTH = "datetime64[M]"


@dataclass(frozen=True)
class Records:
    """What a source records: at most one entry per subscriber and month, sorted by both."""

    subscriber: np.ndarray
    "Shape (n,), int64: 0, 1, ... k - 1; every subscriber has a record."
    month: np.ndarray
    "Shape (n,), datetime64[M]."
    is_bad: np.ndarray
    "Shape (n,), bool: a row of this month was dropped, so its usage is unknown."

    @property
    def first_month(self) -> np.ndarray:
        """Shape (k,): the first recorded month of each subscriber."""
        return self.month[np.flatnonzero(np.diff(self.subscriber, prepend=-1))]

    @property
    def last_month(self) -> np.ndarray:
        """Shape (k,): the last recorded month of each subscriber."""
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
    "Months left out because a dropped row made them, or a month between them and the longest run, unknown."

    @property
    def notes(self) -> tuple[str, ...]:
        """How many months are silent, and how many are left out."""
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
        """Usage of every month, shape (m,): 0 where the month is silent."""
        return np.where(self.is_silent, 0.0, recorded[self.latest])


def observe(records: Records, first: np.ndarray, last: np.ndarray) -> Observation:
    """Fill each subscriber's window, both ends included, and leave out what dropped rows made unknown.

    `first` and `last`, shape (k,), datetime64[M]; `first` is not before the first record. A window whose
    end is before its start is empty.
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
    """One number that sorts as subscriber, then month: 2^20 months are more than the calendar has."""
    return (subscriber << 20) + (1 << 19) + month.astype(np.int64)


def _longest_run(subscriber: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which months are in their subscriber's longest run of known ones, shape (m,), bool."""
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
