"""Isotonic regression, plan by plan (Zadrozny and Elkan 2002)."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.calibration.scaler import Scaler
from planrec.calibration.shares import renormalised


class Isotonic(Scaler):
    """Any rising curve over each plan's probability, renormalised.

    It needs many rows, and it answers 0 and 1.
    """

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.isotonic.IsotonicScaler",)

    kind: Literal["isotonic"]

    def build(self) -> BaseEstimator:
        """Build an unfitted scaler with one curve per class."""
        return IsotonicScaler()


class IsotonicScaler(BaseEstimator):
    """A rising, piecewise linear curve for each class against the others, renormalised.

    A class keeps its probability if no row or every row has it. A row keeps its probabilities if all curves
    are 0 there.
    """

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Fit on probabilities (n, n_classes), whose rows sum to 1, and the right columns (n,)."""
        columns = range(probability.shape[1])
        self.curves_ = [_curve(probability[:, column], y == column) for column in columns]
        return self

    def transform(self, probability: np.ndarray) -> np.ndarray:
        """Correct probabilities (n, n_classes); rows sum to 1; outside the fitted range curves are flat."""
        curved = [np.interp(probability[:, column], *curve) for column, curve in enumerate(self.curves_)]
        # In C order, so that the sum of a row does not depend on the number of rows.
        return renormalised(np.ascontiguousarray(np.array(curved).T), probability)


def _curve(probability: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the corners of the curve: probabilities, ascending, and observed frequencies."""
    from sklearn.isotonic import IsotonicRegression

    if right.all() or not right.any():
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(probability, right)
    return fitted.X_thresholds_, fitted.y_thresholds_
