"""Platt scaling, plan by plan (Platt 1999)."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.calibration.scaler import Scaler
from planrec.calibration.shares import renormalised

SMALLEST = 1e-6
"Probabilities are clipped to [SMALLEST, 1 - SMALLEST]: forests return 0 and 1, whose logits are infinite."


class Sigmoid(Scaler):
    """A logistic curve over each plan's logit, renormalised over the plans."""

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.sigmoid.PlattScaler",)

    kind: Literal["sigmoid"]

    def build(self) -> BaseEstimator:
        """Build an unfitted scaler with one curve per class."""
        return PlattScaler()


class PlattScaler(BaseEstimator):
    """A curve sigmoid(slope * logit(p) + intercept) for each class against the others, renormalised.

    Slopes are >= 0, so that a higher probability never becomes the lower one. A class keeps its probability,
    with slope NaN, if no row or every row has it.
    """

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Fit on probabilities (n, n_classes), whose rows sum to 1, and the right columns (n,)."""
        logits = _logits(probability)
        curves = [_curve(logits[:, column], y == column) for column in range(probability.shape[1])]
        self.slope_, self.intercept_ = np.array(curves).T
        return self

    def transform(self, probability: np.ndarray) -> np.ndarray:
        """Correct probabilities (n, n_classes); rows sum to 1."""
        from scipy.special import expit

        curved = expit(self.slope_ * _logits(probability) + self.intercept_)
        return renormalised(np.where(np.isnan(self.slope_), probability, curved), probability)


def _logits(probability: np.ndarray) -> np.ndarray:
    clipped = np.ascontiguousarray(probability).clip(SMALLEST, 1 - SMALLEST)
    return np.log(clipped) - np.log1p(-clipped)


def _curve(logit: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Compute slope and intercept of least log-loss against Platt's targets; NaN if one side is empty."""
    from scipy.optimize import minimize
    from scipy.special import expit

    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if not n_right or not n_wrong:
        return np.nan, np.nan
    # Platt's targets add one row to either side, so that a perfect separation has a finite curve.
    target = np.where(right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))

    def loss(curve: np.ndarray) -> tuple[float, np.ndarray]:
        score = curve[0] * logit + curve[1]
        error = expit(score) - target
        return float((np.logaddexp(0, score) - target * score).mean()), np.array(
            [(error * logit).mean(), error.mean()]
        )

    start = np.array([0.0, np.log((n_right + 1) / (n_wrong + 1))])
    slope, intercept = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)]).x
    return float(slope), float(intercept)
