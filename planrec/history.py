"""Usage history -> decision rows: the same function for training, batch and API."""

from dataclasses import dataclass

import numpy as np

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


def _position_within_subscriber(subscriber: np.ndarray) -> np.ndarray:
    """Shape (n,): 0 for a subscriber's first month, 1 for the second ..."""
    position = np.arange(len(subscriber))
    is_first = np.ones(len(subscriber), bool)
    is_first[1:] = subscriber[1:] != subscriber[:-1]
    return position - np.maximum.accumulate(np.where(is_first, position, 0))


def _months_back(usage: np.ndarray, rows: np.ndarray, months_known: np.ndarray, back: int) -> np.ndarray:
    values = usage[np.maximum(rows - back, 0)]
    return np.where(months_known >= back, values, np.nan)
