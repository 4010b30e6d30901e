"""Model `cheapest_fee`: the baseline that ignores usage, the plan with the lowest monthly fee."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits, required_catalogue
from planrec.model.plan_rule import PlanRule, n_rows, shares_by_rank
from planrec.schema.columns import Columns


class CheapestFee(Model):
    """Plans in the order of their recurring fees; the cheapest one of each menu is named."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history",
        probabilistic=False,
        needs_catalogue=True,
        ranks_unseen_plans=True,
        trusted_types=("planrec.model.cheapest_fee.CheapestFeeClassifier",),
    )

    kind: Literal["cheapest_fee"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build a classifier over the catalogue's plans."""
        return CheapestFeeClassifier(catalogue=required_catalogue(catalogue, self.kind).json_text)


class CheapestFeeClassifier(PlanRule):
    """Shares that rise as the fee falls, the same for all subscribers; equal fees have equal shares."""

    def __init__(self, catalogue: str) -> None:
        """Keep the catalogue as JSON."""
        self.catalogue = catalogue

    def fit(self, X: Columns, y: np.ndarray) -> Self:
        """Remember the number of plans."""
        return self._knows(len(Catalogue.from_json(self.catalogue).plans))

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Compute shares, shape (n, J)."""
        fees = [plan.fee.recurring for plan in Catalogue.from_json(self.catalogue).plans]
        rank = np.array([sorted(fees).index(fee) for fee in fees])
        return np.tile(shares_by_rank(rank), (n_rows(X), 1))
