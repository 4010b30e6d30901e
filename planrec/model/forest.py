"""Random forest."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.importances import IMPURITY, importances_of


class Forest(Model):
    """Random forest; a missing value goes to the side of a split that suits training best."""

    encoding: ClassVar[Literal["codes", "one_hot"]] = "codes"
    trusted_types: ClassVar[tuple[str, ...]] = (FOLD_PROOF, "sklearn.tree._tree.Tree")
    importance_is: ClassVar[str] = IMPURITY

    kind: Literal["forest"]
    n_estimators: PositiveInt
    "Trees."
    min_samples_leaf: PositiveInt
    "Fewest training rows in a leaf; more give smoother probabilities."

    @property
    def takes_weights(self) -> bool:
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return scikit-learn's RandomForestClassifier."""
        from sklearn.ensemble import RandomForestClassifier

        return FoldProof(
            RandomForestClassifier(
                n_estimators=self.n_estimators, min_samples_leaf=self.min_samples_leaf, random_state=seed
            )
        )

    def importance(self, estimator: BaseEstimator) -> np.ndarray | None:
        """Mean over the trees, shares of 1."""
        return importances_of(estimator)
