"""A model: the share of each plan in training, smoothed by prior counts."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.catalogue import Catalogue
from planrec.contracts import Model


class AcmeShares(Model):
    """Predict the same probabilities for every subscriber."""

    kind: Literal["acme_shares"]
    prior_count: Annotated[float, Field(gt=0)]
    "Decisions added to each plan before the shares are computed."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return an unfitted classifier."""
        return SmoothedShares(self.prior_count)


class SmoothedShares(ClassifierMixin, BaseEstimator):
    """Class shares with prior counts; features are ignored."""

    def __init__(self, prior_count: float = 1.0) -> None:
        self.prior_count = prior_count

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Count the classes."""
        self.classes_, counts = np.unique(y, return_counts=True)
        smoothed = counts + self.prior_count
        self.shares_ = smoothed / smoothed.sum()
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the shares, shape (n, n_classes)."""
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the most frequent class, shape (n,)."""
        return np.full(len(X), self.classes_[self.shares_.argmax()])
