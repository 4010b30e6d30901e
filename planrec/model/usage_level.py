"""Level of a subscriber's usage, shrunk towards the population's, and the months to come.

Formulas: docs/reference/forecast.md. The last axis of three holds voice, SMS and data. All values are in
logs; silent months are counted separately.
"""

from dataclasses import dataclass, replace

import numpy as np

from planrec.model.known_months import IDENTITY, N_SERVICES
from planrec.model.level_movement import Movement, movement_of, valid_covariance

_PRIOR_ROWS, _LEVEL_SD = 5.0, 0.5
"Rows of this spread between subscribers that are added, so that a few subscribers suffice for a fit."


_RESTING = 0.25
"Movement of those who rest, as a share of the mean movement: few levels do not move at all."
_SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15)
"Shares of subscribers whose level moves that are tried."
_LEAST_EVIDENCE = 4.0
"Gain in log evidence for which a smaller share is believed."
_MOST_ROWS = 3_000
"Rows on which the shares are compared."


@dataclass(frozen=True)
class MonthsAhead:
    """Posterior of the log usage of H months to come of n subscribers, which is normal."""

    mean: np.ndarray
    "Shape (n, 3 H): month by month, three services each."
    covariance: np.ndarray
    "Shape (n, 3 H, 3 H)."
    evidence: np.ndarray
    "Shape (n,): log density of the known months, up to a constant."


@dataclass(frozen=True)
class Population:
    """Spread of levels between subscribers, and of months within a subscriber."""

    mean: np.ndarray
    "Shape (3,): mean log level, at the first as_of."
    between: np.ndarray
    "Shape (3, 3): covariance of the levels at the as_of."
    movement: Movement
    "Mean movement over all subscribers."
    movers: float
    "Share of the subscribers whose level moves much, in (0, 1]; the level of the others rests."

    def ahead(
        self, deviation: np.ndarray, expected: np.ndarray, horizon: int
    ) -> tuple[MonthsAhead, MonthsAhead | None]:
        """Compute the months to come given some known months, if the level moves and if it rests.

        Without the second (None) if all levels move.

        Args:
            deviation: log amounts less the calendar's part, shape (n, W, 3), the latest month first; NaN if
                silent or unknown.
            expected: the prior level, shape (n, 3).
            horizon: number of months to come (H).
        """
        moves = (1 - _RESTING * (1 - self.movers)) / self.movers
        moving = self._ahead_of(self.movement.times(moves), deviation, expected, horizon)
        if self.movers == 1:
            return moving, None
        return moving, self._ahead_of(self.movement.times(_RESTING), deviation, expected, horizon)

    def moves(self, moving: MonthsAhead, resting: MonthsAhead) -> np.ndarray:
        """Compute the probability that a level moves given the known months, shape (n,)."""
        odds = np.log(self.movers / (1 - self.movers)) + moving.evidence - resting.evidence
        return 1 / (1 + np.exp(-np.clip(odds, -50, 50)))

    def evidence(self, deviation: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Compute the log density of the known months, shape (n,), up to a constant; arguments as `ahead`."""
        moving, resting = self.ahead(deviation, expected, horizon=0)
        if resting is None:
            return moving.evidence
        of_movers = np.log(self.movers) + moving.evidence
        both: np.ndarray = np.logaddexp(of_movers, np.log(1 - self.movers) + resting.evidence)
        return both

    def _ahead_of(
        self, movement: Movement, deviation: np.ndarray, expected: np.ndarray, horizon: int
    ) -> MonthsAhead:
        n, window, _ = deviation.shape
        known = window * N_SERVICES
        gap = (deviation - expected[:, None]).reshape(n, known)
        seen = ~np.isnan(gap)
        gap = np.where(seen, gap, 0.0)[:, :, None]
        joint = self._joint(movement, window, horizon)
        among = np.where(seen[:, :, None] & seen[:, None, :], joint[:known, :known], np.eye(known))
        # 0 for months without use: they carry no information.
        across = np.where(seen[:, :, None], joint[:known, known:], 0.0)
        solved = np.linalg.solve(among, np.concatenate([across, gap], axis=2))
        gain, news = solved[:, :, :-1].transpose(0, 2, 1), solved[:, :, -1:]
        mean = np.tile(expected, horizon) + (gain @ gap)[..., 0]
        evidence = -0.5 * (np.linalg.slogdet(among)[1] + (gap * news).sum(axis=(1, 2)))
        return MonthsAhead(mean, joint[known:, known:] - gain @ across, evidence)

    def _joint(self, movement: Movement, window: int, horizon: int) -> np.ndarray:
        """Compute the covariance of known months, then months to come: shape (3 (W + H), 3 (W + H))."""
        joint = movement.joint(window, horizon) + self.between[None, :, None]
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
    population = Population(centre, valid_covariance(moments / pairs), movement, movers=1.0)
    return _with_movers(population, deviation, centre + trend)


def _with_movers(population: Population, deviation: np.ndarray, expected: np.ndarray) -> Population:
    """Return the population with the share of movers under which the months are most probable."""
    rows = slice(None, None, max(-(-len(deviation) // _MOST_ROWS), 1))
    best, most = population, -np.inf
    for share in _SHARES:
        mixed = replace(population, movers=share)
        evidence = float(mixed.evidence(deviation[rows], expected[rows]).sum())
        if evidence > most + _LEAST_EVIDENCE:
            best, most = mixed, evidence
    return best


def _moved(used: np.ndarray, movement: Movement) -> np.ndarray:
    """Sum over rows the covariance of their mean months about the level, shape (3, 3)."""
    n, window, _ = used.shape
    share = (used / np.maximum(used.sum(axis=1, keepdims=True), 1)).reshape(n, window * N_SERVICES)
    weight = (share.T @ share).reshape(window, N_SERVICES, window, N_SERVICES)
    moved: np.ndarray = (weight * movement.joint(window, 0)).sum(axis=(0, 2))
    return moved
