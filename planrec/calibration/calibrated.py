"""A fitted classifier behind a fitted calibrator."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.schema.columns import Columns

CALIBRATED = "planrec.calibration.calibrated.Calibrated"
"The name under which a saved pipeline holds `Calibrated`."


class Calibrated(ClassifierMixin, BaseEstimator):
    """Last step of a calibrated pipeline; both parts are already fitted."""

    def __init__(self, estimator: BaseEstimator, calibrator: BaseEstimator) -> None:
        """Keep a fitted classifier and its fitted calibrator."""
        self.estimator = estimator
        self.calibrator = calibrator

    def fit(self, X: np.ndarray | Columns, y: np.ndarray) -> Self:
        """Change nothing, like scikit-learn's FrozenEstimator: a Pipeline requires the method."""
        return self

    @property
    def classes_(self) -> np.ndarray:
        """Classes of the classifier, shape (n_classes,), ascending."""
        return self.estimator.classes_

    def predict_proba(self, X: np.ndarray | Columns) -> np.ndarray:
        """Predict the probability of each of `classes_`, shape (n, n_classes), rows sum to 1."""
        return self.calibrator.transform(self.estimator.predict_proba(X))

    def predict(self, X: np.ndarray | Columns) -> np.ndarray:
        """Predict the most probable class, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_is_fitted__(self) -> bool:
        """Return True: both parts are fitted."""
        return True
