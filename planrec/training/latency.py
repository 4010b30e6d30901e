"""Latency of a recommender, sampled in a tenth of a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from time import perf_counter

import numpy as np

from planrec.recommending.recommender import Recommender
from planrec.schema.tables import DecisionTable

MOST_SECONDS = 0.07
"Spent on single rows; the batch takes half of it."
MOST_ROWS = 200
"Most single rows that are timed."


@dataclass(frozen=True)
class Speed:
    """Wall times of `Recommender.recommend`, from a decision table to decisions, on one thread.

    It is a guide for a leaderboard, not a benchmark: other programs may run while it is sampled.
    """

    one_row_p50_ms: float
    one_row_p99_ms: float
    "The slowest row if fewer than 100 were timed."
    rows_per_second: float
    "Of one batch."


def speed_of(recommender: Recommender, table: DecisionTable) -> Speed:
    """Time some single rows, each a different one, then a batch that fits the remaining time."""
    rows = np.linspace(0, len(table) - 1, MOST_ROWS).astype(np.int64)
    taken = sorted(_one_by_one(recommender, table, rows))
    n = int(np.clip(MOST_SECONDS / 2 / taken[len(taken) // 2], MOST_ROWS, 10 * MOST_ROWS))
    batch = table.take(np.array(list(islice(cycle(range(len(table))), n))))
    seconds = _seconds(recommender, batch)
    p50, p99 = np.percentile(taken, [50, 99], method="higher")
    return Speed(1e3 * float(p50), 1e3 * float(p99), n / seconds)


def _one_by_one(recommender: Recommender, table: DecisionTable, rows: np.ndarray) -> Iterator[float]:
    """Yield the seconds of each row, after a first row that loads lazily loaded modules."""
    _seconds(recommender, table.take(rows[:1]))
    start = perf_counter()
    for row in rows:
        yield _seconds(recommender, table.take(np.array([row])))
        if perf_counter() - start > MOST_SECONDS:
            return


def _seconds(recommender: Recommender, table: DecisionTable) -> float:
    start = perf_counter()
    recommender.recommend(table)
    return perf_counter() - start
