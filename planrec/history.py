"""Usage history -> decision rows: the same function for training, batch and API."""

from dataclasses import dataclass

import numpy as np

from planrec.catalogue import Catalogue, rate
from planrec.schema import Columns, Usage, UsageHistory, lag, take_rows


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
    months_known = _position_within_subscriber(history.subscriber)[rows]
    columns = {
        lag(usage, ago): _months_back(history.usage[usage], rows, months_known, ago - 1)
        for usage in Usage.ALL
        if usage in history.usage
        for ago in range(1, window + 1)
    }
    columns |= take_rows(history.attributes, rows)
    return DecisionRows(columns, rows, next_month[rows].astype("datetime64[D]"))


def known_months(columns: Columns) -> np.ndarray:
    """Months of a decision's window that were observed, shape (n,), int64; 0 in a table without usage."""
    usage = next((name for name in Usage.MEASURED if lag(name, 1) in columns), None)
    if usage is None:
        return np.zeros(len(next(iter(columns.values()))), np.int64)
    known = [~np.isnan(columns[lag(usage, ago)]) for ago in _lags(columns, usage)]
    return np.stack(known, axis=1).sum(axis=1)


def rerated_bills(columns: Columns, catalogue: Catalogue, window: int) -> np.ndarray:
    """What each of the last months would have cost on every plan.

    Shape (n, w, J), float64, the currency's major unit; w is `window`, or the months that the lag columns
    reach back where those are fewer. The latest month comes first; NaN before the observation window.
    """
    lags = _lags(columns, Usage.DATA_MIB)[:window]
    usage = {
        name: np.stack([columns[lag(name, ago)] for ago in lags], axis=1).ravel()
        for name in Usage.ALL
        if lag(name, 1) in columns
    }
    unknown = np.isnan(np.stack(list(usage.values()))).any(axis=0)
    minor = rate({name: np.where(unknown, 0.0, array) for name, array in usage.items()}, catalogue)
    bills = np.where(unknown[:, None], np.nan, minor / 10**catalogue.exponent)
    return bills.reshape(-1, len(lags), len(catalogue.plans))


def mean_bills(bills: np.ndarray) -> np.ndarray:
    """Mean over the known months of `rerated_bills`: shape (n, J); NaN where no month is known.

    The sum runs month by month, so that a row's mean never depends on how many rows there are.
    """
    total = np.zeros((len(bills), bills.shape[2]))
    known = np.zeros((len(bills), 1))
    for month in range(bills.shape[1]):
        observed = ~np.isnan(bills[:, month])
        total += np.where(observed, bills[:, month], 0.0)
        known += observed[:, :1]
    return np.where(known > 0, total / np.maximum(known, 1), np.nan)


def _lags(columns: Columns, usage: str) -> list[int]:
    """The lags 1, 2 ... that the columns hold of a usage column."""
    reach = 1
    while lag(usage, reach + 1) in columns:
        reach += 1
    return list(range(1, reach + 1))


def _position_within_subscriber(subscriber: np.ndarray) -> np.ndarray:
    """Shape (n,): 0 for a subscriber's first month, 1 for the second ..."""
    position = np.arange(len(subscriber))
    is_first = np.ones(len(subscriber), bool)
    is_first[1:] = subscriber[1:] != subscriber[:-1]
    return position - np.maximum.accumulate(np.where(is_first, position, 0))


def _months_back(usage: np.ndarray, rows: np.ndarray, months_known: np.ndarray, back: int) -> np.ndarray:
    values = usage[np.maximum(rows - back, 0)]
    return np.where(months_known >= back, values, np.nan)
