"""Recommend the plan with the lowest expected cost, but no change for a saving that chance could explain."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from planrec.catalogue.commitments import CommitmentRules, UnknownCommitment
from planrec.catalogue.monthly_cost import expected_cost
from planrec.contracts import Demand, Policy
from planrec.errors import DataError
from planrec.policy.narrow_menu import with_reasons_of_menu
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable

SAME_MONEY = 1e-6
"Major units: amounts that differ by less count as equal, because they are sums of floats."

LEAST_RISK = 0.01
"No forecast is surer than this that a move saves: a finite number of draws often contains no loss."

_DECISIONS = np.array(["recommend", "stay", "abstain"], object)
_REASONS = np.array(
    [
        "most_probable",
        "saves",
        "keeps_last_advice",
        "saving_too_small",
        "nothing_better",
        "already_held",
        "best_fit_saves_nothing",
        "held_unknown",
        "history_too_short",
        "commitment_unknown",
        "empty_menu",
    ],
    object,
)
MOST_PROBABLE, SAVES, KEEPS_LAST_ADVICE, SAVING_TOO_SMALL, NOTHING_BETTER = range(5)
ALREADY_HELD, BEST_FIT_SAVES_NOTHING = range(5, 7)
HELD_UNKNOWN, HISTORY_TOO_SHORT, COMMITMENT_UNKNOWN, EMPTY_MENU = range(7, 11)
"Positions in `_REASONS`; the last three give no advice."


class BestBillPolicy(Policy):
    """A policy that advises the best plan on the menu if it saves enough against a reference plan.

    The best plan has the lowest expected cost if the model forecasts bills, else the highest probability. The
    cost of a plan is its mean monthly bill plus its switching cost, spread over the horizon.

    The reference is the last advice while it still costs less than staying, else the plan held. The saving
    must be at least max(absolute, relative * bill of the reference, risk_price * P(costs more than the plan
    held)). Without a reference the best plan is advised.

    Examples:
        >>> from planrec.schema.columns import InputSchema, Usage, lag
        >>> table = DecisionTable(
        ...     X={lag(name, 1): np.ones(1) for name in Usage.MEASURED},
        ...     subscriber=np.array(["s1"]),
        ...     plans=("mini", "base"),
        ...     menu=np.ones((1, 2), bool),
        ...     inputs=InputSchema(
        ...         takes="months", columns=(), usage=Usage.MEASURED, window=1, asks_held=True
        ...     ),
        ...     held=np.array([0]),
        ... )
        >>> prediction = Prediction(
        ...     probability=np.array([[0.4, 0.6]]), bill_mean=np.array([[29.0, 27.0]]), ranks_by_bill=True
        ... )
        >>> policy = BestBillPolicy(
        ...     kind="best_bill",
        ...     absolute=1.0,
        ...     relative=0.0,
        ...     risk_price=0.0,
        ...     harm_at_most=None,
        ...     min_months=1,
        ...     unknown_commitment="bound",
        ...     longest_commitment_months=None,
        ... )
        >>> decisions = policy.decide(prediction, table)
        >>> decisions.recommended, decisions.decision, decisions.reason
        (array([1]), array(['recommend'], dtype=object), array(['saves'], dtype=object))
    """

    needs_bills: ClassVar[bool] = True

    kind: Literal["best_bill"]
    absolute: NonNegativeFloat
    "Least saving worth a change, currency per month; 0, with relative 0, always advises the best plan."
    relative: NonNegativeFloat
    "Least saving worth a change, as a share of the bill of the reference plan."
    risk_price: NonNegativeFloat
    """Saving worth a change that surely costs more, currency per month: a change must save this times the
    probability that it costs more than staying. That is 1 for models without probabilities of bills."""
    harm_at_most: Annotated[float, Field(gt=0, lt=1)] | None
    """Largest share of decisions that may cost more than staying. The run chooses the lowest `risk_price`
    that keeps this limit on inner folds (`absolute` for models without probabilities of bills), and uses no
    other threshold; with too few subscribers for that it uses the configured ones. None for no limit."""
    min_months: PositiveInt
    "Fewest known months of usage that are needed for advice."
    unknown_commitment: UnknownCommitment
    """Exit fee of the plan held if the end of its commitment is unknown: `bound` counts it, `free` does not,
    `abstain` gives no advice. The answer names the assumption in `assumptions`."""
    longest_commitment_months: NonNegativeInt | None
    "Longest commitment of a plan that may be recommended; the plan held stays on the menu. None for any."

    @property
    def needs_months(self) -> int:
        """Fewest known months of usage that are needed for advice."""
        return self.min_months

    @property
    def harm_limit(self) -> float | None:
        """`harm_at_most`."""
        return self.harm_at_most

    @property
    def demand(self) -> Demand:
        """`absolute` and `risk_price`."""
        return Demand(self.absolute, self.risk_price)

    @property
    def commitment_rules(self) -> CommitmentRules:
        """`unknown_commitment` and `longest_commitment_months`."""
        return CommitmentRules(self.unknown_commitment, self.longest_commitment_months)

    def demanding(self, demand: Demand) -> Self:
        """Return this policy with another `absolute` and `risk_price`, and no `relative`."""
        changed = {"absolute": demand.least_saving, "risk_price": demand.risk_price, "relative": 0.0}
        return self.model_copy(update=changed)

    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Rank the plans, suppress changes for small savings, and abstain if too few months are known.

        The advice comes first in the ranking, plans outside the menu last. Reason codes: `_REASONS`, and
        those of `with_reasons_of_menu`.

        Raises:
            DataError: the prediction has no bills.
        """
        if prediction.bill_mean is None:
            raise DataError("policy=best_bill needs bills, and the prediction has none")
        cost = expected_cost(prediction.bill_mean, table)
        held = np.full(len(table), -1) if table.held is None else table.held
        ranking = _ranking(cost if prediction.ranks_by_bill else -prediction.probability, table.menu, held)
        best = ranking[:, 0]
        reference = _reference(table, held, cost)
        bill = _of(prediction.bill_mean, reference)
        demanded = np.maximum(self.absolute, self.relative * bill)
        if self.risk_price:
            demanded = np.maximum(demanded, self.risk_price * risk_of(prediction, best))
        saving = _of(cost, reference) - _of(cost, best)
        is_worth_it = (reference < 0) | (demanded == 0) | (saving > demanded - SAME_MONEY)
        advice = np.where(is_worth_it, best, reference)
        lowest = np.where(table.menu, cost, np.inf).min(axis=1)
        reason = _reason(cost, lowest, held, best, advice)
        reason[known_months(table.X) < self.min_months] = HISTORY_TOO_SHORT
        if self.unknown_commitment == "abstain" and table.assumes_commitment is not None:
            reason[table.assumes_commitment] = COMMITMENT_UNKNOWN
        reason[~table.menu.any(axis=1)] = EMPTY_MENU
        abstain = reason >= HISTORY_TOO_SHORT
        decision = np.where(abstain, 2, advice == held)
        advised = np.where(abstain, -1, advice)
        decisions = Decisions(advised, _DECISIONS[decision], _REASONS[reason], _first(advice, ranking))
        return with_reasons_of_menu(decisions, table)


