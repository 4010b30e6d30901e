"""Evidence that P(cheaper) is wrong, once bills came: an e-detector that may be looked at every day.

It bets that the logit of the probability is shifted or stretched. If the probabilities are right, no bet
gains on average, so that quiet days reach the threshold once in THRESHOLD days or less often.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BETS = (
    *((shift, 1.0) for shift in (-0.6, -0.3, -0.15, 0.15, 0.3, 0.6)),
    *((0.0, stretch) for stretch in (0.7, 1.4)),
)
"Shift and stretch of the logit: too hopeful, too modest, overconfident, too careful."
LEAST_PROBABILITY = 1e-3
"Probabilities are cut here: a bill against certainty would be infinite evidence."
MOST_EVIDENCE = 100_000.0


class Bills(NamedTuple):
    """The advice of one day whose bills came."""

    probability: np.ndarray
    "Predicted P(cheaper) of the plan advised, shape (n,)."
    was_cheaper: np.ndarray
    "Shape (n,), bool."


def gains(bills: Bills) -> np.ndarray:
    """Compute the factor by which each bet grows on one day, shape (bets,).

    >>> bool(gains(Bills(np.full(100, 0.8), np.arange(100) < 80)).max() < 1)
    True
    """
    p = np.clip(bills.probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    logit = np.log(p / (1 - p))
    shift, stretch = np.array(BETS).T[..., None]
    q = 1 / (1 + np.exp(-(shift + stretch * logit)))
    gained = np.where(bills.was_cheaper, np.log(q / p), np.log((1 - q) / (1 - p))).sum(axis=1)
    return np.exp(np.minimum(gained, np.log(MOST_EVIDENCE)))


def cheaper_evidence(days: Sequence[Bills]) -> list[float]:
    """Compute the evidence after each day, in the order of the decisions.

    Evidence is a function of all bills, so that late ones, in any order, give the same result as early ones.

    >>> right = Bills(np.full(100, 0.8), np.arange(100) < 80)
    >>> wrong = Bills(np.full(100, 0.8), np.arange(100) < 60)
    >>> cheaper_evidence([right] * 9)[-1] < 10, cheaper_evidence([right, wrong, wrong])[-1] > 1_000
    (True, True)
    """
    evidence, found = np.zeros(len(BETS)), []
    for day in days:
        evidence = np.minimum(gains(day) * (1 + evidence), MOST_EVIDENCE)
        found.append(float(evidence.mean()))
    return found
