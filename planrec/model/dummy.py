"""The floor of every probability: the share of each plan, whatever the subscriber does."""

from typing import Literal

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model


class Dummy(Model):
    """Predicts the share of each plan among the training rows."""

    kind: Literal["dummy"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return scikit-learn's DummyClassifier; nothing in it is random."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior", random_state=seed)
