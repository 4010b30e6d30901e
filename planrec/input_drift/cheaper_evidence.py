"""Evidence that P(cheaper) is wrong, once bills came: an e-detector that may be looked at every day.

It bets that the logit of the probability is shifted or stretched. If the probabilities are right, no bet
gains on average, so that quiet days reach THRESHOLD once in THRESHOLD days or less often if bills are
independent. With many bills a bias that changes no advice is evidence too: an alarm needs an effect as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planrec.input_drift.evidence import THRESHOLD

BETS = (
    *((shift, 1.0) for shift in (-0.6, -0.3, -0.15, 0.15, 0.3, 0.6)),
    *((0.0, stretch) for stretch in (0.7, 1.4)),
)
"Shift and stretch of the logit: too hopeful, too modest, overconfident, too careful."
LEAST_PROBABILITY = 1e-3
"Probabilities are cut here: a bill against certainty would be infinite evidence."
MOST_EVIDENCE = 100_000.0
LEAST_BIAS = 0.03
"Difference between P(cheaper) and the share that was cheaper, from which evidence is an alarm."


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


def cheaper_bias(days: Sequence[Bills]) -> float:
    """Compute the share that was cheaper minus P(cheaper), over the last days from which a bet gained most.

    Good months before would hide a change. Without any bills, the bias is 0.

    >>> right = Bills(np.full(100, 0.8), np.arange(100) < 80)
    >>> wrong = Bills(np.full(100, 0.8), np.arange(100) < 60)
    >>> round(cheaper_bias([right] * 9 + [wrong]), 2)
    -0.2
    """
    if not days:
        return 0.0
    gained = np.log(np.maximum([gains(day) for day in reversed(days)], 1 / MOST_EVIDENCE)).cumsum(axis=0)
    recent = days[-1 - int(gained.max(axis=1).argmax()) :]
    came_true = np.concatenate([day.was_cheaper for day in recent])
    return float(came_true.mean() - np.concatenate([day.probability for day in recent]).mean())


def is_surely_wrong(days: Sequence[Bills]) -> bool:
    """Return whether P(cheaper) is an alarm: enough evidence, and a bias that matters.

    >>> right = Bills(np.full(100, 0.8), np.arange(100) < 80)
    >>> wrong = Bills(np.full(100, 0.8), np.arange(100) < 60)
    >>> is_surely_wrong([right] * 9), is_surely_wrong([right, wrong, wrong])
    (False, True)
    """
    return bool(days) and cheaper_evidence(days)[-1] >= THRESHOLD and abs(cheaper_bias(days)) >= LEAST_BIAS
