"""The base of rules, which learn nothing and name a plan."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.schema.columns import HELD, Columns


class PlanRule(ClassifierMixin, BaseEstimator):
    """A classifier over all plans whose output follows from the columns of a decision alone.

    The probabilities of a rule are an order, not chances.
    """

    def predict(self, X: Columns) -> np.ndarray:
        """Name the plan of the rule, shape (n,), int64."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _knows(self, n_plans: int) -> Self:
        self.classes_ = np.arange(n_plans)
        return self


def n_rows(X: Columns) -> int:
    """Count the decisions of some columns."""
    return len(next(iter(X.values())))


def held_of(X: Columns) -> np.ndarray:
    """Look up the index of the plan held, shape (n,), int64; -1 if unknown.

    Examples:
        >>> held_of({"held": np.array([2.0, np.nan])}).tolist()
        [2, -1]
    """
    held = X.get(HELD, np.full(n_rows(X), np.nan))
    return np.where(np.isnan(held), -1.0, held).astype(np.int64)


def shares_by_rank(rank: np.ndarray) -> np.ndarray:
    """Turn ranks 0 (best) to J - 1 along the last axis into shares that sum to 1, the best rank highest.

    Examples:
        >>> shares_by_rank(np.array([1, 0])).round(2).tolist()
        [0.33, 0.67]
    """
    weight = rank.shape[-1] - rank
    return weight / weight.sum(axis=-1, keepdims=True)