def risk_of(prediction: Prediction, plan: np.ndarray) -> np.ndarray:
    """Return the probability that a plan costs more than the plan held, shape (n,), at least `LEAST_RISK`.

    It is 1 for models without probabilities of bills, and NaN if the plan held is unknown.

    Examples:
        >>> forecast = Prediction(np.array([[0.5, 0.5]]), prob_cheaper=np.array([[0.0, 0.75]]))
        >>> risk_of(forecast, np.array([1]))
        array([0.25])
    """
    if prediction.prob_cheaper is None:
        return np.ones(len(plan))
    return np.maximum(1 - _of(prediction.prob_cheaper, plan), LEAST_RISK)


def _ranking(score: np.ndarray, menu: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Rank plan indexes, shape (n, J): the menu first, by score; ties: the plan held, then plan order."""
    is_other = np.arange(menu.shape[1]) != held[:, np.newaxis]
    return np.lexsort((is_other, score, ~menu), axis=-1)


def _reference(table: DecisionTable, held: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Return the last advice if it can be repeated, else the plan held, shape (n,); -1 without either.

    The last advice can be repeated while it is on the menu and still costs less than staying. Hysteresis
    spares subscribers changes, but must not repeat an advice that has turned into a loss.
    """
    last = np.full(len(table), -1) if table.last_recommended is None else table.last_recommended
    still_saves = (held < 0) | (_of(cost, last) < _of(cost, held) - SAME_MONEY)
    reference = np.where((last >= 0) & _of(table.menu, last) & still_saves, last, held)
    return np.where((reference >= 0) & _of(table.menu, reference), reference, -1)


def _reason(
    cost: np.ndarray, lowest: np.ndarray, held: np.ndarray, best: np.ndarray, advice: np.ndarray
) -> np.ndarray:
    """Return the reason of each advice, as position in `_REASONS`, shape (n,).

    If probabilities rank the plans, a plan that is not the best may cost less than the plan held. The reason
    is not `nothing_better` then: `lowest` is the lowest cost on each menu.
    """
    of_held = _of(cost, held)
    saves = of_held - _of(cost, advice) > SAME_MONEY
    best_saves = of_held - _of(cost, best) > SAME_MONEY
    reason = np.where(saves, SAVES, MOST_PROBABLE)
    reason[advice != best] = KEEPS_LAST_ADVICE
    reason[advice == held] = SAVING_TOO_SMALL
    reason[(advice == held) & ~best_saves] = BEST_FIT_SAVES_NOTHING
    reason[(advice == held) & (best == held)] = ALREADY_HELD
    reason[(advice == held) & ~(of_held - lowest > SAME_MONEY)] = NOTHING_BETTER
    reason[held < 0] = HELD_UNKNOWN
    return reason


def _first(advice: np.ndarray, ranking: np.ndarray) -> np.ndarray:
    """Move the advice to the front of the ranking."""
    if (ranking[:, 0] == advice).all():
        return ranking
    order = np.argsort(ranking != advice[:, np.newaxis], axis=1, kind="stable")
    return ranking[np.arange(len(ranking))[:, np.newaxis], order]


def _of(matrix: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Return one entry per row; for plan -1 that of the last column, which callers do not use."""
    return matrix[np.arange(len(matrix)), plan]
