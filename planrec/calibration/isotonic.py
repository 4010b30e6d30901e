"""Isotonic regression, plan by plan (Zadrozny and Elkan 2002)."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge
from sklearn.base import BaseEstimator

from planrec.calibration.shares import renormalised
from planrec.contracts import Calibration


class Isotonic(Calibration):
    """Any rising curve over each plan's probability, renormalised; needs many rows, and answers 0 and 1."""

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.isotonic.IsotonicScaler",)

    kind: Literal["isotonic"]
    n_folds: Annotated[int, Ge(2)]
    "Folds of the training rows' subscribers whose out-of-fold probabilities it learns from."

    @property
    def cross_fit_folds(self) -> int:
        """`n_folds`."""
        return self.n_folds

    def build(self) -> BaseEstimator:
        """Return the scaler of one curve per class."""
        return IsotonicScaler()


class IsotonicScaler(BaseEstimator):
    """A rising, piecewise linear curve for each class against the others, renormalised.

    A class that no row, or every row, has keeps its probability; so does a row for which all curves are 0.
    """

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Learn from probabilities (n, n_classes), rows sum to 1, and the right columns (n,)."""
        columns = range(probability.shape[1])
        self.curves_ = [_curve(probability[:, column], y == column) for column in columns]
        return self

    def transform(self, probability: np.ndarray) -> np.ndarray:
        """Probabilities (n, n_classes), rows sum to 1; beyond what was seen the curves go on level."""
        curved = [np.interp(probability[:, column], *curve) for column, curve in enumerate(self.curves_)]
        # In C order, so that rows are summed alike however many there are.
        return renormalised(np.ascontiguousarray(np.array(curved).T), probability)


def _curve(probability: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the curve bends: probability given, ascending, and share that was right."""
    from sklearn.isotonic import IsotonicRegression

    if right.all() or not right.any():
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(probability, right)
    return fitted.X_thresholds_, fitted.y_thresholds_
