"""Model `popular`: the baseline that every model must beat, one plan for all subscribers."""

from typing import ClassVar, Literal

from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits


class Popular(Model):
    """The most frequent plan of the training rows; of equally frequent plans the first in plan order."""

    traits: ClassVar[ModelTraits] = ModelTraits(probabilistic=False)

    kind: Literal["popular"]

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted DummyClassifier: probability 1 for one class, 0 for the others."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="most_frequent", random_state=seed)
