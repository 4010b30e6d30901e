"""Several models as one."""

from typing import Annotated, Any, ClassVar, Literal, Self

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

    Bills are blended where every member forecasts them, and then decide; probabilities always are.
    """

    traits: ClassVar[ModelTraits] = ModelTraits(
        takes_calibration=False,
        is_exact_by_row=False,  # some members are not
        trusted_types=("planrec.model.ensemble.Members",),
    )

    kind: Literal["ensemble"]
    blend: Annotated[dict[str, Member], Field(min_length=2)]
    "The members, by names of their own."
    n_picks: PositiveInt
    "Times that a member is picked: its weight is its share of the picks."

    def build(self, seed: int, catalogue: Catalogue | None) -> BaseEstimator:
        """Return a blend of nothing: its members are fitted by whoever knows their features."""
        return Members([], [], [])


class Members(ClassifierMixin, BaseEstimator):
    """Fitted pipelines and their weights; `Recommender` asks each and blends what they say."""

    def __init__(self, names: list[str], pipelines: list[Pipeline], weights: list[float]) -> None:
        self.names = names
        self.pipelines = pipelines
        self.weights = weights

    def fit(self, X: Any, y: np.ndarray) -> Self:
        """Change nothing, like scikit-learn's FrozenEstimator: a Pipeline asks for the method."""
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Positions of the plans that any member knows, ascending."""
        return np.unique(np.concatenate([pipeline.classes_ for pipeline in self.pipelines]))

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self.pipelines)
