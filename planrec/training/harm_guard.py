"""The least saving worth a change that keeps harm below a limit, chosen on rows that no model saw."""

from collections.abc import Iterator, Sequence

import numpy as np

from planrec.catalogue.monthly_cost import expected_cost, realised_cost
from planrec.contracts import Policy
from planrec.metrics.money import costs_more
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.out_of_fold import decide_in_time

N_CANDIDATES = 60
"Savings that are tried: quantiles of those that the predictions promise."
Z = 1.645
"One-sided 95 %: the limit is kept surely, not on average."


def guarded(policy: Policy, table: DecisionTable, prediction: Prediction) -> Policy:
    """The policy with the least demand that surely keeps the harm rate of these decisions at its limit.

    The policy as it is where the decisions are so few that none would be sure, even without any harm.
    """
    limit = policy.harm_limit
    if limit is None or highest(np.zeros(len(table))) > limit:
        return policy
    demanding = [policy.demanding(float(saving)) for saving in _candidates(prediction, table)]
    # Harm falls with the demand, but for the noise of single rows: the first that keeps the limit is taken.
    # The last one is what next to nobody is promised.
    kept = (candidate for candidate in demanding if highest(harmed(candidate, table, prediction)) <= limit)
    return next(kept, demanding[-1])


def guard_notes(policy: Policy, n_decisions: Sequence[int]) -> Iterator[str]:
    """What a run should say of fits on so few decisions that none could be sure to keep the limit."""
    limit = policy.harm_limit
    few = [n for n in n_decisions if limit is not None and highest(np.zeros(n)) > limit]
    if few:
        yield (
            f"policy.harm_at_most={limit:g} was not enforced in {len(few)} of {len(n_decisions)} fits: with"
            f" {max(few):,} decisions or fewer none could be sure of it; policy.absolute and policy.relative"
            " hold there"
        )


def highest(happened: np.ndarray) -> float:
    """Upper end of a one-sided 95 % interval (Wilson's score interval) of a share; 1 without any row."""
    n = len(happened)
    if not n:
        return 1.0
    share = float(happened.mean())
    spread = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    # Rounding may put the end of what always happened beside 1.
    return min(1.0, max(share, float((share + Z**2 / (2 * n) + spread) / (1 + Z**2 / n))))


def harmed(policy: Policy, table: DecisionTable, prediction: Prediction) -> np.ndarray:
    """Whether a switch was advised that the harm rate counts, shape (n,), bool."""
    assert table.held is not None
    decided, _ = decide_in_time([policy], np.zeros(len(table), np.int64), table, prediction)
    rows = np.arange(len(table))
    cost = realised_cost(table)
    moves = (table.held >= 0) & (decided.recommended >= 0) & (decided.recommended != table.held)
    return moves & costs_more(cost[rows, decided.recommended], cost[rows, table.held])


def _candidates(prediction: Prediction, table: DecisionTable) -> np.ndarray:
    """Rising, from nothing to the highest saving promised."""
    assert prediction.bill_mean is not None
    assert table.held is not None
    cost = expected_cost(prediction.bill_mean, table)
    of_held = np.take_along_axis(cost, np.maximum(table.held, 0)[:, None], axis=1)[:, 0]
    saving = (of_held - np.where(table.menu, cost, np.inf).min(axis=1))[table.held >= 0]
    promised = saving[saving > 0]
    quantiles = np.quantile(promised, np.linspace(0, 1, N_CANDIDATES)) if len(promised) else []
    return np.unique(np.r_[0.0, quantiles])
