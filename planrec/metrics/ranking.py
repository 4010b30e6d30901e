"""Metrics of the order in which the probabilities put the plans."""

import numpy as np

from planrec.metrics.scored import Scored, given


def auc(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, one plan against the rest, mean over plans, in [0, 1].

    Over the plans that are right for some decisions and wrong for others (in a bootstrap draw: of that
    draw); NaN without any. Scores of all folds and repeats are ranked together. Exact, ties count one half:
    scikit-learn's `roc_auc_score(multi_class="ovr", average="macro")` with sample weights.
    """
    by_plan = np.stack([_one_against_rest(scored, weights, plan) for plan in range(len(scored.plans))])
    defined = ~np.isnan(by_plan)
    total, n_defined = np.where(defined, by_plan, 0.0).sum(axis=0), defined.sum(axis=0)
    return np.divide(total, n_defined, out=np.full_like(total, np.nan), where=n_defined > 0)


def _one_against_rest(scored: Scored, weights: np.ndarray, plan: int) -> np.ndarray:
    """Shape (B,), NaN where one side is empty.

    Walk up the scores: the area is the sum, over stretches of positives, of their weight times the weight of
    all negatives met before. Only the weights of whole stretches are needed, and there are at most as many
    as the smaller side has rows, which is what makes a thousand draws affordable.
    """
    positive = scored.y == plan
    if positive.all() or not positive.any():
        return np.full(weights.shape[1], np.nan)
    stretch, tied = _stretches(scored.probability[:, plan], positive)
    n_stretches, ones = int(stretch.max()) + 2, np.ones(len(positive))
    positives = scored.sums(weights, ones, np.where(positive, stretch, -1), n_stretches)
    # Ties count one half: a tied negative counts once before the positives and once after, others twice.
    before = scored.sums(weights, 2.0 - tied, np.where(positive, -1, stretch), n_stretches)
    before += scored.sums(weights, ones, np.where(tied & ~positive, stretch + 1, -1), n_stretches)
    n_positive, n_negative = positives.sum(axis=0), before.sum(axis=0) / 2
    area = np.einsum("kb,kb->b", positives, np.cumsum(before, axis=0, out=before)) / 2
    pairs = n_positive * n_negative
    return np.divide(area, pairs, out=np.full_like(area, np.nan), where=pairs > 0)


def _stretches(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the stretches up the scores: some negatives, then the positives above them.

    Returns the stretch of each row, shape (n,), and whether a row shares its score with the other side. The
    positives of a tie always end their stretch: half of the negatives stand between them and the next.
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


def top_2(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions with the right plan among the 2 most probable, in [0, 1]; see `_expected`."""
    return scored.mean(weights, _expected(scored, scored.y, _ranks(scored) <= 2))


def top_3(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions with the right plan among the 3 most probable, in [0, 1]; see `_expected`."""
    return scored.mean(weights, _expected(scored, scored.y, _ranks(scored) <= 3))


def mrr(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean reciprocal rank of the right plan, in (0, 1]; see `_expected`."""
    return scored.mean(weights, _expected(scored, scored.y, 1 / _ranks(scored)))


def ndcg_3(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean normalised discounted cumulative gain of the 3 most probable plans, in [0, 1]; see `_expected`.

    Gain of a plan: max(0, 1 - (C - C_j*) / max(C_k - C_j*, 1)): 1 for the best plan, 0 for those that cost
    as much as the plan held or more, linear between; the discount is 1 / log2(rank + 1). With these gains it
    is scikit-learn's `ndcg_score(k=3)`.
    """
    costs = given(scored.costs)
    extra = costs.monthly - costs.least[:, np.newaxis]
    at_most = np.maximum(costs.of_held - costs.least, 1.0)[:, np.newaxis]
    gain = np.maximum(0.0, 1.0 - extra / at_most)
    discount = np.where(_ranks(scored) <= 3, 1 / np.log2(_ranks(scored) + 1), 0.0)
    found = sum(
        gain[:, plan] * _expected(scored, np.full(len(gain), plan), discount) for plan in range(gain.shape[1])
    )
    best = -np.sort(-gain, axis=1) @ discount
    return scored.mean(weights, found / best)


def _ranks(scored: Scored) -> np.ndarray:
    return np.arange(1, len(scored.plans) + 1)


def _expected(scored: Scored, plan: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Worth of the rank of one plan per row. Shape (n,).

    Plans outside the menu come last. Equally probable plans share their ranks: the worth is the mean over
    them, what a random order would give, so that a model that cannot tell plans apart earns nothing by their
    order in the catalogue (scikit-learn's `top_k_accuracy_score` prefers the last class).

    Args:
        plan: shape (n,), index of the plan.
        worth: shape (J,), of rank 1 ... J.
    """
    score = scored.probability if scored.menu is None else np.where(scored.menu, scored.probability, -1.0)
    of_plan = score[np.arange(len(plan)), plan][:, np.newaxis]
    better, equal = (score > of_plan).sum(axis=1), (score == of_plan).sum(axis=1)
    cumulated = np.concatenate([[0.0], np.cumsum(worth)])
    return (cumulated[better + equal] - cumulated[better]) / equal
