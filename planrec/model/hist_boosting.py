"""Model `hist_boosting`: scikit-learn's histogram gradient boosting."""

from typing import ClassVar, Literal, Self

from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof


class HistBoosting(Model):
    """Gradient boosting on binned features; it needs no package beyond scikit-learn."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        encoding="codes",
        trusted_types=(FOLD_PROOF, "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"),
    )

    kind: Literal["hist_boosting"]
    max_iter: PositiveInt
    "Trees per class."
    learning_rate: PositiveFloat
    max_leaf_nodes: PositiveInt
    min_samples_leaf: PositiveInt
    "Fewest training rows in a leaf."
    stop_early: bool
    "Whether inner folds choose the number of trees, up to max_iter."

    @property
    def most_rounds(self) -> int:
        """`max_iter`."""
        return self.max_iter

    def with_rounds(self, rounds: int) -> Self:
        """Copy the model with this `max_iter`."""
        return self.model_copy(update={"max_iter": rounds})

    @property
    def takes_weights(self) -> bool:
        """True."""
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted HistGradientBoostingClassifier, without its own early stopping."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return FoldProof(
            HistGradientBoostingClassifier(
                max_iter=self.max_iter,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.max_leaf_nodes,
                min_samples_leaf=self.min_samples_leaf,
                # The default turns it on above 10,000 rows, and splits by row, not by subscriber.
                early_stopping=False,
                random_state=seed,
            )
        )
