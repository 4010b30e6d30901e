"""Metrics of forecast bills: calibration of their probabilities."""

from dataclasses import replace

import numpy as np

from planrec.metrics.judged_rows import JudgedRows, Subscribers, required
from planrec.metrics.probability import N_BINS

LOW, HIGH = 0.1, 0.9


def ece_cheaper(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the expected calibration error of P(cheaper than the plan held), in [0, 1].

    Counts all pairs of a decision and another plan on its menu. A pair comes true if the plan cost less than
    the plan held, switching cost included. Bins and their small-sample bias are those of `ece`. NaN without
    such a pair.
    """
    chance, came_true, bins = cheaper_pairs(judged)
    is_pair = bins >= 0
    if not is_pair.any():
        return np.full(weights.shape[1], np.nan)
    gap = np.where(is_pair, chance - came_true, 0.0).ravel()
    n_plans = chance.shape[1]
    pairs, bins = _of_pairs(judged, n_plans), bins.ravel()
    gaps = np.abs(pairs.sums(weights, gap, bins, N_BINS)).sum(axis=0)
    total = pairs.sums(weights, is_pair.ravel().astype(np.float64))[0]
    return np.divide(gaps, total, out=np.full_like(gaps, np.nan), where=total > 0)


def cheaper_pairs(judged: JudgedRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find P(cheaper than the plan held), whether the plan was cheaper, and the bin: shape (n, J) each.

    The bin is -1 for entries that are not pairs: the plan held, plans outside the menu, unknown
    probabilities.
    """
    costs, chance = required(judged.costs), required(judged.cheaper)
    is_pair = np.isfinite(costs.monthly) & ~np.isnan(chance)
    is_pair &= np.arange(chance.shape[1]) != costs.held[:, np.newaxis]
    came_true = costs.monthly < costs.of_held[:, np.newaxis]
    if not is_pair.any():
        return chance, came_true, np.full(chance.shape, -1)
    edges = np.quantile(chance[is_pair], np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")
    return chance, came_true, np.where(is_pair, np.searchsorted(edges, chance), -1)


def pit_80(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute how often the realised bill was in the central 80 % of its forecast distribution, shape (J, B).

    This is the share of decisions whose randomised PIT is in [0.1, 0.9]; a perfect forecast gives 0.8. The
    PIT is uniform between P(bill < b) and P(bill <= b), which differ at amounts that many bills have, above
    all at the fee (Czado, Gneiting and Held 2009). The expected share is computed exactly; no numbers are
    drawn.
    """
    chances = required(judged.chances)
    below, upto = chances[..., 0], chances[..., 1]
    width = upto - below
    inside = np.minimum(upto, HIGH) - np.maximum(below, LOW)
    point = (below >= LOW) & (below <= HIGH)
    share = np.where(width > 0, inside.clip(min=0) / np.where(width > 0, width, 1), point)
    n, n_plans = share.shape
    plan = np.tile(np.arange(n_plans), n)
    return _of_pairs(judged, n_plans).means(weights, share.ravel(), plan, n_plans)


def _of_pairs(judged: JudgedRows, n_plans: int) -> JudgedRows:
    """Make rows with each subscriber repeated once per plan, row by row."""
    codes, count = np.repeat(judged.subscribers.codes, n_plans), judged.subscribers.count
    return replace(judged, subscribers=Subscribers(codes, count))
