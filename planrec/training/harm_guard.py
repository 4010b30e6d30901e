"""The lowest demand on a move that keeps harm below a limit, chosen on out-of-fold predictions."""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

import numpy as np

from planrec.catalogue.monthly_cost import realised_cost, savings
from planrec.contracts import Demand, Fold, Policy
from planrec.metrics.money import costs_more
from planrec.policy.best_bill import risk_of
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.harm_bound import fewest_subscribers, keeps_limit
from planrec.training.out_of_fold import decide_in_time

T = TypeVar("T")

N_CANDIDATES = 60
"Demands that are tried: quantiles of the demands that predicted moves can meet."


def guarded(policy: Policy, table: DecisionTable, prediction: Prediction) -> Policy:
    """Choose the policy with the lowest demand on moves whose harm is surely below its limit.

    The policy is returned unchanged if the subscribers are so few that even no harm would prove nothing.
    """
    limit = policy.harm_limit
    if limit is None or _n_subscribers(table.subscriber) < fewest_subscribers(limit):
        return policy
    demanding = [policy.demanding(demand) for demand in _candidates(prediction, table)]
    return last_kept(
        demanding, lambda tried: keeps_limit(harmed(tried, table, prediction), table.subscriber, limit)
    )


def last_kept(safest_first: Sequence[T], keeps: Callable[[T], bool]) -> T:
    """Return the last candidate before the first failure, or the first candidate if that one fails.

    Tests in a fixed order that end at the first failure need no correction for their number (Angelopoulos et
    al. 2021, Learn then test).

    Examples:
        >>> last_kept([9, 7, 5, 3], keeps=lambda demand: demand != 5)
        7
    """
    return [safest_first[0], *takewhile(keeps, safest_first)][-1]


def guard_notes(policy: Policy, table: DecisionTable, folds: Sequence[Fold]) -> Iterator[str]:
    """Yield a note for the run if fits had too few subscribers to enforce the limit of harm.

    The fits are those of the folds, and the final one on all decisions.
    """
    limit = policy.harm_limit
    if limit is None:
        return
    of_fits = [*(table.subscriber[fold.train] for fold in folds), table.subscriber]
    numbers, fewest = [_n_subscribers(of_fit) for of_fit in of_fits], fewest_subscribers(limit)
    if few := [n for n in numbers if n < fewest]:
        yield (
            f"policy.harm_at_most={limit:g} was not enforced in {len(few)} of {len(numbers)} fits: it takes"
            f" {fewest:,} subscribers to show that harm is within it, got {max(few):,} or fewer;"
            " policy.absolute, policy.relative and policy.risk_price apply there"
        )


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


def _candidates(prediction: Prediction, table: DecisionTable) -> list[Demand]:
    """List demands to try, falling from one that almost no move meets to none at all."""
    saving = savings(table, prediction)
    if saving is None:
        return [Demand()]
    offered = np.where(table.menu, saving, -np.inf)
    best = offered.argmax(axis=1)
    promised = offered.max(axis=1) / risk_of(prediction, best)
    promised = promised[promised > 0]
    quantiles = np.quantile(promised, np.linspace(0, 1, N_CANDIDATES)) if len(promised) else []
    amounts = np.unique(np.r_[0.0, quantiles])[::-1].tolist()
    if prediction.prob_cheaper is None:
        return [Demand(least_saving=amount) for amount in amounts]
    return [Demand(risk_price=amount) for amount in amounts]


def _n_subscribers(subscriber: np.ndarray) -> int:
    return len(np.unique(subscriber))
