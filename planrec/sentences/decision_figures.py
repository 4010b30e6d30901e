"""The figures of decisions, as the answer has them: rounded once, in minor units."""

from typing import NamedTuple

import numpy as np

from planrec.catalogue.monthly_cost import UNKNOWN_AMOUNT, in_minor_units, saving_against_held, savings
from planrec.catalogue.past_usage import PastUsage
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences.decision_sentences import SENTENCES
from planrec.sentences.locale_formats import whole_percent

NAMES_PERCENT = [
    reason for texts in SENTENCES.values() for reason, text in texts.items() if "{percent}" in text["en"]
]
"Reason codes whose sentences name a probability."


class Money(NamedTuple):
    """An expected amount a month and the range of 8 cases in 10, minor units."""

    expected: int
    low: int | None
    high: int | None
    "None unless the model forecasts bills."
    past: int | None
    "The same at the usage of the last months; None without a known month."

    @property
    def is_past(self) -> bool:
        """Whether the expectation is no more than the past."""
        return self.low is None and self.expected == self.past


class DecisionFigures(NamedTuple):
    """The figures behind one decision."""

    percent: int
    "Probability of the plan advised, 1 to 99; 0 if no sentence has it, so that equal texts are found again."
    saving: Money | None
    """Against the plan held, with the cost of changing spread over the horizon: of the plan advised, or of
    the best other plan if the advice is to stay. None if it is unknown."""
    bill: Money | None
    "Of the plan advised; None if it is unknown."
    trend: int
    "Positive if later bills are expected to be higher than at past usage, negative if lower."
    n_months: int
    "Past months that are known."
    costs_to_change: bool


def figures_of(
    table: DecisionTable, prediction: Prediction, decisions: Decisions, past: PastUsage | None
) -> list[DecisionFigures]:
    """Collect the figures of each decision."""
    n, width = table.menu.shape
    if not n:
        return []
    picked = _Picked(table, decisions)
    share = whole_percent(picked.of(prediction.probability, picked.advised))
    percent = np.where(np.isin(decisions.reason.astype(str), NAMES_PERCENT), share, 0).tolist()
    no_money: list[Money | None] = [None] * n
    if prediction.bill_mean is None:
        return [DecisionFigures(share, None, None, 0, 0, costs_to_change=False) for share in percent]
    past_bill = None if past is None else past.expected_bill
    saving = savings(table, prediction)
    past_saving = None if past_bill is None else saving_against_held(past_bill, table)
    quantiles = (prediction.saving_p10, prediction.saving_p90, past_saving)
    bills = (prediction.bill_p10, prediction.bill_p90, past_bill)
    to_change = np.zeros((n, width), bool) if table.switching_cost is None else table.switching_cost > 0
    return [
        DecisionFigures(*figures)
        for figures in zip(
            percent,
            no_money if saving is None else picked.money(picked.subject, saving, *quantiles),
            picked.money(picked.advised, prediction.bill_mean, *bills),
            [0] * n if past_bill is None else picked.trend(prediction.bill_mean, past_bill),
            [0] * n if past is None else past.months.tolist(),
            picked.of(to_change, picked.subject).tolist(),
            strict=True,
        )
    ]


class _Picked:
    """The entries of matrices that the decisions of a table are about."""

    def __init__(self, table: DecisionTable, decisions: Decisions) -> None:
        self._minor_units = table.minor_units
        self._rows = np.arange(len(table))
        self.advised = np.maximum(decisions.recommended, 0)
        following = decisions.ranking[:, min(1, len(table.plans) - 1)]
        self.subject = np.where(decisions.decision == "stay", following, self.advised)
        self._held = (
            self.advised if table.held is None else np.where(table.held < 0, self.advised, table.held)
        )

    def of(self, matrix: np.ndarray, plan: np.ndarray) -> np.ndarray:
        entries: np.ndarray = matrix[self._rows, plan]
        return entries

    def money(self, plan: np.ndarray, *matrices: np.ndarray | None) -> list[Money | None]:
        """Return the amounts of a plan per row: the expectation, its range and the past."""
        columns = [self._minor(matrix, plan) for matrix in matrices]
        return [None if row[0] is None else Money(*row) for row in zip(*columns, strict=True)]

    def trend(self, bills: np.ndarray, past_bills: np.ndarray) -> list[int]:
        """Compare expected with past bills of the plan held; of the plan advised if those are equal."""
        held, advised = (
            in_minor_units(self.of(bills - past_bills, plan), self._minor_units)
            for plan in (self._held, self.advised)
        )
        trend: list[int] = np.where(held != 0, held, advised).tolist()
        return trend

    def _minor(self, matrix: np.ndarray | None, plan: np.ndarray) -> list[int | None]:
        if matrix is None:
            return [None] * len(self._rows)
        minor = in_minor_units(self.of(matrix, plan), self._minor_units).tolist()
        return [None if amount == UNKNOWN_AMOUNT else amount for amount in minor]
