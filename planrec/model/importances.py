"""Importances of features, read from fitted classifiers."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

if TYPE_CHECKING:
    from lightgbm import Booster

IMPURITY = "impurity decrease of the splits"
COEFFICIENTS = "mean absolute coefficient on standardised inputs"


@runtime_checkable
class _Boosted(Protocol):
    """A fitted classifier of LightGBM."""

    booster_: "Booster"


@runtime_checkable
class _Trees(Protocol):
    """A fitted classifier of scikit-learn with importances of its own."""

    feature_importances_: np.ndarray


@runtime_checkable
class _Linear(Protocol):
    """A fitted classifier of scikit-learn with coefficients."""

    coef_: np.ndarray


def importances_of(fitted: BaseEstimator, n_features: int) -> np.ndarray | None:
    """Read the classifier's own importances, shape (n_features,); None if it has none.

    In a pipeline behind imputing, the column that marks the gaps of a feature counts for that feature.
    """
    steps = fitted.steps if isinstance(fitted, Pipeline) else [("classifier", fitted)]
    weights = _weights(steps[-1][1])
    if weights is None:
        return None
    importances = weights[:n_features].copy()
    # SimpleImputer(add_indicator=True) appends one column for each feature with gaps.
    gaps = weights[n_features:]
    if len(gaps):
        importances[steps[0][1].indicator_.features_] += gaps
    return importances


def _weights(classifier: object) -> np.ndarray | None:
    if isinstance(classifier, _Boosted):  # its own feature_importances_ count splits, not their gain
        return np.asarray(classifier.booster_.feature_importance(importance_type="gain"), np.float64)
    if isinstance(classifier, _Trees):
        return np.asarray(classifier.feature_importances_, np.float64)
    if isinstance(classifier, _Linear):
        return np.asarray(np.abs(classifier.coef_).mean(axis=0))
    return None
