"""Predictions, decisions, and the columns of the out-of-fold table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """Output of every model, shape (n, J) each; None if the model or the table has no bills.

    Quantiles belong to the mean monthly bill over the H label months, in the currency's major unit.
    """

    probability: np.ndarray
    "Over all `plans` (never over one fold's classes), 0 outside the menu, rows sum to 1."
    bill_mean: np.ndarray | None = None
    bill_p10: np.ndarray | None = None
    bill_p90: np.ndarray | None = None
    prob_cheaper: np.ndarray | None = None
    saving_p10: np.ndarray | None = None
    saving_p50: np.ndarray | None = None
    saving_p90: np.ndarray | None = None
    ranks_by_bill: bool = False
    "Whether plans are ranked by `bill_mean`: the model forecasts bills. Else by `probability`."

    def take(self, rows: np.ndarray) -> Self:
        """Return the predictions at these positions, in this order."""
        return replace(self, **{name: array[rows] for name, array in self.arrays.items()})

    @property
    def arrays(self) -> dict[str, Any]:
        """Return the fields that the model filled."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Concatenate predictions of one model; keep the fields that all of them have.

        Ensembles keep different members in different folds.
        """
        shared = set.intersection(*(set(part.arrays) for part in parts))
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in shared}
        return cls(**arrays, ranks_by_bill=parts[0].ranks_by_bill)


@dataclass(frozen=True)
class PastBills:
    """Re-rated bills of the last months, for models that correct them."""

    mean: np.ndarray
    "Shape (n, J): mean monthly bill of the re-rated months, the major unit; NaN without a known month."
    held: np.ndarray
    "Shape (n,), int64: index of the plan held, -1 if unknown."
    horizon: int
    "Months that a future bill is the mean of."
    exit_fee: np.ndarray | None = None
    "Shape (n,): `DecisionTable.exit_fee`."


@dataclass(frozen=True)
class Decisions:
    """Advice for each subscriber."""

    recommended: np.ndarray
    "Shape (n,), int64: index of the first recommendation; the plan held for stay; -1 for abstain."
    decision: np.ndarray
    "Shape (n,), object: recommend | stay | abstain."
    reason: np.ndarray
    "Shape (n,), object: reason code of the decision."
    ranking: np.ndarray
    "Shape (n, J), int64: plan indexes, best first; plans outside the menu come last."


class OutOfFold:
    """Columns of the out-of-fold table: one row per decision, repeat and model.

    Plan columns are a prefix and the plan id: `probability@smart`.
    """

    DECISION_ID = "decision_id"
    "Position of the decision in the DecisionTable."
    REPEAT = "repeat"
    FOLD = "fold"
    MODEL = "model"
    "Name of the model's option: `lgbm`, or the baseline's name."
    SUBSCRIBER = "subscriber"
    AS_OF = "as_of"
    HELD = "held"
    Y = "y"
    "Plan id of the label."
    RECOMMENDED = "recommended"
    "Plan id of the first recommendation; missing for abstain."
    DECISION = "decision"
    "recommend | stay | abstain."
    REASON = "reason"
    LAST_RECOMMENDED = "last_recommended"
    "Plan id of the advice before; missing for the first."
    HORIZON = "horizon"
    "Months that the bills are summed over."
    USAGE_DECILE = "usage_decile"
    "1 to 10, by the mean MiB of the window."
    PROBABILITY = "probability@"
    MENU = "menu@"
    BILL = "bill@"
    "Expected mean monthly bill; money in this table is in the currency's major unit."
    P10 = "p10@"
    P90 = "p90@"
    CHEAPER = "cheaper@"
    BELOW = "below@"
    "Probability that the mean monthly bill is lower than the one that came."
    UPTO = "upto@"
    "Probability that it is at most the one that came: more than `below@` if many draws are equal."
    FUTURE = "future@"
    "Sum of the realised bills over the horizon."
    SWITCHING = "switching@"
    "One-off cost of moving to the plan; 0 for the plan held."
    HIDDEN = "hidden@"
    "The simulator's true expectation of `future@`."
    SEGMENT = "segment@"
