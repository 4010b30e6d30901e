"""scikit-learn's histogram gradient boosting."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model
from planrec.model.fold_proof import FOLD_PROOF, FoldProof


class HistBoosting(Model):
    """Gradient boosting on binned features, without a package beyond scikit-learn."""

    encoding: ClassVar[Literal["codes", "one_hot"]] = "codes"
    trusted_types: ClassVar[tuple[str, ...]] = (
        FOLD_PROOF,
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    )

    rounds: ClassVar[str | None] = "max_iter"

    kind: Literal["hist_boosting"]
    max_iter: PositiveInt
    "Trees per class."
    learning_rate: PositiveFloat
    max_leaf_nodes: PositiveInt
    min_samples_leaf: PositiveInt
    "Fewest training rows in a leaf."
    stop_early: bool
    "Whether max_iter is only the most: as many as help subscribers of inner folds are kept."

    @property
    def stops_early(self) -> bool:
        return self.stop_early

    @property
    def takes_weights(self) -> bool:
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return scikit-learn's HistGradientBoostingClassifier, without early stopping."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return FoldProof(
            HistGradientBoostingClassifier(
                max_iter=self.max_iter,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=self.min_samples_leaf,
                # The default switches it on above 10,000 rows, with a split by row, not by subscriber.
                early_stopping=False,
                random_state=seed,
            )
        )

    def staged(self, estimator: BaseEstimator, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """All stages come in one pass; those asked for are kept."""
        classifier, X = estimator.classifier_, estimator.filled(X)
        if not hasattr(classifier, "staged_predict_proba"):  # one class: there are no trees
            yield from (classifier.predict_proba(X) for _ in rounds)
            return
        wanted = set(rounds.tolist())
        stages = enumerate(classifier.staged_predict_proba(X), start=1)
        yield from (probability for number, probability in stages if number in wanted)
