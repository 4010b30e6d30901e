"""Metrics of forecast bills: whether chances come true."""

from dataclasses import replace

import numpy as np

from planrec.metrics.probability import N_BINS
from planrec.metrics.scored import Scored, Subscribers, given

LOW, HIGH = 0.1, 0.9


def ece_cheaper(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Expected calibration error of P(cheaper than the plan held), in [0, 1].

    Over all pairs of a decision and another plan of its menu; it came true where the plan cost less than the
    plan held, switching included. Bins and their small-sample bias as in `ece`. NaN without such a pair.
    """
    chance, came_true, bins = cheaper_pairs(scored)
    is_pair = bins >= 0
    if not is_pair.any():
        return np.full(weights.shape[1], np.nan)
    gap = np.where(is_pair, chance - came_true, 0.0).ravel()
    n_plans = chance.shape[1]
    pairs, bins = _of_pairs(scored, n_plans), bins.ravel()
    gaps = np.abs(pairs.sums(weights, gap, bins, N_BINS)).sum(axis=0)
    total = pairs.sums(weights, is_pair.ravel().astype(np.float64))[0]
    return np.divide(gaps, total, out=np.full_like(gaps, np.nan), where=total > 0)


def cheaper_pairs(scored: Scored) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(cheaper than the plan held), whether it was, and the bin of the chance: shape (n, J) each.

    The bin is -1 where there is no such pair: the plan held, plans outside the menu, no chance known.
    """
    costs, chance = given(scored.costs), given(scored.cheaper)
    is_pair = np.isfinite(costs.monthly) & ~np.isnan(chance)
    is_pair &= np.arange(chance.shape[1]) != costs.held[:, np.newaxis]
    came_true = costs.monthly < costs.of_held[:, np.newaxis]
    if not is_pair.any():
        return chance, came_true, np.full(chance.shape, -1)
    edges = np.quantile(chance[is_pair], np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")
    return chance, came_true, np.where(is_pair, np.searchsorted(edges, chance), -1)


def pit_80(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """How often the bill that came lay in the middle 80 % of what was thought possible. Shape (J, B).

    The share of decisions whose randomised PIT is in [0.1, 0.9]; 0.8 where the forecast is right. The PIT is
    uniform between P(bill < b) and P(bill <= b), which differ where bills pile up, at the fee above all
    (Czado, Gneiting and Held 2009); its expectation is taken, so that nothing is drawn.
    """
    chances = given(scored.chances)
    below, upto = chances[..., 0], chances[..., 1]
    width = upto - below
    inside = np.minimum(upto, HIGH) - np.maximum(below, LOW)
    point = (below >= LOW) & (below <= HIGH)
    share = np.where(width > 0, inside.clip(min=0) / np.where(width > 0, width, 1), point)
    n, n_plans = share.shape
    plan = np.tile(np.arange(n_plans), n)
    return _of_pairs(scored, n_plans).means(weights, share.ravel(), plan, n_plans)


def _of_pairs(scored: Scored, n_plans: int) -> Scored:
    """The same subscribers, each row once per plan, row by row."""
    codes, count = np.repeat(scored.subscribers.codes, n_plans), scored.subscribers.count
    return replace(scored, subscribers=Subscribers(codes, count))
