"""Model `ensemble`: a blend of several models."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline

from planrec.catalogue import Catalogue
from planrec.contracts import Model, ModelTraits
from planrec.model.forecast import Forecast
from planrec.model.forest import Forest
from planrec.model.hist_boosting import HistBoosting
from planrec.model.lgbm import Lgbm
from planrec.model.lgbm_bills import LgbmBills
from planrec.model.logistic import Logistic
from planrec.model.rerate import Rerate

Member = Annotated[
    Forecast | Forest | HistBoosting | Lgbm | LgbmBills | Logistic | Rerate, Field(discriminator="kind")
]


class Ensemble(Model):
    """A weighted mean of other models' predictions; the weights are chosen on inner folds.

    Probabilities are always blended. Bills are blended, and rank the plans, if every member forecasts them.
    """

    traits: ClassVar[ModelTraits] = ModelTraits(
        takes_calibration=False,
        is_exact_by_row=False,  # some members are not
        trusted_types=("planrec.model.ensemble.Members",),
    )

    kind: Literal["ensemble"]
    blend: Annotated[dict[str, Member], Field(min_length=2)]
    "The members, by names that you choose."
    n_picks: PositiveInt
    "Times that a member is picked: its weight is its share of the picks."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Build a blend without members: the run fits them, because it knows their features."""
        return Members([], [], [])


class Members(ClassifierMixin, BaseEstimator):
    """Fitted pipelines and their weights; `Recommender` blends their predictions."""

    def __init__(self, names: list[str], pipelines: list[Pipeline], weights: list[float]) -> None:
        """Keep names, fitted pipelines and weights of the members."""
        self.names = names
        self.pipelines = pipelines
        self.weights = weights

    def fit(self, X: object, y: np.ndarray) -> Self:
        """Change nothing, like scikit-learn's FrozenEstimator: a Pipeline requires the method."""
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Positions of the plans that any member knows, ascending."""
        return np.unique(np.concatenate([pipeline.classes_ for pipeline in self.pipelines]))

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are members."""
        return bool(self.pipelines)
