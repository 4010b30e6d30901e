"""Level of a subscriber's usage, estimated from its months and shrunk towards the population's.

Formulas: docs/reference/forecast.md. The last axis of three holds voice, SMS and data. All values are in
logs; silent months are counted separately.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import IDENTITY, N_SERVICES, summed

_PRIOR_ROWS = 5.0
"Weight of the prior spreads in rows, so that a few subscribers suffice for a fit."
_BETWEEN_SD, _WITHIN_SD = 0.5, 0.3
"Prior spreads: between subscribers, and between the months of one."
_LEAST_VARIANCE = 1e-4
"Least variance of any combination of services, because an estimate by moments may be negative."


@dataclass(frozen=True)
class Levels:
    """Posterior of the log levels of n subscribers, which is normal."""

    mean: np.ndarray
    "Shape (n, 3)."
    covariance: np.ndarray
    "Shape (n, 3, 3)."


@dataclass(frozen=True)
class Population:
    """Spread of levels between subscribers, and of months within a subscriber."""

    mean: np.ndarray
    "Shape (3,): mean log level, at the first as_of."
    between: np.ndarray
    "Shape (3, 3): covariance of the levels of the three services."
    within: np.ndarray
    "Shape (3, 3): covariance of a month's deviations from the level."

    def levels(self, deviation: np.ndarray, expected: np.ndarray) -> Levels:
        """Compute the posterior given some months.

        Args:
            deviation: log amounts less the calendar's part, shape (n, W, 3); NaN if silent or unknown.
            expected: the prior level, shape (n, 3).
        """
        mean, count, both = _means(deviation)
        seen = count > 0
        noise = self.within * both / _outer(np.maximum(count, 1))
        system = np.where(_outer(seen), self.between + noise, IDENTITY)
        # 0 for services without a month of use: their mean carries no information.
        gain = np.linalg.solve(system, np.where(seen[:, :, None], self.between, 0.0)).transpose(0, 2, 1)
        covariance = self.between - gain @ self.between
        return Levels(expected + (gain @ (mean - expected)[:, :, None])[..., 0], covariance)


def population_of(deviation: np.ndarray, trend: np.ndarray) -> Population:
    """Fit by moments of the months of n rows; `trend`, shape (n, 3), is the as_of's part of the level."""
    mean, count, both = _means(deviation)
    seen = count > 0
    inside = np.where(np.isnan(deviation), 0.0, deviation - mean[:, None])
    products = _outer(inside.reshape(-1, N_SERVICES)).sum(axis=0)
    # The two means take one degree of freedom of the shared months of two services.
    freedom = np.maximum(both - 1, 0).sum(axis=0)
    within = _with_prior(products, freedom, _WITHIN_SD)
    level = np.where(seen, mean - trend, 0.0)
    centre = level.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    spread = np.where(seen, level - centre, 0.0)
    pairs = _outer(seen).sum(axis=0)
    noise = np.where(_outer(seen), within * both / _outer(np.maximum(count, 1)), 0.0).sum(axis=0)
    between = _with_prior(_outer(spread).sum(axis=0) - noise, pairs, _BETWEEN_SD)
    return Population(centre, between, within)


def _means(deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute mean and number of the months with use, (n, 3) each, and months shared by two services."""
    used = ~np.isnan(deviation)
    numbers = used.astype(np.float64)
    both = numbers.transpose(0, 2, 1) @ numbers
    count = np.diagonal(both, axis1=1, axis2=2)
    mean = summed(np.where(used, deviation, 0.0)) / np.maximum(count, 1)
    return mean, count, both


def _outer(values: np.ndarray) -> np.ndarray:
    return values[:, :, None] * values[:, None, :]


def _with_prior(products: np.ndarray, freedom: np.ndarray, sd: float) -> np.ndarray:
    """Divide products by their degrees of freedom, with some rows of the prior, into a valid covariance."""
    moments = (products + _PRIOR_ROWS * sd**2 * IDENTITY) / (freedom + _PRIOR_ROWS)
    values, vectors = np.linalg.eigh((moments + moments.T) / 2)
    return (vectors * np.maximum(values, _LEAST_VARIANCE)) @ vectors.T
