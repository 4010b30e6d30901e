"""Model `rerate`: a strong baseline, the bills of the last months on every plan."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import tie_ranks
from planrec.catalogue.past_usage import PastUsage
from planrec.contracts import Model, ModelTraits, required_catalogue
from planrec.model.plan_rule import PlanRule, held_of, shares_by_rank
from planrec.schema.columns import Columns


class Rerate(Model):
    """Mean bill of the last months on every plan, as if the months to come were like them."""

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
    "Latest months that are rated; fewer if fewer are known."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build a classifier over the catalogue's plans."""
        plans = required_catalogue(catalogue, self.kind)
        return RerateClassifier(catalogue=plans.json_text, window=self.window)


class RerateClassifier(PlanRule):
    """Shares that rise as the mean bill falls; ties: the plan held, the lower fee, the plan id."""

    def __init__(self, catalogue: str, window: int) -> None:
        """Keep the catalogue as JSON and the number of months."""
        self.catalogue = catalogue
        self.window = window

    def fit(self, X: Columns, y: np.ndarray) -> Self:
        """Remember the number of plans."""
        return self._knows(len(Catalogue.from_json(self.catalogue).plans))

    def predict_bills(self, X: Columns) -> dict[str, np.ndarray]:
        """Compute `bill_mean`, shape (n, J), the currency's major unit; without any known month the fee."""
        catalogue = Catalogue.from_json(self.catalogue)
        # Summed in whole minor units: plans that cost the same have equal means, to the last bit.
        mean = PastUsage(X, catalogue, self.window).expected_bill
        fees = np.array([float(plan.fee.recurring) for plan in catalogue.plans])
        return {"bill_mean": np.where(np.isnan(mean), fees, mean)}

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Compute shares, shape (n, J)."""
        bill_mean = self.predict_bills(X)["bill_mean"]
        ranks = tie_ranks(Catalogue.from_json(self.catalogue), held_of(X))
        order = np.lexsort((ranks, bill_mean), axis=-1)
        return shares_by_rank(np.argsort(order, axis=-1))
