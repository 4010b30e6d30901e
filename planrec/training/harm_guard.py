"""The least saving for a change of plan that keeps harm below a limit, chosen on out-of-fold predictions."""

from collections.abc import Iterator, Sequence

import numpy as np

from planrec.catalogue.monthly_cost import realised_cost, savings
from planrec.contracts import Policy
from planrec.metrics.money import costs_more
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.out_of_fold import decide_in_time

N_CANDIDATES = 60
"Savings that are tried: quantiles of the predicted savings."
Z = 1.645
"One-sided 95 %: the limit is kept with confidence, not on average."


def guarded(policy: Policy, table: DecisionTable, prediction: Prediction) -> Policy:
    """Choose the policy with the lowest `least_saving` that keeps the harm rate below its limit.

    The upper end of the interval of the harm rate of these decisions must be at most the limit. The policy is
    returned unchanged if the decisions are so few that even no harm at all would be above the limit.
    """
    limit = policy.harm_limit
    if limit is None or highest(np.zeros(len(table))) > limit:
        return policy
    demanding = [policy.demanding(float(saving)) for saving in _candidates(prediction, table)]
    # Harm falls with the demand, apart from the noise of single rows: take the first that keeps the limit.
    # Almost no prediction reaches the last one.
    kept = (candidate for candidate in demanding if highest(harmed(candidate, table, prediction)) <= limit)
    return next(kept, demanding[-1])


def guard_notes(policy: Policy, n_decisions: Sequence[int]) -> Iterator[str]:
    """Yield a note for the run if fits had too few decisions to enforce the limit of harm.

    Args:
        policy: the policy of the run.
        n_decisions: training decisions of each fit.
    """
    limit = policy.harm_limit
    few = [n for n in n_decisions if limit is not None and highest(np.zeros(n)) > limit]
    if few:
        yield (
            f"policy.harm_at_most={limit:g} was not enforced in {len(few)} of {len(n_decisions)} fits: with"
            f" {max(few):,} decisions or fewer the interval of a harm rate always exceeds it;"
            " policy.absolute and policy.relative apply there"
        )


def highest(happened: np.ndarray) -> float:
    """Compute the upper end of a one-sided 95 % interval of a share (Wilson's score interval).

    Args:
        happened: shape (n,), bool or 0 and 1.

    Examples:
        >>> round(highest(np.array([1, 0, 0, 0])), 2)
        0.64
        >>> highest(np.array([]))
        1.0
    """
    n = len(happened)
    if not n:
        return 1.0
    share = float(happened.mean())
    spread = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    # Rounding may move the end of a share of 1 off 1.
    return min(1.0, max(share, float((share + Z**2 / (2 * n) + spread) / (1 + Z**2 / n))))


def harmed(policy: Policy, table: DecisionTable, prediction: Prediction) -> np.ndarray:
    """Return whether the policy advises a switch that costs more than staying, shape (n,), bool.

    Raises:
        DataError: the table has no bills of the months after the decision.
    """
    decided, _ = decide_in_time([policy], np.zeros(len(table), np.int64), table, prediction)
    rows, cost = np.arange(len(table)), realised_cost(table)
    held = np.full(len(table), -1) if table.held is None else table.held
    moves = (held >= 0) & (decided.recommended >= 0) & (decided.recommended != held)
    return moves & costs_more(cost[rows, decided.recommended], cost[rows, held])


def _candidates(prediction: Prediction, table: DecisionTable) -> np.ndarray:
    """List savings to try, rising from 0 to the highest predicted saving of the best plan of a menu."""
    saving = savings(table, prediction)
    if saving is None:
        return np.zeros(1)
    best = np.where(table.menu, saving, -np.inf).max(axis=1)
    promised = best[best > 0]
    quantiles = np.quantile(promised, np.linspace(0, 1, N_CANDIDATES)) if len(promised) else []
    return np.unique(np.r_[0.0, quantiles])
