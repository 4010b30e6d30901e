"""What the rules have in common: they learn nothing, and name a plan all the same."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.schema.columns import Columns


class PlanRule(ClassifierMixin, BaseEstimator):
    """A classifier over all plans whose probabilities follow from the columns of a decision alone.

    Probabilities of a rule are an order, not chances.
    """

    def predict(self, X: Columns) -> np.ndarray:
        """The plan that the rule names, shape (n,), int64."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _knows(self, n_plans: int) -> Self:
        self.classes_ = np.arange(n_plans)
        return self


def n_rows(X: Columns) -> int:
    """How many decisions the columns are about."""
    return len(next(iter(X.values())))


def shares_by_rank(rank: np.ndarray) -> np.ndarray:
    """Rank 0 (best) to J - 1 along the last axis -> shares that sum to 1, more for the better rank."""
    weight = rank.shape[-1] - rank
    return weight / weight.sum(axis=-1, keepdims=True)
