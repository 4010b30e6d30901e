"""Columns that alone predict the plan much better than all others together."""

import numpy as np

from planrec.checks.evidence import Findings
from planrec.checks.proxy import small_classifier
from planrec.checks.suspects.sample import SuspectSample, binned, numbers

LEAST_SKILL = 0.2
"Columns that reduce the log-loss by a smaller share than this are no suspects."
LEAST_RATIO = 2.0
"Suspects reduce the log-loss by this many times as much as the other columns together."
MOST_PLANS = 5
"Plans that are told apart; the less frequent ones count as one."
N_BINS = 20
PRIOR_SUBSCRIBERS = 5
"Weight of the overall shares of the plans in each bin."


def dominant_column(sample: SuspectSample) -> Findings:
    """Look for columns whose removal would cost far more than that of all others.

    The share by which a column reduces the log-loss of the plan held is measured between two halves of the
    subscribers. Only if a column reduces it much, a small model of the other columns is fitted.
    """
    plan = _frequent(sample.plan)
    alone = {name: skill_alone(values, plan, sample.screen.half) for name, values in sample.suspects.items()}
    suspects = sorted((name for name in alone if alone[name] >= LEAST_SKILL), key=lambda name: -alone[name])
    if not suspects:
        return Findings()
    others = max(0.0, _skill_of_others(sample, set(suspects), plan))
    found = [name for name in suspects if alone[name] >= LEAST_RATIO * others]
    return Findings(
        notes=tuple(
            f"column {sample.source(name)!r} alone reduces the log-loss of the plan held by"
            f" {alone[name]:.0%}, {'all others together' if len(found) == 1 else 'those not listed here'}"
            f" by {others:.0%}"
            for name in found
        ),
        drop=tuple(found),
    )


def skill_alone(values: np.ndarray, plan: np.ndarray, half: np.ndarray) -> float:
    """Return the share of the log-loss of the plan, shape (n,), that one column explains in the other half.

    Examples:
        >>> plan, half = np.tile([0, 0, 1, 1], 100), np.tile([0, 1], 200)
        >>> skill_alone(plan.astype(float), plan, half) > 0.9, skill_alone(np.ones(400), plan, half) < 0.01
        (True, True)
    """
    codes, n_plans = binned(values, N_BINS), plan.max() + 1
    overall = np.bincount(plan, minlength=n_plans) / len(plan)
    cells = (codes * 2 + half) * n_plans
    count = np.bincount(cells + plan, minlength=(codes.max() + 1) * 2 * n_plans).reshape(-1, 2, n_plans)
    other = count[:, ::-1] + PRIOR_SUBSCRIBERS * overall
    share = other / other.sum(axis=2, keepdims=True)
    return skill(share[codes, half], plan)


def skill(chance: np.ndarray, plan: np.ndarray) -> float:
    """Return the share by which predictions reduce the log-loss of the overall shares of the plans.

    Args:
        chance: shape (n, K), predicted shares of the plans.
        plan: shape (n,), index of the plan.

    Examples:
        >>> round(skill(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([0, 1])), 3)
        0.0
    """
    overall = (np.bincount(plan) / len(plan))[plan]
    mine = np.clip(chance[np.arange(len(plan)), plan], 1e-6, 1)
    return float(1 - np.log(mine).sum() / np.log(overall).sum())


def _skill_of_others(sample: SuspectSample, suspects: set[str], plan: np.ndarray) -> float:
    """Return the skill of a small model of the other columns, fitted on the other half of the subscribers."""
    others = {name: values for name, values in sample.unreported.items() if name not in suspects}
    texts = [binned(values).astype(float) for values in others.values() if values.dtype == object]
    features = [values for _, values in numbers(others)] + texts
    if not features:
        return 0.0
    matrix, half = np.column_stack(features), sample.screen.half
    chance = np.tile(np.bincount(plan) / len(plan), (len(plan), 1))
    for number in (0, 1):
        train, test = half != number, half == number
        model = small_classifier(seed=0).fit(matrix[train], plan[train])
        chance[np.ix_(test, model.classes_)] = model.predict_proba(matrix[test])
    return skill(chance, plan)


def _frequent(plan: np.ndarray) -> np.ndarray:
    """Return the rank of each plan by falling frequency, at most MOST_PLANS."""
    order = np.argsort(-np.bincount(plan), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return np.minimum(rank, MOST_PLANS)[plan]
