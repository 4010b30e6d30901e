"""Model `lgbm`: gradient boosting with LightGBM, sized by the number of subscribers."""

from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from annotated_types import Ge
from pydantic import PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.fold_proof import FOLD_PROOF, FoldProof
from planrec.model.lightgbm_settings import REPEATABLE


class Size(NamedTuple):
    """Values for tables from this number of subscribers on."""

    least_subscribers: int
    n_estimators: int
    num_leaves: int
    stop_early: bool


SIZES = (
    Size(20_000, n_estimators=500, num_leaves=31, stop_early=True),
    Size(2_000, n_estimators=500, num_leaves=15, stop_early=True),
    Size(0, n_estimators=100, num_leaves=7, stop_early=False),
)
"""For tables of single rows. Histories of months keep the last size: other sizes were not tried on them, and
their labels, the cheapest plans of later months, are mostly noise. Chosen on generated tables;
docs/results/defaults.md has the figures on others."""


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
    n_estimators: PositiveInt | None
    "Trees per class; null: 100, and up to 500 on tables of single rows of 2,000 subscribers or more."
    learning_rate: PositiveFloat
    num_leaves: Annotated[int, Ge(2)] | None
    "Most leaves of a tree; null: 7, and on such tables 15 from 2,000 and 31 from 20,000 subscribers on."
    min_child_samples: PositiveInt
    "Fewest training rows in a leaf."
    stop_early: bool | None
    """Whether inner folds choose the number of trees, up to n_estimators; null: on such tables, if
    n_estimators is null too."""

    def sized(self, n_subscribers: int) -> Self:
        """Copy the model with a value in place of each null, for a table of this number of subscribers."""
        size = next(size for size in SIZES if n_subscribers >= size.least_subscribers)
        return self.model_copy(
            update={
                "n_estimators": self.n_estimators or size.n_estimators,
                "num_leaves": self.num_leaves or size.num_leaves,
                "stop_early": size.stop_early and self.n_estimators is None
                if self.stop_early is None
                else self.stop_early,
            }
        )

    @property
    def most_rounds(self) -> int:
        """`n_estimators`, of a small table if it is null."""
        return self.n_estimators or SIZES[-1].n_estimators

    def with_rounds(self, rounds: int) -> Self:
        """Copy the model with this `n_estimators`, chosen by early stopping."""
        return self.model_copy(update={"n_estimators": rounds, "stop_early": True})

    @property
    def takes_weights(self) -> bool:
        """True."""
        return True

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `BoostedTrees`, LightGBM's classifier."""
        from planrec.model.boosted_trees import BoostedTrees

        return FoldProof(
            BoostedTrees(
                n_estimators=self.most_rounds,
                learning_rate=self.learning_rate,
                num_leaves=self.num_leaves or SIZES[-1].num_leaves,
                min_child_samples=self.min_child_samples,
                random_state=seed,
                **REPEATABLE,
            )
        )
