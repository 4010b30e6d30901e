"""Metrics of the first recommendation alone, without its cost."""

import numpy as np

from planrec.metrics.judged_rows import JudgedRows, required


def accuracy(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of decisions whose first recommendation is the right plan, in [0, 1].

    Abstaining counts as wrong.
    """
    return judged.mean(weights, judged.recommended == judged.y)


def f1(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the F1 of each plan, in [0, 1]: 2 hits / (times right + times recommended), shape (J, B).

    NaN for a plan that is never right and never recommended.
    """
    ones, n_plans = np.ones(len(judged.y)), len(judged.plans)
    right = judged.sums(weights, ones, judged.y, n_plans)
    recommended = judged.sums(weights, ones, judged.recommended, n_plans)
    hits = judged.sums(weights, judged.recommended == judged.y, judged.y, n_plans)
    mentions = right + recommended
    return np.divide(2 * hits, mentions, out=np.full_like(hits, np.nan), where=mentions > 0)


def macro_f1(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean F1 over the plans present, in [0, 1].

    A plan is present if it is right or recommended at least once, as in scikit-learn's
    `f1_score(average="macro")`. Abstaining is not a plan, but the right plan misses a hit.
    """
    by_plan = f1(judged, weights)
    present = ~np.isnan(by_plan)
    return np.where(present, by_plan, 0.0).sum(axis=0) / present.sum(axis=0)


def flip_rate(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of consecutive recommendations to a subscriber that name different plans, in [0, 1].

    The catalogue never changes within a run. Abstaining is not a recommendation. NaN in a draw without two
    recommendations to one subscriber.
    """
    previous = required(judged.previous)
    flipped = judged.recommended != judged.recommended[previous]
    return judged.means(weights, flipped, np.where(previous >= 0, 0, -1), 1)[0]
