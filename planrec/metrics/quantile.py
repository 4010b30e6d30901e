"""Quantiles of one value per row under a thousand bootstrap draws at once."""

import numpy as np

from planrec.metrics.scored import Scored


def weighted_quantile(scored: Scored, weights: np.ndarray, value: np.ndarray, percent: int) -> np.ndarray:
    """The smallest value that at least `percent` of the weight does not exceed. Shape (B,).

    A value that occurs, never between two: `np.quantile(method="inverted_cdf")`, exact for weights that
    repeat rows. The weight of stretches of about sqrt(n) sorted rows comes first; rows are looked at one by
    one only in the stretches where a draw has its quantile, which are few.

    Args:
        value: shape (n,), no NaN.
        percent: an integer in [1, 100], so that the comparison is exact.
    """
    order = np.argsort(value)
    size = int(np.ceil(np.sqrt(len(order))))
    stretch = np.empty(len(order), np.int64)
    stretch[order] = np.arange(len(order)) // size
    n_stretches = int(stretch.max()) + 1
    cumulated = scored.sums(weights, np.ones(len(order)), stretch, n_stretches).cumsum(axis=0)
    needed = percent * cumulated[-1]
    holds = (100 * cumulated >= needed).argmax(axis=0)
    found = np.empty(weights.shape[1])
    for at in np.unique(holds):
        draws, rows = np.flatnonzero(holds == at), order[at * size : (at + 1) * size]
        below = cumulated[at - 1, draws] if at > 0 else 0.0
        of_row = weights[np.ix_(scored.subscribers.codes[rows], draws)]
        reached = 100 * (below + of_row.cumsum(axis=0)) >= needed[draws]
        found[draws] = value[rows[reached.argmax(axis=0)]]
    return found
