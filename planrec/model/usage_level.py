"""Level of a subscriber's usage, shrunk towards the population's, and the months to come.

Formulas: docs/reference/forecast.md. The last axis of three holds voice, SMS and data. All values are in
logs; silent months are counted separately.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import IDENTITY, N_SERVICES
from planrec.model.level_movement import Movement, movement_of, valid_covariance

_PRIOR_ROWS, _LEVEL_SD = 5.0, 0.5
"Rows of this spread between subscribers that are added, so that a few subscribers suffice for a fit."


@dataclass(frozen=True)
class MonthsAhead:
    """Posterior of the log usage of H months to come of n subscribers, which is normal."""

    mean: np.ndarray
    "Shape (n, 3 H): month by month, three services each."
    covariance: np.ndarray
    "Shape (n, 3 H, 3 H)."


@dataclass(frozen=True)
class Population:
    """Spread of levels between subscribers, and of months within a subscriber."""

    mean: np.ndarray
    "Shape (3,): mean log level, at the first as_of."
    between: np.ndarray
    "Shape (3, 3): covariance of the levels at the as_of."
    movement: Movement

    def ahead(self, deviation: np.ndarray, expected: np.ndarray, horizon: int) -> MonthsAhead:
        """Compute the posterior of the months to come given some known months.

        Args:
            deviation: log amounts less the calendar's part, shape (n, W, 3), the latest month first; NaN if
                silent or unknown.
            expected: the prior level, shape (n, 3).
            horizon: number of months to come (H).
        """
        n, window, _ = deviation.shape
        known = window * N_SERVICES
        gap = (deviation - expected[:, None]).reshape(n, known)
        seen = ~np.isnan(gap)
        joint = self._joint(window, horizon)
        among = np.where(seen[:, :, None] & seen[:, None, :], joint[:known, :known], np.eye(known))
        # 0 for months without use: they carry no information.
        across = np.where(seen[:, :, None], joint[:known, known:], 0.0)
        gain = np.linalg.solve(among, across).transpose(0, 2, 1)
        news = (gain @ np.where(seen, gap, 0.0)[:, :, None])[..., 0]
        return MonthsAhead(np.tile(expected, horizon) + news, joint[known:, known:] - gain @ across)

    def _joint(self, window: int, horizon: int) -> np.ndarray:
        """Compute the covariance of known months, then months to come: shape (3 (W + H), 3 (W + H))."""
        joint = self.movement.joint(window, horizon) + self.between[None, :, None]
        return joint.reshape(2 * [(window + horizon) * N_SERVICES])


def population_of(deviation: np.ndarray, trend: np.ndarray) -> Population:
    """Fit by moments of the months of n rows.

    Args:
        deviation: log amounts less the calendar's part, shape (n, W, 3); NaN if silent or unknown.
        trend: the as_of's part of the level, shape (n, 3).
    """
    movement = movement_of(deviation)
    used = ~np.isnan(deviation)
    count = used.sum(axis=1)
    seen = count > 0
    mean = np.where(used, deviation, 0.0).sum(axis=1) / np.maximum(count, 1)
    level = np.where(seen, mean - trend, 0.0)
    centre = level.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    spread = np.where(seen, level - centre, 0.0)
    moments = spread.T @ spread - _moved(used, movement) + _PRIOR_ROWS * _LEVEL_SD**2 * IDENTITY
    pairs = seen.T.astype(np.float64) @ seen + _PRIOR_ROWS
    return Population(centre, valid_covariance(moments / pairs), movement)


def _moved(used: np.ndarray, movement: Movement) -> np.ndarray:
    """Sum over rows the covariance of their mean months about the level, shape (3, 3)."""
    n, window, _ = used.shape
    share = (used / np.maximum(used.sum(axis=1, keepdims=True), 1)).reshape(n, window * N_SERVICES)
    weight = (share.T @ share).reshape(window, N_SERVICES, window, N_SERVICES)
    moved: np.ndarray = (weight * movement.joint(window, 0)).sum(axis=(0, 2))
    return moved
