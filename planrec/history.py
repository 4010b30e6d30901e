"""Usage history -> decision rows: the same function for training, batch and API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np

from planrec.schema import Columns, Usage, UsageHistory, lag, take_rows

_FIRST_ZONE = timezone(timedelta(hours=14))
"Its clocks are furthest ahead of UTC: no month is over anywhere before it is over here."


@dataclass(frozen=True)
class DecisionRows:
    """What is known at each decision instant of a usage history."""

    columns: Columns
    "Lag columns `data_mib.1 ... data_mib.W` (1 = last complete month; NaN before the observation window;"
    "0 in a silent month), then attributes as of the last complete month."
    last_month: np.ndarray
    "Shape (n,), int64: position in the history of the last complete month."
    as_of: np.ndarray
    "Shape (n,), datetime64[D]: first day after the last complete month."


def decision_rows(history: UsageHistory, as_of: np.ndarray | None, window: int) -> DecisionRows:
    """Look at each subscriber's last `window` complete months before each instant.

    `as_of`, datetime64[M]: the instants, for every subscriber who was observed in the month before; None
    means after each month of each subscriber. Only months before the instant are read.
    """
    next_month = history.month + np.timedelta64(1, "M")
    rows = np.arange(len(history)) if as_of is None else np.flatnonzero(np.isin(next_month, as_of))
    months_before = _position_within_subscriber(history.subscriber)[rows]
    columns = lag_columns(history.usage, rows, months_before, window)
    columns |= take_rows(history.attributes, rows)
    return DecisionRows(columns, rows, next_month[rows].astype("datetime64[D]"))


def lag_columns(usage: Columns, last: np.ndarray, months_before: np.ndarray, window: int) -> Columns:
    """The months up to one, as columns: `data_mib.1` is the month itself.

    `last` are positions in `usage`, `months_before` how many known months stand before each of them; shape
    (n,), int64. What lies further back is NaN.
    """
    back = np.arange(window)[:, np.newaxis]
    position = np.maximum(last - back, 0)
    unknown = months_before < back
    columns: Columns = {}
    for name in Usage.ALL:
        if name in usage:
            months = usage[name][position]
            months[unknown] = np.nan
            columns |= zip(_lag_names(name, window), months, strict=True)
    return columns


@lru_cache(maxsize=64)
def lags_in(given: tuple[str, ...], most: int | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The usage columns that have lags among the columns given, and these lags: the latest, `most` at most.

    The lags of one usage column stand together, latest first, and there are equally many of each.
    """
    services = tuple(name for name in Usage.ALL if lag(name, 1) in given)
    reach = 0
    while services and reach != most and lag(services[0], reach + 1) in given:
        reach += 1
    return services, tuple(lag(name, ago) for name in services for ago in range(1, reach + 1))


def known_months(columns: Columns) -> np.ndarray:
    """Months of a decision's window that were observed, shape (n,), int64; 0 in a table without usage."""
    services, lags = lags_in(tuple(columns))
    if not services:
        return np.zeros(len(next(iter(columns.values()))), np.int64)
    months = [columns[name] for name in lags[: len(lags) // len(services)]]
    unknown = np.isnan(np.concatenate(months)).reshape(len(months), -1)
    return len(months) - unknown.sum(axis=0)


def _position_within_subscriber(subscriber: np.ndarray) -> np.ndarray:
    """Shape (n,): 0 for a subscriber's first month, 1 for the second ..."""
    position = np.arange(len(subscriber))
    is_first = np.ones(len(subscriber), bool)
    is_first[1:] = subscriber[1:] != subscriber[:-1]
    return position - np.maximum.accumulate(np.where(is_first, position, 0))


@lru_cache(maxsize=64)
def _lag_names(usage: str, window: int) -> tuple[str, ...]:
    return tuple(lag(usage, ago) for ago in range(1, window + 1))


def running_month(now: datetime | None = None) -> str:
    """Return the first month that is not over yet. A month is over once it is over at UTC+14.

    Args:
        now: an instant with a time zone; None means the present.

    >>> running_month(datetime.fromisoformat("2026-11-30T09:59:59Z"))
    '2026-11'
    >>> running_month(datetime.fromisoformat("2026-11-30T10:00:00Z"))
    '2026-12'
    """
    there = (now or datetime.now(UTC)).astimezone(_FIRST_ZONE)
    return f"{there.year}-{there.month:02d}"
