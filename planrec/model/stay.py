"""The baseline that changes nothing: everyone keeps the plan held."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.plan_rule import PlanRule, n_rows
from planrec.schema.columns import HELD, Columns


class Stay(Model):
    """Names the plan held; where it is unknown, every plan alike."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history", probabilistic=False, trusted_types=("planrec.model.stay.StayClassifier",)
    )

    kind: Literal["stay"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return a classifier over the catalogue's plans, or without one over the plans of the labels."""
        return StayClassifier(n_plans=None if catalogue is None else len(catalogue.plans))


class StayClassifier(PlanRule):
    """Probability 1 for the plan held."""

    def __init__(self, n_plans: int | None) -> None:
        self.n_plans = n_plans

    def fit(self, X: Columns, y: np.ndarray) -> Self:
        """Remember which plans there are."""
        return self._knows(int(np.max(y)) + 1 if self.n_plans is None else self.n_plans)

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Shape (n, J): 1 for the plan held, 1 / J for each where it is unknown."""
        held = X.get(HELD, np.full(n_rows(X), np.nan))
        is_held = held[:, np.newaxis] == self.classes_
        return np.where(is_held.any(axis=1, keepdims=True), is_held, 1 / len(self.classes_))
