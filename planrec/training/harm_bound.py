"""A bound on the harm of a policy that holds for any finite number of subscribers.

Decisions of one subscriber are alike, so the subscribers are the sample: each counts once, with the share of
its decisions that harm. The p-value of "the mean share is above the limit" is that of Hoeffding and Bentkus
(Bates et al. 2021, Distribution-free, risk-controlling prediction sets; Angelopoulos et al. 2021, Learn then
test). It holds for any distribution of shares in [0, 1], without a normal approximation.
"""

import numpy as np

CONFIDENCE = 0.95
"The chance that the harm of the chosen policy is within its limit."


def keeps_limit(harmed: np.ndarray, subscriber: np.ndarray, limit: float) -> bool:
    """Return whether decisions show, with `CONFIDENCE`, that the mean harm is within the limit.

    Args:
        harmed: shape (n,), bool: whether each decision costs more than staying.
        subscriber: shape (n,): the subscriber of each decision.
        limit: share of decisions, in (0, 1).

    Examples:
        >>> keeps_limit(np.zeros(98, bool), np.arange(98), limit=0.04)
        True
        >>> keeps_limit(np.zeros(98, bool), np.arange(98) // 2, limit=0.04)
        False
    """
    return p_value(share_by_subscriber(harmed, subscriber), limit) <= 1 - CONFIDENCE


def share_by_subscriber(harmed: np.ndarray, subscriber: np.ndarray) -> np.ndarray:
    """Return the share of each subscriber's decisions that harm, shape (number of subscribers,), in [0, 1].

    Examples:
        >>> share_by_subscriber(np.array([True, False, False]), np.array(["a", "a", "b"])).tolist()
        [0.5, 0.0]
    """
    row = np.unique(subscriber, return_inverse=True)[1]
    return np.bincount(row, weights=harmed) / np.bincount(row)


def p_value(shares: np.ndarray, limit: float) -> float:
    """Compute the Hoeffding-Bentkus p-value of the hypothesis that the mean is above the limit.

    Args:
        shares: shape (n,), in [0, 1]; independent draws.
        limit: in (0, 1).

    Examples:
        >>> round(p_value(np.zeros(98), limit=0.04), 4)
        0.0183
        >>> p_value(np.full(10, 0.5), limit=0.04)
        1.0
    """
    from scipy.special import bdtr, rel_entr

    n, mean = len(shares), float(shares.mean()) if len(shares) else 1.0
    if mean >= limit:
        return 1.0
    divergence = rel_entr(mean, limit) + rel_entr(1 - mean, 1 - limit)
    # Rounded, because a sum of shares that is a whole number may be just above it.
    bentkus = np.e * bdtr(np.ceil(round(n * mean, 9)), n, limit)
    return float(min(np.exp(-n * divergence), bentkus))


def fewest_subscribers(limit: float) -> int:
    """Return the number of subscribers below which not even decisions without any harm show the limit.

    Examples:
        >>> fewest_subscribers(0.04)
        74
    """
    return int(np.ceil(np.log(1 - CONFIDENCE) / np.log(1 - limit)))
