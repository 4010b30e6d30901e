"""Recommend the plan that will cost least, and no other one for a saving that luck could explain."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveInt

from planrec.catalogue.monthly_cost import expected_cost
from planrec.contracts import Policy
from planrec.errors import DataError
from planrec.schema.decision_rows import known_months
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable

SAME_MONEY = 1e-6
"Amounts of the major unit that differ by less are equal: they are sums of floats."

_DECISIONS = np.array(["recommend", "stay", "abstain"], object)
_REASONS = np.array(
    [
        "most_probable",
        "saves",
        "keeps_last_advice",
        "saving_too_small",
        "nothing_better",
        "held_unknown",
        "history_too_short",
        "empty_menu",
    ],
    object,
)
MOST_PROBABLE, SAVES, KEEPS_LAST_ADVICE, SAVING_TOO_SMALL, NOTHING_BETTER = range(5)
HELD_UNKNOWN, HISTORY_TOO_SHORT, EMPTY_MENU = range(5, 8)
"Positions in `_REASONS`; with the last two there is no advice."


class BestBill(Policy):
    """The best plan on the menu, if it saves enough against the last advice, else against the plan held.

    The last advice counts only while it still costs less than staying.

    Best is the lowest expected cost where the model forecasts bills, else the highest probability. The cost
    of a plan is its mean monthly bill and its switching cost, spread over the horizon. Enough is
    max(absolute, relative * bill of the plan compared with); without such a plan the best one is advised.
    """

    needs_bills: ClassVar[bool] = True

    kind: Literal["best_bill"]
    absolute: NonNegativeFloat
    "Least saving worth a change, currency per month; 0, and relative 0: always advise the best."
    relative: NonNegativeFloat
    "Least saving worth a change, as a share of the bill on the plan compared with."
    harm_at_most: Annotated[float, Field(gt=0, lt=1)] | None
    """Largest share of decisions that may cost more than staying: the run chooses the least saving that keeps
    it on inner folds, in place of `absolute` and `relative`, which hold where too few decisions could tell.
    None: no limit."""
    min_months: PositiveInt
    "Fewest known months of usage; with fewer there is no advice."

    @property
    def needs_months(self) -> int:
        """Months of usage below which there is no advice."""
        return self.min_months

    @property
    def harm_limit(self) -> float | None:
        """`harm_at_most`."""
        return self.harm_at_most

    @property
    def least_saving(self) -> float:
        """`absolute`."""
        return self.absolute

    def demanding(self, least_saving: float) -> Self:
        """The same policy with another `absolute` and no `relative`."""
        return self.model_copy(update={"absolute": least_saving, "relative": 0.0})

    def decide(self, prediction: Prediction, table: DecisionTable) -> Decisions:
        """Rank, hold back small savings, and abstain where too little is known.

        The advice comes first in the ranking, plans outside the menu last. Reason codes: `_REASONS`.

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
        is_worth_it = self._is_worth_it(prediction.bill_mean, cost, reference, best)
        advice = np.where(is_worth_it, best, reference)
        reason = _reason(cost, held, best, advice)
        reason[known_months(table.X) < self.min_months] = HISTORY_TOO_SHORT
        reason[~table.menu.any(axis=1)] = EMPTY_MENU
        abstain = reason >= HISTORY_TOO_SHORT
        decision = np.where(abstain, 2, advice == held)
        return Decisions(
            np.where(abstain, -1, advice), _DECISIONS[decision], _REASONS[reason], _first(advice, ranking)
        )

    def _is_worth_it(
        self, bill_mean: np.ndarray, cost: np.ndarray, reference: np.ndarray, best: np.ndarray
    ) -> np.ndarray:
        """Whether to follow the ranking, shape (n,), bool; always where there is nothing to compare with."""
        threshold = np.maximum(self.absolute, self.relative * _of(bill_mean, reference))
        saving = _of(cost, reference) - _of(cost, best)
        return (reference < 0) | (threshold == 0) | (saving > threshold - SAME_MONEY)


def _ranking(score: np.ndarray, menu: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Plan indexes (n, J): the menu first, by the lowest score; ties: the plan held, then plan order."""
    is_other = np.arange(menu.shape[1]) != held[:, np.newaxis]
    return np.lexsort((is_other, score, ~menu), axis=-1)


def _reference(table: DecisionTable, held: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Shape (n,): the last advice if it can be given again, else the plan held; -1 where there is neither.

    It can be given again while it is on the menu and still costs less than staying: hysteresis is there to
    spare subscribers changes, never to repeat an advice that has turned into a loss.
    """
    last = np.full(len(table), -1) if table.last_recommended is None else table.last_recommended
    still_saves = (held < 0) | (_of(cost, last) < _of(cost, held) - SAME_MONEY)
    reference = np.where((last >= 0) & _of(table.menu, last) & still_saves, last, held)
    return np.where((reference >= 0) & _of(table.menu, reference), reference, -1)


def _reason(cost: np.ndarray, held: np.ndarray, best: np.ndarray, advice: np.ndarray) -> np.ndarray:
    """Shape (n,), position in `_REASONS`: why the advice is what it is, where there is any."""
    of_held = _of(cost, held)
    saves = of_held - _of(cost, advice) > SAME_MONEY
    best_saves = of_held - _of(cost, best) > SAME_MONEY
    reason = np.where(saves, SAVES, MOST_PROBABLE)
    reason[advice != best] = KEEPS_LAST_ADVICE
    reason[advice == held] = SAVING_TOO_SMALL
    reason[(advice == held) & ~best_saves] = NOTHING_BETTER
    reason[held < 0] = HELD_UNKNOWN
    return reason


def _first(advice: np.ndarray, ranking: np.ndarray) -> np.ndarray:
    """The ranking with the advice moved to the front."""
    if (ranking[:, 0] == advice).all():
        return ranking
    order = np.argsort(ranking != advice[:, np.newaxis], axis=1, kind="stable")
    return ranking[np.arange(len(ranking))[:, np.newaxis], order]


def _of(matrix: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """One entry per row; where the plan is -1 the last column's, which the caller does not use."""
    return matrix[np.arange(len(matrix)), plan]
