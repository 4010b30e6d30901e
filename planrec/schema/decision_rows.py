"""Usage -> decision rows, with the lag columns that training, batch files and the API share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np

from planrec.schema.columns import Columns, Usage, lag, take_rows
from planrec.schema.tables import UsageHistory

_FIRST_ZONE = timezone(timedelta(hours=14))
"The time zone furthest ahead of UTC, in which every month ends first."


@dataclass(frozen=True)
class DecisionRows:
    """The data known at each decision instant of a usage history."""

    columns: Columns
    "Lag columns `data_mib.1 ... data_mib.W` (1 = last complete month; NaN before the observation window;"
    "0 in a silent month), then attributes as of the last complete month."
    last_month: np.ndarray
    "Shape (n,), int64: position in the history of the last complete month."
    as_of: np.ndarray
    "Shape (n,), datetime64[D]: first day after the last complete month."


def decision_rows(history: UsageHistory, as_of: np.ndarray | None, window: int) -> DecisionRows:
    """Read each subscriber's last `window` complete months before each instant.

    Only months before the instant are read.

    Args:
        history: the usage of all subscribers.
        as_of: the decision instants, datetime64[M]; each gives one row per subscriber who was observed in the
            month before. None for an instant after every month of every subscriber.
        window: months to look back.
    """
    next_month = history.month + np.timedelta64(1, "M")
    rows = np.arange(len(history)) if as_of is None else np.flatnonzero(np.isin(next_month, as_of))
    months_before = _position_within_subscriber(history.subscriber)[rows]
    columns = _lag_columns(history.usage, rows, months_before, window)
    columns |= take_rows(history.attributes, rows)
    return DecisionRows(columns, rows, next_month[rows].astype("datetime64[D]"))


def latest_rows(n_months: np.ndarray, month: np.ndarray, usage: Columns, window: int) -> DecisionRows:
    """Read each subscriber's last `window` months up to the last one given, as requests and files give them.

    A month that is missing between two others was silent: its usage is 0.

    Args:
        n_months: number of months of each subscriber, shape (k,), int64.
        month: months since January 1970, shape (m,), int64; those of a subscriber come together and ascend.
        usage: usage columns, shape (m,) each.
        window: months to look back.

    Returns:
        One row per subscriber; `last_month` is the position in `month`.

    Examples:
        >>> rows = latest_rows(np.array([2]), np.array([578, 580]), {"sms": np.array([1.0, 3.0])}, 4)
        >>> {name: column.tolist() for name, column in rows.columns.items()}
        {'sms.1': [3.0], 'sms.2': [0.0], 'sms.3': [1.0], 'sms.4': [nan]}
        >>> rows.as_of
        array(['2018-06-01'], dtype='datetime64[D]')
    """
    after = n_months.cumsum()
    last_row = after - 1
    last = month[last_row]
    length = last - month[after - n_months] + 1
    end = length.cumsum()
    if end[-1] > len(month):
        position = month + np.repeat(end - 1 - last, n_months)
        filled = {name: np.zeros(end[-1]) for name in usage}
        for name, given in usage.items():
            filled[name][position] = given
        usage = filled
    columns = _lag_columns(usage, end - 1, length - 1, window)
    return DecisionRows(columns, last_row, (last + 1).astype("datetime64[M]").astype("datetime64[D]"))


def _lag_columns(usage: Columns, last: np.ndarray, months_before: np.ndarray, window: int) -> Columns:
    """Make lag columns of the months up to given ones: `data_mib.1` is the given month itself.

    Args:
        usage: usage columns, sorted by subscriber and month.
        last: positions of the given months in `usage`, shape (n,), int64.
        months_before: number of known months of the same subscriber before each of them, shape (n,), int64;
            earlier months are NaN.
        window: number of lags.
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
    """Find the usage columns that have lags among given columns, and the names of their latest lags.

    The lags of one usage column come together, latest first, and every usage column has equally many.

    Args:
        given: column names.
        most: highest number of lags per usage column; None for all.

    Examples:
        >>> lags_in(("sms.1", "sms.2", "data_mib.1", "data_mib.2", "age"), most=1)
        (('sms', 'data_mib'), ('sms.1', 'data_mib.1'))
    """
    services = tuple(name for name in Usage.ALL if lag(name, 1) in given)
    reach = 0
    while services and reach != most and lag(services[0], reach + 1) in given:
        reach += 1
    return services, tuple(lag(name, ago) for name in services for ago in range(1, reach + 1))


def known_months(columns: Columns) -> np.ndarray:
    """Count the observed months in each decision's window, shape (n,), int64; 0 in a table without usage.

    Examples:
        >>> known_months({"sms.1": np.array([3.0, 0.0]), "sms.2": np.array([np.nan, 5.0])}).tolist()
        [1, 2]
    """
    services, lags = lags_in(tuple(columns))
    if not services:
        return np.zeros(len(next(iter(columns.values()))), np.int64)
    months = [columns[name] for name in lags[: len(lags) // len(services)]]
    unknown = np.isnan(np.concatenate(months)).reshape(len(months), -1)
    return len(months) - unknown.sum(axis=0)


def _position_within_subscriber(subscriber: np.ndarray) -> np.ndarray:
    """Return 0 for a subscriber's first month, 1 for the second and so on, shape (n,)."""
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
        now: an instant with a time zone; None for the present.

    Examples:
        >>> running_month(datetime.fromisoformat("2026-11-30T09:59:59Z"))
        '2026-11'
        >>> running_month(datetime.fromisoformat("2026-11-30T10:00:00Z"))
        '2026-12'
    """
    there = (now or datetime.now(UTC)).astimezone(_FIRST_ZONE)
    return f"{there.year}-{there.month:02d}"


def month_number(month: str) -> int:
    """Count the months since January 1970, as numpy counts them; its own parser takes ten times as long.

    Examples:
        >>> month_number("1970-03")
        2
    """
    return 12 * (int(month[:4]) - 1970) + int(month[5:]) - 1
