"""Metrics of the ranking of the plans by probability."""

import numpy as np

from planrec.metrics.judged_rows import JudgedRows, required


def auc(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the area under the ROC curve, one plan against the rest, mean over plans, in [0, 1].

    The mean covers the plans that are right for some decisions and wrong for others (in a bootstrap draw: for
    decisions of that draw); NaN without such plans. Scores of all folds and repeats are ranked together.
    Exact, and ties count one half, as in scikit-learn's `roc_auc_score(multi_class="ovr", average="macro")`
    with sample weights.
    """
    by_plan = np.stack([_one_against_rest(judged, weights, plan) for plan in range(len(judged.plans))])
    defined = ~np.isnan(by_plan)
    total, n_defined = np.where(defined, by_plan, 0.0).sum(axis=0), defined.sum(axis=0)
    return np.divide(total, n_defined, out=np.full_like(total, np.nan), where=n_defined > 0)


def _one_against_rest(judged: JudgedRows, weights: np.ndarray, plan: int) -> np.ndarray:
    """Compute the AUC of one plan against the rest, shape (B,); NaN if one side is empty.

    In the order of rising scores, the area is the sum, over stretches of positives, of their weight times the
    weight of all negatives before them. Only the weights of whole stretches are needed, and there are at most
    as many stretches as the smaller side has rows. That makes a thousand draws affordable.
    """
    positive = judged.y == plan
    if positive.all() or not positive.any():
        return np.full(weights.shape[1], np.nan)
    stretch, tied = _stretches(judged.probability[:, plan], positive)
    n_stretches, ones = int(stretch.max()) + 2, np.ones(len(positive))
    positives = judged.sums(weights, ones, np.where(positive, stretch, -1), n_stretches)
    # Ties count one half: a tied negative counts once before the positives and once after, others twice.
    before = judged.sums(weights, 2.0 - tied, np.where(positive, -1, stretch), n_stretches)
    before += judged.sums(weights, ones, np.where(tied & ~positive, stretch + 1, -1), n_stretches)
    n_positive, n_negative = positives.sum(axis=0), before.sum(axis=0) / 2
    area = np.einsum("kb,kb->b", positives, np.cumsum(before, axis=0, out=before)) / 2
    pairs = n_positive * n_negative
    return np.divide(area, pairs, out=np.full_like(area, np.nan), where=pairs > 0)


def _stretches(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Assign numbers to the stretches of rising scores: some negatives, then the positives above them.

    The positives of a tie always end their stretch: half of the tied negatives count before the next one.

    Returns:
        The stretch of each row, shape (n,), and whether the row shares its score with the other side.
    """
    order = np.argsort(score)
    tie = np.empty(len(score), np.int64)
    tie[order] = np.cumsum(np.diff(score[order], prepend=score[order[0]]) != 0)
    n_ties = tie[order[-1]] + 1
    has_positive = np.bincount(tie[positive], minlength=n_ties) > 0
    has_negative = np.bincount(tie[~positive], minlength=n_ties) > 0
    mixed = has_positive & has_negative
    opens = np.zeros(n_ties, bool)
    opens[1:] = has_positive[:-1] & (has_negative[1:] | mixed[:-1])
    return np.cumsum(opens)[tie], mixed[tie]


def top_2(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of decisions with the right plan in the 2 most probable; ties as in `_expected`."""
    return judged.mean(weights, _expected(judged, judged.y, _ranks(judged) <= 2))


def top_3(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of decisions with the right plan in the 3 most probable; ties as in `_expected`."""
    return judged.mean(weights, _expected(judged, judged.y, _ranks(judged) <= 3))


def mrr(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean reciprocal rank of the right plan, in (0, 1]; see `_expected`."""
    return judged.mean(weights, _expected(judged, judged.y, 1 / _ranks(judged)))


def ndcg_3(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean normalised discounted cumulative gain of the 3 most probable plans, in [0, 1].

    The gain of a plan is max(0, 1 - (C - C_j*) / max(C_k - C_j*, 1)): 1 for the cheapest plan, 0 for plans
    that cost as much as the plan held or more, linear between; the discount is 1 / log2(rank + 1). With these
    gains it equals scikit-learn's `ndcg_score(k=3)`. `_expected` says how ties are counted.
    """
    costs = required(judged.costs)
    extra = costs.monthly - costs.least[:, np.newaxis]
    at_most = np.maximum(costs.of_held - costs.least, 1.0)[:, np.newaxis]
    gain = np.maximum(0.0, 1.0 - extra / at_most)
    discount = np.where(_ranks(judged) <= 3, 1 / np.log2(_ranks(judged) + 1), 0.0)
    found = sum(
        gain[:, plan] * _expected(judged, np.full(len(gain), plan), discount) for plan in range(gain.shape[1])
    )
    best = -np.sort(-gain, axis=1) @ discount
    return judged.mean(weights, found / best)


def _ranks(judged: JudgedRows) -> np.ndarray:
    return np.arange(1, len(judged.plans) + 1)


def _expected(judged: JudgedRows, plan: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Compute the expected worth of the rank of one plan per row, shape (n,).

    Plans outside the menu come last. Equally probable plans share their ranks: their worth is the mean over
    these ranks, as in a random order. So a model with equal probabilities gains nothing by the order of the
    catalogue (scikit-learn's `top_k_accuracy_score` prefers the last class).

    Args:
        judged: the rows of one model.
        plan: index of the plan, shape (n,).
        worth: worth of the ranks 1 ... J, shape (J,).
    """
    score = judged.probability if judged.menu is None else np.where(judged.menu, judged.probability, -1.0)
    of_plan = score[np.arange(len(plan)), plan][:, np.newaxis]
    better, equal = (score > of_plan).sum(axis=1), (score == of_plan).sum(axis=1)
    cumulated = np.concatenate([[0.0], np.cumsum(worth)])
    return (cumulated[better + equal] - cumulated[better]) / equal
