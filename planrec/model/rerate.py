"""The baseline that is hard to beat: what the last months would have cost on every plan."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.contracts import Model, ModelTraits, required_catalogue
from planrec.model.plan_rule import PlanRule, n_rows, shares_by_rank
from planrec.schema.columns import HELD, Columns


class Rerate(Model):
    """Rates each of the last months on every plan and takes the mean: the months to come are like these."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history",
        probabilistic=False,
        needs_catalogue=True,
        forecasts_bills=True,
        ranks_unseen_plans=True,
        trusted_types=("planrec.model.rerate.RerateClassifier",),
    )

    kind: Literal["rerate"]
    window: PositiveInt
    "Months looked at, the latest ones; fewer where fewer are known."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return a classifier over the catalogue's plans."""
        plans = required_catalogue(catalogue, self.kind)
        return RerateClassifier(catalogue=plans.json_text, window=self.window)


class RerateClassifier(PlanRule):
    """The lower the mean bill, the higher the share; ties: the plan held, the lower fee, the plan id."""

    def __init__(self, catalogue: str, window: int) -> None:
        self.catalogue = catalogue
        self.window = window

    def fit(self, X: Columns, y: np.ndarray) -> Self:
        """Remember which plans there are."""
        return self._knows(len(Catalogue.from_json(self.catalogue).plans))

    def predict_bills(self, X: Columns) -> dict[str, np.ndarray]:
        """`bill_mean`, shape (n, J), the currency's major unit; without any known month the fee alone."""
        catalogue = Catalogue.from_json(self.catalogue)
        # Summed in whole minor units: plans that cost the same have equal means, to the last bit.
        mean = PastUsage(X, catalogue, self.window).expected_bill
        fees = np.array([float(plan.fee.recurring) for plan in catalogue.plans])
        return {"bill_mean": np.where(np.isnan(mean), fees, mean)}

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Shape (n, J)."""
        bill_mean = self.predict_bills(X)["bill_mean"]
        plans = Catalogue.from_json(self.catalogue).plans
        by_fee_and_id = sorted(self.classes_, key=lambda index: (plans[index].fee.recurring, plans[index].id))
        held = X.get(HELD, np.full(n_rows(X), np.nan))
        is_held = held[:, np.newaxis] == self.classes_
        last_tie = np.broadcast_to(np.argsort(by_fee_and_id), bill_mean.shape)
        order = np.lexsort((last_tie, ~is_held, bill_mean), axis=-1)
        return shares_by_rank(np.argsort(order, axis=-1))
