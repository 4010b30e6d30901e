"""Model `lgbm`: gradient boosting with LightGBM, the default."""

from typing import Annotated, ClassVar, Literal, Self

from annotated_types import Ge
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.lightgbm_settings import REPEATABLE


class Lgbm(Model):
    """Gradient boosting with LightGBM; the same bits for any number of threads."""

    traits: ClassVar[ModelTraits] = ModelTraits(
        encoding="codes",
        trusted_types=(
            FOLD_PROOF,
            "collections.OrderedDict",
            "lightgbm.basic.Booster",
            "planrec.model.boosted_trees.BoostedTrees",
            "lightgbm.sklearn.LGBMClassifier",
        ),
        importance_meaning="gain of the splits",
    )

    kind: Literal["lgbm"]
    n_estimators: PositiveInt
    "Trees per class."
    learning_rate: PositiveFloat
    num_leaves: Annotated[int, Ge(2)]
    "Most leaves of a tree."
    min_child_samples: PositiveInt
    "Fewest training rows in a leaf."
    stop_early: bool
    "Whether inner folds choose the number of trees, up to n_estimators."

    @property
    def most_rounds(self) -> int:
        """`n_estimators`."""
        return self.n_estimators

    def with_rounds(self, rounds: int) -> Self:
        """Copy the model with this `n_estimators`."""
        return self.model_copy(update={"n_estimators": rounds})

    @property
    def takes_weights(self) -> bool:
        """True."""
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `BoostedTrees`, LightGBM's classifier."""
        from planrec.model.boosted_trees import BoostedTrees

        return FoldProof(
            BoostedTrees(
                n_estimators=self.n_estimators,
                learning_rate=self.learning_rate,
                num_leaves=self.num_leaves,
                min_child_samples=self.min_child_samples,
                random_state=seed,
                **REPEATABLE,
            )
        )
