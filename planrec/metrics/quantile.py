"""Quantiles of one value per row in a thousand bootstrap draws at once."""

import numpy as np

from planrec.metrics.judged_rows import JudgedRows


def weighted_quantile(judged: JudgedRows, weights: np.ndarray, value: np.ndarray, percent: int) -> np.ndarray:
    """Compute the smallest value that at least `percent` of the weight does not exceed, shape (B,).

    The result is always one of the values, as with `np.quantile(method="inverted_cdf")`, and exact for
    weights that repeat rows. The weights of stretches of about sqrt(n) sorted rows are summed first. Single
    rows are read only in the few stretches that contain the quantile of a draw.

    Args:
        judged: the rows of one model.
        weights: how often each subscriber counts in each draw, shape (n_subscribers, B).
        value: one value per row, shape (n,), no NaN.
        percent: an integer in [1, 100], so that the comparison is exact.
    """
    order = np.argsort(value)
    size = int(np.ceil(np.sqrt(len(order))))
    stretch = np.empty(len(order), np.int64)
    stretch[order] = np.arange(len(order)) // size
    n_stretches = int(stretch.max()) + 1
    cumulated = judged.sums(weights, np.ones(len(order)), stretch, n_stretches).cumsum(axis=0)
    needed = percent * cumulated[-1]
    holds = (100 * cumulated >= needed).argmax(axis=0)
    found = np.empty(weights.shape[1])
    for at in np.unique(holds):
        draws, rows = np.flatnonzero(holds == at), order[at * size : (at + 1) * size]
        below = cumulated[at - 1, draws] if at > 0 else 0.0
        of_row = weights[np.ix_(judged.subscribers.codes[rows], draws)]
        reached = 100 * (below + of_row.cumsum(axis=0)) >= needed[draws]
        found[draws] = value[rows[reached.argmax(axis=0)]]
    return found
