"""Model `stay`: the baseline in which every subscriber keeps the plan held."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.plan_rule import PlanRule, held_of
from planrec.schema.columns import Columns


class Stay(Model):
    """The plan held; if it is unknown, all plans with equal shares."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        reads="history", probabilistic=False, trusted_types=("planrec.model.stay.StayClassifier",)
    )

    kind: Literal["stay"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build a classifier over the catalogue's plans, or over those of the labels without a catalogue."""
        return StayClassifier(n_plans=None if catalogue is None else len(catalogue.plans))


class StayClassifier(PlanRule):
    """Probability 1 for the plan held."""

    def __init__(self, n_plans: int | None) -> None:
        """Keep the number of plans; None: as many as the labels have."""
        self.n_plans = n_plans

    def fit(self, X: Columns, y: np.ndarray) -> Self:
        """Remember the number of plans."""
        return self._knows(int(np.max(y)) + 1 if self.n_plans is None else self.n_plans)

    def predict_proba(self, X: Columns) -> np.ndarray:
        """Give 1 to the plan held, shape (n, J), or 1 / J for each plan if it is unknown."""
        is_held = held_of(X)[:, np.newaxis] == self.classes_
        return np.where(is_held.any(axis=1, keepdims=True), is_held, 1 / len(self.classes_))
