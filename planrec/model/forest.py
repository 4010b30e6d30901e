"""Model `forest`: random forest."""

from typing import ClassVar, Literal

from pydantic import PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.importances import IMPURITY


class Forest(Model):
    """Random forest; a missing value goes to the side of a split that fits training best."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        encoding="codes",
        trusted_types=(FOLD_PROOF, "sklearn.tree._tree.Tree"),
        importance_meaning=IMPURITY,
    )

    kind: Literal["forest"]
    n_estimators: PositiveInt
    "Trees."
    min_samples_leaf: PositiveInt
    "Fewest training rows in a leaf; more give smoother probabilities."

    @property
    def takes_weights(self) -> bool:
        """True."""
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted RandomForestClassifier."""
        from sklearn.ensemble import RandomForestClassifier

        return FoldProof(
            RandomForestClassifier(
                n_estimators=self.n_estimators, min_samples_leaf=self.min_samples_leaf, random_state=seed
            )
        )
