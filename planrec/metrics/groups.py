"""Metrics by group of the protected columns, and the gaps between groups.

A gap is the largest value minus the smallest over the groups with at least FEWEST decisions, one gap per
column. It is never negative, so noise alone makes it positive: read it with its interval.
"""

from collections.abc import Callable, Sequence

import numpy as np

from planrec.metrics.judged_rows import JudgedRows, Segment, required
from planrec.metrics.money import harmed

FEWEST = 100
"Gaps ignore groups with fewer decisions."
MOST_AT_ONCE = 96
"Up to this many cells one dense product sums all of them, reading the weights once; else one sum per value."

Cells = tuple[np.ndarray, int]
"""The cell of each row, shape (n,), negative for rows without one; and the number of cells."""


def regret_by_group(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean of C_r - C_j* in each group, currency per month, shape (groups, B)."""
    return _means(judged, weights, required(judged.costs).regret)


def savings_captured_by_group(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute sum(C_k - C_r) / sum(C_k - C_j*) in each group, (groups, B); NaN if nothing can be saved."""
    costs = required(judged.costs)
    return _ratio(*_sums(judged, weights, costs.of_held - costs.of_advised, costs.of_held - costs.least))


def harm_rate_by_group(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of each group's decisions that advise a switch with C_r > C_k + 0.50, (groups, B)."""
    return _means(judged, weights, harmed(judged))


def error_rate_by_group(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of each group's decisions whose first recommendation is wrong, shape (groups, B)."""
    return _means(judged, weights, judged.recommended != judged.y)


def selection_rate_by_group(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of each group's decisions that recommend each plan, shape (groups * J, B)."""
    rates = _selections(judged, weights)
    return np.concatenate([of_column.reshape(-1, weights.shape[1]) for of_column in rates])


def regret_gap(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the extra regret of the worst group over the best, currency per month, shape (columns, B)."""
    return _gaps(judged, regret_by_group(judged, weights))


def harm_gap(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the harm rate of the worst group minus that of the best, shape (columns, B)."""
    return _gaps(judged, harm_rate_by_group(judged, weights))


def error_gap(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the error rate of the worst group minus that of the best, shape (columns, B)."""
    return _gaps(judged, error_rate_by_group(judged, weights))


def selection_gap(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the largest difference between groups in the selection rate of a plan, shape (columns, B)."""
    rates = zip(_segments(judged), _selections(judged, weights), strict=True)
    return np.stack([_spread(of_column[_large(segment)]).max(axis=0) for segment, of_column in rates])


def by_column(judged: JudgedRows) -> tuple[str, ...]:
    """Name the protected columns."""
    return tuple(segment.column for segment in _segments(judged))


def by_group(judged: JudgedRows) -> tuple[str, ...]:
    """Name all groups, such as `age=60+`, column by column."""
    return tuple(f"{segment.column}={group}" for segment in _segments(judged) for group in segment.groups)


def by_group_and_plan(judged: JudgedRows) -> tuple[str, ...]:
    """Name all pairs of a group and a plan, such as `age=60+ ultra`."""
    return tuple(f"{group} {plan}" for group in by_group(judged) for plan in judged.plans)


Worst = Callable[[JudgedRows], tuple[str | None, ...]]
"""Returns the worst group of each column; None for a column with fewer than two groups to compare."""


def highest(of_groups: Callable[[JudgedRows, np.ndarray], np.ndarray]) -> Worst:
    """Make a function that finds the group with the highest value of a metric by group."""

    def worst(judged: JudgedRows) -> tuple[str | None, ...]:
        values = of_groups(judged, np.ones((judged.subscribers.count, 1)))[:, 0]
        parts = _by_segment(judged, values)
        return tuple(_worst(segment, part) for segment, part in zip(_segments(judged), parts, strict=True))

    return worst


def farthest_selection(judged: JudgedRows) -> tuple[str | None, ...]:
    """Find the group of each column whose selection rate of a plan differs most from the overall rate."""
    once = np.ones((judged.subscribers.count, 1))
    found = []
    for segment, of_column in zip(_segments(judged), _selections(judged, once), strict=True):
        rates = of_column[..., 0]
        size = np.bincount(segment.codes, minlength=len(segment.groups))
        overall = size @ np.nan_to_num(rates) / size.sum()
        found.append(_worst(segment, np.abs(rates - overall).max(axis=1)))
    return tuple(found)


def _segments(judged: JudgedRows) -> tuple[Segment, ...]:
    return required(judged.segments)


def _large(segment: Segment) -> np.ndarray:
    return segment.n_decisions >= FEWEST


def _worst(segment: Segment, badness: np.ndarray) -> str | None:
    """Find the large group with the highest badness; `badness` has shape (groups,)."""
    large = _large(segment) & ~np.isnan(badness)
    return segment.groups[np.where(large, badness, -np.inf).argmax()] if large.sum() > 1 else None


def _means(judged: JudgedRows, weights: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Compute the weighted mean of one value per row by group, shape (groups, B); NaN for empty groups."""
    return _ratio(*_sums(judged, weights, value, np.ones(len(value))))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _sums(judged: JudgedRows, weights: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
    """Compute the weighted sums of every value by group, each of shape (groups, B)."""
    segments = _segments(judged)
    return _in_one_pass(
        judged, weights, [(value, [(one.codes, len(one.groups)) for one in segments]) for value in values]
    )


def _in_one_pass(
    judged: JudgedRows, weights: np.ndarray, asked: Sequence[tuple[np.ndarray, Sequence[Cells]]]
) -> list[np.ndarray]:
    """Compute the weighted sums of each value in each of its cells.

    Reading the weights takes most of the time, so few cells are summed in one pass over them.
    """
    sizes = [sum(n_cells for _, n_cells in cells) for _, cells in asked]
    if sum(sizes) > MOST_AT_ONCE:
        return [
            np.concatenate([judged.sums(weights, value, codes, n_cells) for codes, n_cells in cells])
            for value, cells in asked
        ]
    count = judged.subscribers.count
    per_subscriber = [
        np.bincount(
            (codes * count + judged.subscribers.codes)[codes >= 0], value[codes >= 0], n_cells * count
        ).reshape(n_cells, count)
        for value, cells in asked
        for codes, n_cells in cells
    ]
    return np.split(np.concatenate(per_subscriber) @ weights, np.cumsum(sizes)[:-1])


def _selections(judged: JudgedRows, weights: np.ndarray) -> list[np.ndarray]:
    """Compute the selection rate of each plan by column, shape (groups, J, B); NaN for empty groups."""
    segments, n_plans, ones = _segments(judged), len(judged.plans), np.ones(len(judged.y))
    of_plan: list[Cells] = [
        (
            np.where(judged.recommended < 0, -1, one.codes * n_plans + judged.recommended),
            len(one.groups) * n_plans,
        )
        for one in segments
    ]
    of_group: list[Cells] = [(one.codes, len(one.groups)) for one in segments]
    chosen, size = _in_one_pass(judged, weights, [(ones, of_plan), (ones, of_group)])
    rates = _ratio(chosen.reshape(len(size), n_plans, -1), np.repeat(size[:, np.newaxis], n_plans, axis=1))
    return _by_segment(judged, rates)


def _by_segment(judged: JudgedRows, values: np.ndarray) -> list[np.ndarray]:
    """Split values of all groups, shape (groups, ...), by protected column."""
    ends = np.cumsum([len(segment.groups) for segment in _segments(judged)])
    return np.split(values, ends[:-1])


def _gaps(judged: JudgedRows, values: np.ndarray) -> np.ndarray:
    parts = _by_segment(judged, values)
    return np.stack(
        [_spread(part[_large(segment)]) for segment, part in zip(_segments(judged), parts, strict=True)]
    )


def _spread(values: np.ndarray) -> np.ndarray:
    """Compute largest minus smallest over the first axis; NaN below two groups or with a missing value."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    spread: np.ndarray = values.max(axis=0) - values.min(axis=0)
    return spread
