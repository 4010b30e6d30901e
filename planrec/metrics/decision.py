"""Metrics of the first recommendation alone, whatever it costs."""

import numpy as np

from planrec.metrics.scored import Scored, given


def accuracy(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions whose first recommendation is the right plan, in [0, 1]; abstaining is wrong."""
    return scored.mean(weights, scored.recommended == scored.y)


def f1(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """F1 of each plan, in [0, 1]: 2 hits / (times right + times recommended). Shape (J, B).

    NaN for a plan that is neither right nor recommended anywhere.
    """
    ones, n_plans = np.ones(len(scored.y)), len(scored.plans)
    right = scored.sums(weights, ones, scored.y, n_plans)
    recommended = scored.sums(weights, ones, scored.recommended, n_plans)
    hits = scored.sums(weights, scored.recommended == scored.y, scored.y, n_plans)
    mentions = right + recommended
    return np.divide(2 * hits, mentions, out=np.full_like(hits, np.nan), where=mentions > 0)


def macro_f1(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean F1 over the plans present, in [0, 1].

    Present is right or recommended at least once, as scikit-learn's `f1_score(average="macro")` has it;
    abstaining is no plan, but it costs the right one a hit.
    """
    by_plan = f1(scored, weights)
    present = ~np.isnan(by_plan)
    return np.where(present, by_plan, 0.0).sum(axis=0) / present.sum(axis=0)


def flip_rate(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of consecutive recommendations to one subscriber that name different plans, in [0, 1].

    The catalogue is the same all along: a run has one. Abstaining is no recommendation. NaN in a draw without
    two recommendations to one subscriber.
    """
    previous = given(scored.previous)
    flipped = scored.recommended != scored.recommended[previous]
    return scored.means(weights, flipped, np.where(previous >= 0, 0, -1), 1)[0]
