"""The baseline every model must beat: the same plan for everyone."""

from typing import ClassVar, Literal

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits


class Popular(Model):
    """Names the most frequent plan of the training rows; of equally frequent ones the first in plan order."""

    traits: ClassVar[ModelTraits] = ModelTraits(probabilistic=False)

    kind: Literal["popular"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return scikit-learn's DummyClassifier: probability 1 for one class, 0 for the others."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="most_frequent", random_state=seed)
