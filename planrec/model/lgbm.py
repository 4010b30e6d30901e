"""LightGBM: the default model."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model
from planrec.model.fold_proof import FOLD_PROOF, FoldProof


class Lgbm(Model):
    """Gradient boosting with LightGBM, the same bits for any number of threads."""

    encoding: ClassVar[Literal["codes", "one_hot"]] = "codes"
    trusted_types: ClassVar[tuple[str, ...]] = (
        FOLD_PROOF,
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "planrec.model.boosted_trees.BoostedTrees",
        "lightgbm.sklearn.LGBMClassifier",
    )
    importance_is: ClassVar[str] = "gain of the splits"
    rounds: ClassVar[str | None] = "n_estimators"

    kind: Literal["lgbm"]
    n_estimators: PositiveInt
    "Trees per class."
    learning_rate: PositiveFloat
    num_leaves: Annotated[int, Ge(2)]
    "Most leaves of a tree."
    min_child_samples: PositiveInt
    "Fewest training rows in a leaf."
    stop_early: bool
    "Whether n_estimators is only the most: as many as help subscribers of inner folds are kept."

    @property
    def stops_early(self) -> bool:
        return self.stop_early

    @property
    def takes_weights(self) -> bool:
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return LightGBM's classifier."""
        from planrec.model.boosted_trees import BoostedTrees

        return FoldProof(
            BoostedTrees(
                n_estimators=self.n_estimators,
                learning_rate=self.learning_rate,
                num_leaves=self.num_leaves,
                min_child_samples=self.min_child_samples,
                deterministic=True,
                force_row_wise=True,  # the automatic choice is timed, hence not deterministic
                random_state=seed,
                verbose=-1,
            )
        )

    def staged(self, estimator: BaseEstimator, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """One prediction for each number of trees."""
        classifier, X = estimator.classifier_, estimator.filled(X)
        for number in rounds:
            # With one class there are no trees.
            asked = {"num_iteration": int(number)} if hasattr(classifier, "booster_") else {}
            yield classifier.predict_proba(X, **asked)

    def importance(self, estimator: BaseEstimator) -> np.ndarray | None:
        """Summed over all trees; None where one class was all that there was to learn."""
        booster = getattr(estimator.classifier_, "booster_", None)
        if booster is None:
            return None
        return np.asarray(booster.feature_importance(importance_type="gain"), np.float64)

    def contributions(self, estimator: BaseEstimator, X: np.ndarray) -> np.ndarray | None:
        """Exact (TreeSHAP), from LightGBM itself; zeros where one class was all that there was to learn."""
        booster = getattr(estimator.classifier_, "booster_", None)
        if booster is None:
            return np.zeros((len(X), 1, X.shape[1] + 1))
        # A column without any value in training is in no split: what it holds now does not matter.
        flat = booster.predict(X, pred_contrib=True, num_threads=1)
        return np.asarray(flat, np.float64).reshape(len(X), -1, X.shape[1] + 1)
