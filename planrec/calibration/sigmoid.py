"""Platt scaling, plan by plan (Platt 1999)."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge
from sklearn.base import BaseEstimator

from planrec.calibration.shares import renormalised
from planrec.contracts import Calibration

SMALLEST = 1e-6
"Probabilities are clipped to [SMALLEST, 1 - SMALLEST]: forests answer 0 and 1, whose logits are infinite."


class Sigmoid(Calibration):
    """A logistic curve over each plan's logit, renormalised over the plans."""

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.sigmoid.PlattScaler",)

    kind: Literal["sigmoid"]
    n_folds: Annotated[int, Ge(2)]
    "Folds of the training rows' subscribers whose out-of-fold probabilities it learns from."

    @property
    def cross_fit_folds(self) -> int:
        """`n_folds`."""
        return self.n_folds

    def build(self) -> BaseEstimator:
        """Return the scaler of one curve per class."""
        return PlattScaler()


class PlattScaler(BaseEstimator):
    """sigmoid(slope * logit(p) + intercept) for each class against the others, renormalised.

    Slopes are >= 0, so that more never becomes less. A class that no row, or every row, has keeps its
    probability: slope NaN.
    """

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Learn from probabilities (n, n_classes), rows sum to 1, and the right columns (n,)."""
        logits = _logits(probability)
        curves = [_curve(logits[:, column], y == column) for column in range(probability.shape[1])]
        self.slope_, self.intercept_ = np.array(curves).T
        return self

    def transform(self, probability: np.ndarray) -> np.ndarray:
        """Probabilities (n, n_classes), rows sum to 1."""
        from scipy.special import expit

        curved = expit(self.slope_ * _logits(probability) + self.intercept_)
        return renormalised(np.where(np.isnan(self.slope_), probability, curved), probability)


def _logits(probability: np.ndarray) -> np.ndarray:
    clipped = np.ascontiguousarray(probability).clip(SMALLEST, 1 - SMALLEST)
    return np.log(clipped) - np.log1p(-clipped)


def _curve(logit: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of least log-loss against Platt's targets; NaN where there is one side only."""
    from scipy.optimize import minimize
    from scipy.special import expit

    n_right, n_wrong = int(right.sum()), int((~right).sum())
    if not n_right or not n_wrong:
        return np.nan, np.nan
    # Platt's targets: one more row on either side, so that a perfect separation has a finite curve.
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
