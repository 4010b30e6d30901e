"""How a subscriber's level of usage moves, learned from how month differences grow with the time between.

Formulas: docs/reference/forecast.md. The last axis of three holds voice, SMS and data. All values are in
logs; silent months are counted separately.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from planrec.model.known_months import IDENTITY, N_SERVICES

_PRIOR_ROWS, _MONTH_SD = 5.0, 0.3
"Pairs of months of this spread that are added, so that a few subscribers suffice for a fit."
_LEAST_VARIANCE = 1e-4
"Least variance of any combination of services, because an estimate by moments may be negative."


@dataclass(frozen=True)
class Movement:
    """Spread of months about the level of a subscriber, and the movement of that level."""

    month: np.ndarray
    "Shape (3, 3): covariance of a month's own deviations from the level."
    walk: np.ndarray
    "Shape (3,): variance of the level's independent step from month to month."
    slope: np.ndarray
    "Shape (3,): variance of a subscriber's own growth per month."

    def times(self, factor: float) -> "Movement":
        """Copy it with the variances of walk and slope times `factor`."""
        return replace(self, walk=self.walk * factor, slope=self.slope * factor)

    def joint(self, window: int, horizon: int) -> np.ndarray:
        """Compute the covariance about the level of known months, then months to come.

        Shape (W + H, 3, W + H, 3). The level belongs to the as_of, from which walk and slope are counted. So
        months before and after it share no step, and the number of known months does not matter.
        """
        walked, grown = _month_pairs(window, horizon)
        moved = walked[..., None] * self.walk + grown[..., None] * self.slope
        same = np.eye(window + horizon)[..., None, None] * self.month
        joint: np.ndarray = (moved[..., None] * IDENTITY + same).transpose(0, 2, 1, 3)
        return joint


@lru_cache(maxsize=64)
def _month_pairs(window: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the shared steps and the product of distances for each pair of months, shape (W + H, W + H).

    Known months come first, the latest of them before the others.
    """
    middle = np.concatenate([-np.arange(window) - 0.5, np.arange(horizon) + 0.5])
    one_side = np.sign(middle[:, None]) == np.sign(middle)
    shared = np.minimum(abs(middle[:, None]), abs(middle))
    return np.where(one_side, shared, 0.0), np.outer(middle, middle)


def movement_of(log_amount: np.ndarray) -> Movement:
    """Fit by moments of the months of n rows, shape (n, W, 3), the latest month first; NaN if unknown.

    Half the mean square of differences between months that are k apart (the variogram) is expected to be
    month + walk k / 2 + slope k^2 / 2. Least squares with none of the three below 0 separates them.
    """
    from scipy.optimize import nnls

    lags = np.arange(1, max(log_amount.shape[1], 2))
    variogram, pairs = map(np.stack, zip(*(_half_squares(log_amount, lag) for lag in lags), strict=True))
    design = np.stack([np.ones(len(lags)), lags / 2, lags**2 / 2], axis=1)
    parts = np.empty((3, N_SERVICES))
    for service in range(N_SERVICES):
        weight = np.sqrt(pairs[:, service, service])
        parts[:, service] = nnls(design * weight[:, None], variogram[:, service, service] * weight)[0]
    own, walk, slope = parts
    shared = (variogram * pairs).sum(axis=0) / pairs.sum(axis=0)
    return Movement(valid_covariance(np.where(IDENTITY == 1, np.diag(own), shared)), walk, slope)


def _half_squares(log_amount: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute half the mean products of differences over `lag` months, and their number, (3, 3) each.

    The mean difference is subtracted: it is the calendar's.
    """
    difference = (log_amount[:, lag:] - log_amount[:, :-lag]).reshape(-1, N_SERVICES)
    known = ~np.isnan(difference)
    mean = np.where(known, difference, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values = np.where(known, difference - mean, 0.0)
    pairs = known.T.astype(np.float64) @ known + _PRIOR_ROWS
    return (values.T @ values / 2 + _PRIOR_ROWS * _MONTH_SD**2 * IDENTITY) / pairs, pairs


def valid_covariance(moments: np.ndarray) -> np.ndarray:
    """Return a covariance matrix near moments that may not be one, shape (3, 3)."""
    values, vectors = np.linalg.eigh((moments + moments.T) / 2)
    valid: np.ndarray = (vectors * np.maximum(values, _LEAST_VARIANCE)) @ vectors.T
    return valid
