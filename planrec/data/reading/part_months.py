"""Months of which a subscriber has several rows: parts of it on different plans are added up."""

from dataclasses import dataclass

import numpy as np

from planrec.schema.columns import quantised


@dataclass(frozen=True)
class PartMonths:
    """Rows sorted by subscriber and month, the rows of one month in the order of the file."""

    start: np.ndarray
    "Shape (g,), int64: position of the first row of each month."
    end: np.ndarray
    "Shape (g,), int64: position of its last row, whose plan counts as held."
    is_bad: np.ndarray
    "Shape (m,), bool: rows of a month of which two rows that follow each other have one plan."

    @property
    def n_added(self) -> int:
        """Number of months that are added up from several rows."""
        return int(((self.end > self.start) & ~self.is_bad[self.start]).sum())

    def total(self, values: np.ndarray) -> np.ndarray:
        """Add up the amounts of each month, shape (g,)."""
        return values if len(self.start) == len(values) else quantised(np.add.reduceat(values, self.start))


def part_months(key: np.ndarray, plan: np.ndarray | None) -> PartMonths:
    """Find the months with several rows, and those that cannot be added up.

    Args:
        key: shape (m,), int64, sorted: one number per subscriber and month.
        plan: shape (m,), int: the plan of each row, below 0 if the row has none; None if no row has one.

    Examples:
        >>> months = part_months(np.array([1, 1, 2, 3, 3]), np.array([0, 1, 0, 0, 0]))
        >>> months.end, months.n_added, months.is_bad
        (array([1, 2, 4]), 1, array([False, False, False,  True,  True]))
    """
    is_same = np.diff(key) == 0
    start = np.flatnonzero(np.concatenate([[True], ~is_same])) if len(key) else np.zeros(0, np.int64)
    end = np.append(start[1:], len(key)) - 1 if len(key) else start
    stays = is_same if plan is None else is_same & ((np.diff(plan) == 0) | _is_unknown(plan))
    month = np.repeat(np.arange(len(start)), end - start + 1)
    is_bad = np.zeros(len(start), bool)
    is_bad[month[1:][stays]] = True
    return PartMonths(start, end, is_bad[month])


def _is_unknown(plan: np.ndarray) -> np.ndarray:
    return (plan[1:] < 0) | (plan[:-1] < 0)


def added_note(n_added: int) -> str:
    """Say how many months were added up.

    Examples:
        >>> added_note(1)
        '1 month(s) have rows on several plans: usage is added up, the last row names the plan held'
    """
    several = f"{n_added:,} month(s) have rows on several plans"
    return f"{several}: usage is added up, the last row names the plan held"
