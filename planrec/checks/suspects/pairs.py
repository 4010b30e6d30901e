"""Pairs of columns that together predict the plan, although neither does alone."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from planrec.checks.evidence import Findings, codes_of
from planrec.checks.leakage import AUC_LIMIT, best_separated, limits_by_value
from planrec.checks.suspects.sample import SuspectSample, numbers
from planrec.schema.columns import Columns
from planrec.wording import shown

MOST_COLUMNS = 30
"Columns of few values of which all pairs are joined: bounds the time."
MOST_VALUES = 30
"Columns with more distinct values are not joined with others."
LEAST_SEPARATION = 0.5
"Combined columns that separate the plans less than this are not screened: spread between over within plans."
LEAST_GAIN = 1.5
"Combined columns must separate the plans this many times as much as the better of them does alone."
MOST_NUMBERS = 300
"Columns of numbers of which all pairs are combined: bounds the time."
RIDGE = 1e-9
"Added to the spread within plans, so that columns that differ by a fee only have a finite separation."


def pair_of_columns(sample: SuspectSample) -> Findings:
    """Look for two columns that predict the plan together.

    * Numbers: the weighted sum that separates the plans best, of the values or of their logarithms (products
      and ratios), such as an invoice less a part that depends on usage.
    * Columns of few values: both values together.

    Every combination has to pass the leakage screen for single columns.
    """
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for pair, leak in (*_sums(sample), *_joint_values(sample)):
        found[pair] = max(leak, found.get(pair, leak))
    drop = [name for name in sample.suspects if any(name in pair for pair in found)]
    return Findings(
        notes=tuple(
            f"columns {shown(map(sample.source, pair))} together predict who holds"
            f" {sample.table.plans[plan]!r}: AUC above {limit:.3f}"
            for pair, (limit, plan) in found.items()
        ),
        drop=tuple(drop),
    )


def _sums(sample: SuspectSample) -> Iterator[tuple[tuple[str, str], tuple[float, int]]]:
    """Yield the pairs of numbers with a weighted sum that predicts the plan."""
    raw = dict(numbers(sample.unreported))
    suspects = set(sample.suspects)
    logs = {name: np.log(values) for name, values in raw.items() if values.min() > 0}
    for columns in (raw, logs):
        for pair, total in separating_sums(columns, sample.plan):
            leak = best_separated(total, sample.screen) if suspects & set(pair) else None
            if leak is not None:
                yield pair, leak


def separating_sums(columns: Columns, plan: np.ndarray) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """Yield pairs of columns, and the weighted sum of each that separates the plans best, shape (n,).

    The weights are those of Fisher's linear discriminant (Annals of Eugenics 7, 1936). Sums that separate the
    plans little, and not much better than a single column, are left out.

    Examples:
        >>> usage, plan = np.arange(8.0), np.array([0, 1, 1, 0, 0, 1, 1, 0])
        >>> [pair for pair, _ in separating_sums({"invoice": usage + 5 * plan, "usage": usage}, plan)]
        [('invoice', 'usage')]
    """
    names = list(columns)[:MOST_NUMBERS]
    if len(names) < 2:
        return
    matrix = np.column_stack([columns[name] for name in names])
    matrix = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    within, between = _spreads(matrix, plan)
    pairs = np.array(list(combinations(range(len(names)), 2)))
    both = pairs[:, :, None], pairs[:, None, :]
    separation, weights = np.linalg.eig(np.linalg.solve(within[both], between[both]))
    best = separation.real.argmax(axis=1)
    alone = (np.diag(between) / np.diag(within))[pairs].max(axis=1)
    largest = separation.real.max(axis=1)
    for number in np.flatnonzero(largest > np.maximum(LEAST_SEPARATION, LEAST_GAIN * alone)):
        total = matrix[:, pairs[number]] @ weights[number, :, best[number]].real
        yield (names[pairs[number, 0]], names[pairs[number, 1]]), total.round(6)


def _spreads(matrix: np.ndarray, plan: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance within plans, and that between the means of the plans."""
    held, codes = np.unique(plan, return_inverse=True)
    means = np.array([matrix[plan == one].mean(axis=0) for one in held])
    residual = matrix - means[codes]
    within = residual.T @ residual / len(plan)
    return within + RIDGE * np.eye(len(within)), matrix.T @ matrix / len(plan) - within


def _joint_values(sample: SuspectSample) -> Iterator[tuple[tuple[str, str], tuple[float, int]]]:
    """Yield the pairs of columns of few values whose values together predict the plan."""
    codes = {name: codes_of(values) for name, values in sample.suspects.items()}
    few = [name for name in codes if 1 < codes[name].max() + 1 <= MOST_VALUES]
    for pair in combinations(few[:MOST_COLUMNS], 2):
        joint = codes[pair[0]] * MOST_VALUES + codes[pair[1]]
        leaks = limits_by_value(np.unique(joint, return_inverse=True)[1], sample.screen)
        best = max(leaks, default=(0.0, 0))
        if best[0] > AUC_LIMIT:
            yield pair, best
