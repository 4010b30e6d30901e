"""Metrics by group of the protected columns, and how far apart the groups are.

A gap is the largest value minus the smallest over the groups with at least FEWEST decisions, one gap per
column. It is never negative, so that noise alone makes it positive: read it with its interval.
"""

from collections.abc import Callable, Sequence

import numpy as np

from planrec.metrics.money import harmed
from planrec.metrics.scored import Scored, Segment, given

FEWEST = 100
"Decisions of a group, below which it counts in no gap."
MOST_AT_ONCE = 96
"Cells summed by one dense product, which reads the weights once; more are summed one by one, sparsely."

Cells = tuple[np.ndarray, int]
"""Shape (n,), the cell of each row, negative where it counts nowhere; and how many cells there are."""


def regret_by_group(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean of C_r - C_j* in each group, currency per month. Shape (groups, B)."""
    return _means(scored, weights, given(scored.costs).regret)


def savings_captured_by_group(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """sum(C_k - C_r) / sum(C_k - C_j*) in each group; NaN where there is nothing to save. (groups, B)."""
    costs = given(scored.costs)
    return _ratio(*_sums(scored, weights, costs.of_held - costs.of_advised, costs.of_held - costs.least))


def harm_rate_by_group(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of each group's decisions that advise a switch with C_r > C_k + 0.50. Shape (groups, B)."""
    return _means(scored, weights, harmed(scored))


def error_rate_by_group(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of each group's decisions whose first recommendation is not the right plan. (groups, B)."""
    return _means(scored, weights, scored.recommended != scored.y)


def selection_rate_by_group(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of each group's decisions that are recommended each plan. Shape (groups * J, B)."""
    rates = _selections(scored, weights)
    return np.concatenate([of_column.reshape(-1, weights.shape[1]) for of_column in rates])


def regret_gap(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """How much more regret the worst group has than the best, currency per month. Shape (columns, B)."""
    return _gaps(scored, regret_by_group(scored, weights))


def harm_gap(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """How much more often the worst group is harmed than the best. Shape (columns, B)."""
    return _gaps(scored, harm_rate_by_group(scored, weights))


def error_gap(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """How much more often the worst group's plan is missed than the best one's. Shape (columns, B)."""
    return _gaps(scored, error_rate_by_group(scored, weights))


def selection_gap(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """The largest difference, over plans, in how often groups are recommended it. Shape (columns, B)."""
    rates = zip(_segments(scored), _selections(scored, weights), strict=True)
    return np.stack([_spread(of_column[_large(segment)]).max(axis=0) for segment, of_column in rates])


def by_column(scored: Scored) -> tuple[str, ...]:
    """Names of the protected columns."""
    return tuple(segment.column for segment in _segments(scored))


def by_group(scored: Scored) -> tuple[str, ...]:
    """`age=60+`, column by column."""
    return tuple(f"{segment.column}={group}" for segment in _segments(scored) for group in segment.groups)


def by_group_and_plan(scored: Scored) -> tuple[str, ...]:
    """`age=60+ ultra`, each group with every plan."""
    return tuple(f"{group} {plan}" for group in by_group(scored) for plan in scored.plans)


Worst = Callable[[Scored], tuple[str | None, ...]]
"""The group of each column that a gap is worst for; None where nothing can be compared."""


def highest(of_groups: Callable[[Scored, np.ndarray], np.ndarray]) -> Worst:
    """Names the group with the highest value of a metric by group."""

    def worst(scored: Scored) -> tuple[str | None, ...]:
        values = of_groups(scored, np.ones((scored.subscribers.count, 1)))[:, 0]
        parts = _by_segment(scored, values)
        return tuple(_worst(segment, part) for segment, part in zip(_segments(scored), parts, strict=True))

    return worst


def farthest_selection(scored: Scored) -> tuple[str | None, ...]:
    """Names the group whose recommendations differ most, in some plan, from everybody's."""
    once = np.ones((scored.subscribers.count, 1))
    found = []
    for segment, of_column in zip(_segments(scored), _selections(scored, once), strict=True):
        rates = of_column[..., 0]
        size = np.bincount(segment.codes, minlength=len(segment.groups))
        everybody = size @ np.nan_to_num(rates) / size.sum()
        found.append(_worst(segment, np.abs(rates - everybody).max(axis=1)))
    return tuple(found)


def _segments(scored: Scored) -> tuple[Segment, ...]:
    return given(scored.segments)


def _large(segment: Segment) -> np.ndarray:
    return segment.n_decisions >= FEWEST


def _worst(segment: Segment, badness: np.ndarray) -> str | None:
    """The large group with the highest badness, shape (groups,)."""
    large = _large(segment) & ~np.isnan(badness)
    return segment.groups[np.where(large, badness, -np.inf).argmax()] if large.sum() > 1 else None


def _means(scored: Scored, weights: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Weighted mean of one value per row in each group. Shape (groups, B); NaN where empty."""
    return _ratio(*_sums(scored, weights, value, np.ones(len(value))))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _sums(scored: Scored, weights: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
    """Weighted sums by group of every value, each shape (groups, B)."""
    segments = _segments(scored)
    return _in_one_pass(
        scored, weights, [(value, [(one.codes, len(one.groups)) for one in segments]) for value in values]
    )


def _in_one_pass(
    scored: Scored, weights: np.ndarray, asked: Sequence[tuple[np.ndarray, Sequence[Cells]]]
) -> list[np.ndarray]:
    """Weighted sums of each value in each of its cells. Reading the weights is what takes the time: once."""
    sizes = [sum(n_cells for _, n_cells in cells) for _, cells in asked]
    if sum(sizes) > MOST_AT_ONCE:
        return [
            np.concatenate([scored.sums(weights, value, codes, n_cells) for codes, n_cells in cells])
            for value, cells in asked
        ]
    count = scored.subscribers.count
    per_subscriber = [
        np.bincount(
            (codes * count + scored.subscribers.codes)[codes >= 0], value[codes >= 0], n_cells * count
        ).reshape(n_cells, count)
        for value, cells in asked
        for codes, n_cells in cells
    ]
    return np.split(np.concatenate(per_subscriber) @ weights, np.cumsum(sizes)[:-1])


def _selections(scored: Scored, weights: np.ndarray) -> list[np.ndarray]:
    """By column, shape (groups, J, B): how often each plan is recommended; NaN for an empty group."""
    segments, n_plans, ones = _segments(scored), len(scored.plans), np.ones(len(scored.y))
    of_plan: list[Cells] = [
        (
            np.where(scored.recommended < 0, -1, one.codes * n_plans + scored.recommended),
            len(one.groups) * n_plans,
        )
        for one in segments
    ]
    of_group: list[Cells] = [(one.codes, len(one.groups)) for one in segments]
    chosen, size = _in_one_pass(scored, weights, [(ones, of_plan), (ones, of_group)])
    rates = _ratio(chosen.reshape(len(size), n_plans, -1), np.repeat(size[:, np.newaxis], n_plans, axis=1))
    return _by_segment(scored, rates)


def _by_segment(scored: Scored, values: np.ndarray) -> list[np.ndarray]:
    """Values of all groups, shape (groups, ...), column by column."""
    ends = np.cumsum([len(segment.groups) for segment in _segments(scored)])
    return np.split(values, ends[:-1])


def _gaps(scored: Scored, values: np.ndarray) -> np.ndarray:
    parts = _by_segment(scored, values)
    return np.stack(
        [_spread(part[_large(segment)]) for segment, part in zip(_segments(scored), parts, strict=True)]
    )


def _spread(values: np.ndarray) -> np.ndarray:
    """Largest minus smallest over the first axis; NaN below two groups, or where one has no value."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    spread: np.ndarray = values.max(axis=0) - values.min(axis=0)
    return spread
