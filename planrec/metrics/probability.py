"""Metrics of the probabilities as numbers: proper scores and calibration."""

import numpy as np

from planrec.metrics.scored import Scored

N_BINS = 15


def log_loss(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean of -ln(probability of the right plan), nats, >= 0.

    Probabilities are renormalised over the menu and clipped to [eps, 1 - eps] of float64, as scikit-learn's
    `log_loss` clips: a right plan that was ruled out costs 36.04, not infinity.
    """
    probability = scored.probability if scored.menu is None else scored.probability * scored.menu
    total = probability.sum(axis=1)
    of_right = probability[np.arange(len(scored.y)), scored.y]
    share = np.divide(of_right, total, out=np.zeros_like(total), where=total > 0)
    eps = np.finfo(np.float64).eps
    return scored.mean(weights, -np.log(share.clip(eps, 1 - eps)))


def brier(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean over decisions of the squared errors summed over all plans, in [0, 2].

    Never halved, so that two plans and six are on one scale: scikit-learn's
    `brier_score_loss(scale_by_half=False)`. Its default halves the score for two classes.
    """
    truth = np.arange(len(scored.plans)) == scored.y[:, np.newaxis]
    return scored.mean(weights, ((scored.probability - truth) ** 2).sum(axis=1))


def ece(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Expected calibration error of the top label, in [0, 1].

    Sum over 15 equal-mass bins of share * |mean confidence - hit rate| (Naeini et al. 2015; equal mass as in
    Nixon et al. 2019). The top label is the most probable plan, the first of them in a tie. The bins are
    quantiles of the whole sample and stay where they are in every bootstrap draw; equal confidences share a
    bin, so that fewer than 15 may be used. With little data the figure is too high, and more so in the
    draws, which repeat rows: the interval can lie above the value.
    """
    confidence, hit, bins = top_label(scored)
    gaps = scored.sums(weights, confidence - hit, bins, N_BINS)
    return np.abs(gaps).sum(axis=0) / scored.sums(weights, np.ones(len(hit)))[0]


def top_label(scored: Scored) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of the most probable plan, whether it was right, its equal-mass bin. Shape (n,) each."""
    confidence = scored.probability.max(axis=1)
    hit = scored.probability.argmax(axis=1) == scored.y
    inner_edges = np.quantile(confidence, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")
    return confidence, hit, np.searchsorted(inner_edges, confidence)
