"""Protocols of a model's estimator: what some estimators can do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from planrec.schema.columns import Columns
from planrec.schema.predictions import PastBills

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


ModelInput = np.ndarray | Columns
"""The matrix of the feature set, or the `Columns` of models that read histories."""


class Classifier(Protocol):
    """The estimator of a model, fitted."""

    classes_: np.ndarray
    "Shape (n_classes,): positions of plans, ascending."

    def predict_proba(self, X: ModelInput) -> np.ndarray:
        """Predict the probability of each of `classes_`, shape (n, n_classes); rows sum to 1."""


@runtime_checkable
class StagedClassifier(Protocol):
    """An estimator that knows its predictions after fewer rounds of boosting."""

    def staged(self, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """Yield `predict_proba` after each of these numbers of rounds, which rise."""


@runtime_checkable
class BillForecaster(Protocol):
    """An estimator that forecasts bills."""

    def predict_bills(self, X: ModelInput) -> dict[str, np.ndarray]:
        """Compute fields of `Prediction` by name, shape (n, J) each, `bill_mean` among them.

        If `probability` is among them, it equals `predict_proba`, which is then not called.
        """


@runtime_checkable
class BillCorrector(Protocol):
    """An estimator that corrects the re-rated bills of past months.

    Its `fit` takes `(X, y, past, came)`; `came`, shape (n, J), are the mean monthly bills after the decision.
    """

    def correct_bills(self, X: ModelInput, past: PastBills) -> dict[str, np.ndarray]:
        """Compute fields of `Prediction` by name, as `BillForecaster.predict_bills` does."""


@runtime_checkable
class BillDistribution(Protocol):
    """An estimator that knows how probable each bill is."""

    def bill_chances(self, X: ModelInput, bills: np.ndarray) -> np.ndarray:
        """Compute P(bill < b) and P(bill <= b), shape (n, J, 2).

        `bills` b, shape (n, J), are sums over the horizon in minor units.
        """


@runtime_checkable
class Explainable(Protocol):
    """An estimator that knows how much its features count."""

    def importance(self) -> np.ndarray | None:
        """Compute the weight of each feature, shape (n_features,), float64, >= 0; None if there are none.

        `ModelTraits.importance_meaning` names the unit.
        """

    def contributions(self, X: np.ndarray) -> np.ndarray | None:
        """Compute the exact part of each feature in the raw scores; None if it is not known.

        Shape (n, n_scores, n_features + 1), float64: one score for two plans, else one for each class. The
        last column is the constant, so that the sum over the last axis is the raw score.
        """


@runtime_checkable
class Blend(Protocol):
    """An estimator that blends the predictions of fitted pipelines."""

    names: list[str]
    "Names of the members with a weight; keys of `BlendModel.blend`."
    pipelines: "list[Pipeline]"
    weights: list[float]
    "Sum 1."
