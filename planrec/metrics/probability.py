"""Metrics of the probabilities themselves: proper scores and calibration."""

import numpy as np

from planrec.metrics.judged_rows import JudgedRows

N_BINS = 15


def log_loss(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean of -ln(probability of the right plan), nats, >= 0.

    Probabilities are renormalised over the menu and clipped to [eps, 1 - eps] of float64, as in
    scikit-learn's `log_loss`: a right plan with probability 0 costs 36.04, not infinity.
    """
    probability = judged.probability if judged.menu is None else judged.probability * judged.menu
    total = probability.sum(axis=1)
    of_right = probability[np.arange(len(judged.y)), judged.y]
    share = np.divide(of_right, total, out=np.zeros_like(total), where=total > 0)
    eps = np.finfo(np.float64).eps
    return judged.mean(weights, -np.log(share.clip(eps, 1 - eps)))


def brier(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean over decisions of the squared errors summed over all plans, in [0, 2].

    Never halved, so that two plans and six have one scale, as in scikit-learn's
    `brier_score_loss(scale_by_half=False)`. Its default halves the score for two classes.
    """
    truth = np.arange(len(judged.plans)) == judged.y[:, np.newaxis]
    return judged.mean(weights, ((judged.probability - truth) ** 2).sum(axis=1))


def ece(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the expected calibration error of the top label, in [0, 1].

    Sum over 15 equal-mass bins of share * |mean confidence - hit rate| (Naeini et al. 2015; equal mass as in
    Nixon et al. 2019). The top label is the most probable plan, the first one in a tie. The bins are
    quantiles of the whole sample and are the same in every bootstrap draw. Equal confidences share a bin, so
    there may be fewer than 15 bins. With little data the value is too high, and more so in the draws, which
    repeat rows: the interval can be above the value.
    """
    confidence, hit, bins = top_label(judged)
    gaps = judged.sums(weights, confidence - hit, bins, N_BINS)
    return np.abs(gaps).sum(axis=0) / judged.sums(weights, np.ones(len(hit)))[0]


def top_label(judged: JudgedRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the highest probability, whether its plan was right, and its equal-mass bin, shape (n,) each."""
    confidence = judged.probability.max(axis=1)
    hit = judged.probability.argmax(axis=1) == judged.y
    inner_edges = np.quantile(confidence, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")
    return confidence, hit, np.searchsorted(inner_edges, confidence)
