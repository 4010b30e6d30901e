"""Model `dummy`: the baseline of all probabilities, the share of each plan."""

from typing import Literal

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model


class Dummy(Model):
    """The share of each plan among the training rows, for every subscriber."""

    kind: Literal["dummy"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted DummyClassifier; nothing in it is random."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior", random_state=seed)
