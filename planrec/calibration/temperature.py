"""Temperature scaling: one number for all plans (Guo et al. 2017)."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Ge
from sklearn.base import BaseEstimator

from planrec.calibration.shares import renormalised
from planrec.contracts import Calibration

MOST = 10.0
"The temperature lies in [1 / MOST, MOST]: it would fall to 0 where all is right, and never stop on noise."
LEAST_GAIN = 1e-9
"Nats by which a temperature must lower the log-loss to be taken: what cannot be told apart stays as it is."


class Temperature(Calibration):
    """Sharpens or softens all plans alike: p^(1/T), renormalised. The most probable plan stays the same."""

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.temperature.TemperatureScaler",)

    kind: Literal["temperature"]
    n_folds: Annotated[int, Ge(2)]
    "Folds of the training rows' subscribers whose out-of-fold probabilities it learns from."

    @property
    def cross_fit_folds(self) -> int:
        """`n_folds`."""
        return self.n_folds

    def build(self) -> BaseEstimator:
        """Return the scaler of one temperature."""
        return TemperatureScaler()


class TemperatureScaler(BaseEstimator):
    """`temperature_` is the T of least mean log-loss of p^(1/T), renormalised; 1 where no other is better."""

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Learn from probabilities (n, n_classes), rows sum to 1, and the right columns (n,).

        Rows whose right column has probability 0 are left out: no temperature changes a 0.
        """
        from scipy.optimize import minimize_scalar

        possible = probability[np.arange(len(y)), y] > 0
        logs, y = _logs(probability[possible]), y[possible]

        def loss(log_temperature: float) -> float:
            scaled = logs / np.exp(log_temperature)
            return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(y)), y]).mean())

        self.temperature_ = 1.0
        if len(y):
            found = minimize_scalar(loss, bounds=(-np.log(MOST), np.log(MOST)), method="bounded")
            if loss(0.0) - found.fun > LEAST_GAIN:
                self.temperature_ = float(np.exp(found.x))
        return self

    def transform(self, probability: np.ndarray) -> np.ndarray:
        """Probabilities (n, n_classes), rows sum to 1; a 0 stays 0."""
        return renormalised(np.exp(_logs(probability) / self.temperature_), probability)


def _logs(probability: np.ndarray) -> np.ndarray:
    """ln(p), -inf for 0. The largest p of J is 1 / J at least, whose power by MOST does not underflow."""
    with np.errstate(divide="ignore"):
        return np.log(np.ascontiguousarray(probability))
