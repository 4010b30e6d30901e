"""Temperature scaling: one number for all plans (Guo et al. 2017)."""

from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator

from planrec.calibration.scaler import Scaler
from planrec.calibration.shares import renormalised

MOST = 10.0
"The temperature is in [1 / MOST, MOST]: else it would fall to 0 on perfect rows, and grow for ever on noise."
LEAST_GAIN = 1e-9
"Nats by which a temperature must lower the log-loss; below, probabilities are left unchanged."


class Temperature(Scaler):
    """One temperature for all plans: p^(1/T), renormalised. The most probable plan stays the same."""

    trusted_types: ClassVar[tuple[str, ...]] = ("planrec.calibration.temperature.TemperatureScaler",)

    kind: Literal["temperature"]

    def build(self) -> BaseEstimator:
        """Build an unfitted scaler with one temperature."""
        return TemperatureScaler()


class TemperatureScaler(BaseEstimator):
    """Powers p^(1/T), renormalised; `temperature_` is the T of least mean log-loss; 1 if none is better."""

    def fit(self, probability: np.ndarray, y: np.ndarray) -> Self:
        """Fit on probabilities (n, n_classes), whose rows sum to 1, and the right columns (n,).

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
        """Correct probabilities (n, n_classes); rows sum to 1; a 0 stays 0."""
        return renormalised(np.exp(_logs(probability) / self.temperature_), probability)


def _logs(probability: np.ndarray) -> np.ndarray:
    """Return ln(p), -inf for 0. The largest of J probabilities is >= 1 / J; its power by MOST is above 0."""
    with np.errstate(divide="ignore"):
        return np.log(np.ascontiguousarray(probability))
