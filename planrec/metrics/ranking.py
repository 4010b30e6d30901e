"""Metrics of the order in which the probabilities put the plans."""

import numpy as np

from planrec.metrics.scored import Scored


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
    return scored.mean(weights, _expected(scored, np.arange(1, len(scored.plans) + 1) <= 2))


def top_3(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions with the right plan among the 3 most probable, in [0, 1]; see `_expected`."""
    return scored.mean(weights, _expected(scored, np.arange(1, len(scored.plans) + 1) <= 3))


def mrr(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean reciprocal rank of the right plan, in (0, 1]; see `_expected`."""
    return scored.mean(weights, _expected(scored, 1 / np.arange(1, len(scored.plans) + 1)))


def _expected(scored: Scored, gain: np.ndarray) -> np.ndarray:
    """Gain of the right plan's rank, by row. Shape (n,).

    Plans outside the menu come last. Equally probable plans share their ranks: the gain is the mean over
    them, what a random order would give, so that a model that cannot tell plans apart earns nothing by their
    order in the catalogue (scikit-learn's `top_k_accuracy_score` prefers the last class).

    Args:
        gain: shape (J,), of rank 1 ... J.
    """
    score = scored.probability if scored.menu is None else np.where(scored.menu, scored.probability, -1.0)
    of_right = score[np.arange(len(scored.y)), scored.y][:, np.newaxis]
    better, equal = (score > of_right).sum(axis=1), (score == of_right).sum(axis=1)
    cumulated = np.concatenate([[0.0], np.cumsum(gain)])
    return (cumulated[better + equal] - cumulated[better]) / equal
