"""Trend and season of usage, from how each subscriber's own months differ.

Formulas: docs/reference/forecast.md. Everything is in logs, so that adding is multiplying usage.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import N_SERVICES

MONTHS_A_YEAR = 12
_UNKNOWN = -1
"Row of `Calendar.season` of a month that is not known."
_PRIOR_ROWS, _WITHIN_SD = 5.0, 0.3
"Months of this spread that are added, so that a handful of subscribers is survived."


@dataclass(frozen=True)
class Calendar:
    """What a month of the calendar multiplies usage by."""

    trend: np.ndarray
    "Shape (3,): growth a month."
    season: np.ndarray
    "Shape (13, 3): January to December, then a month that is not known, 0; 0 where nothing was learned."
    doubt: np.ndarray
    "Shape (13, 3): variance of what is expected between the window and the horizon, by month of the as_of."
    first: float
    last: float
    "First and last as_of learned from, months since 1970."

    def of(self, month: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        """The months `ahead` months after as_of (0 begins on it) relative to as_of, shape (n, A, 3).

        `month`, shape (n,): as_of in months since 1970, NaN where unknown. `ahead`, shape (A,): whole months.
        """
        return self.trend * ahead[:, None] + self.season[season_row(month[:, None], ahead)]

    def at(self, month: np.ndarray) -> np.ndarray:
        """The trend from the first as_of to this one, shape (n, 3); followed for a year at most."""
        span = self.last - self.first
        since = np.where(np.isnan(month), span / 2, month - self.first)
        followed = np.minimum(np.maximum(since, -MONTHS_A_YEAR), span + MONTHS_A_YEAR)
        return followed[:, None] * self.trend


def season_row(month: np.ndarray, ahead: int | np.ndarray) -> np.ndarray:
    """Row of `Calendar.season` for the month `ahead` months after as_of; shapes are those of a sum."""
    known = ~np.isnan(month)
    return np.where(known, (np.where(known, month, 0.0).astype(np.int64) + ahead) % MONTHS_A_YEAR, _UNKNOWN)


def calendar_of(
    log_amount: np.ndarray, month: np.ndarray, horizon: int, trend_sd: float, season_sd: float
) -> Calendar:
    """A ridge regression inside subscribers: whoever uses much says nothing about a month.

    `log_amount`, shape (n, W, 3), NaN where silent or unknown. The standard deviations are those of a month's
    growth and of a calendar month's deviation before any row is seen.
    """
    window = log_amount.shape[1]
    design = np.stack([_design(month, -ago) for ago in range(1, window + 1)], axis=1)
    penalty = np.diag(np.r_[trend_sd**-2, np.full(MONTHS_A_YEAR, season_sd**-2)])
    contrast = _contrast(window, horizon)
    trend, season, doubt = np.zeros(N_SERVICES), np.zeros((13, N_SERVICES)), np.zeros((13, N_SERVICES))
    for service in range(N_SERVICES):
        coefficient, covariance = _ridge(log_amount[:, :, service], design, penalty)
        trend[service], season[:_UNKNOWN, service] = coefficient[0], coefficient[1:]
        doubt[:, service] = np.einsum("ij,jk,ik->i", contrast, covariance, contrast)
    dated = month[~np.isnan(month)]
    first, last = (float(dated.min()), float(dated.max())) if len(dated) else (0.0, 0.0)
    return Calendar(trend, season, doubt, first, last)


def _ridge(y: np.ndarray, design: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients, shape (13,), and their covariance, of what differs between a row's own months."""
    known = ~np.isnan(y)
    inside = _less_own_mean(np.where(known[..., None], design, 0.0), known)
    own = _less_own_mean(np.where(known, y, 0.0)[..., None], known).ravel()
    freedom = known.sum() - known.any(axis=1).sum()
    noise = (np.square(own).sum() + _PRIOR_ROWS * _WITHIN_SD**2) / (freedom + _PRIOR_ROWS)
    flat = inside.reshape(-1, inside.shape[2])
    covariance = np.linalg.inv(flat.T @ flat / noise + penalty)
    return covariance @ (flat.T @ own) / noise, covariance


def _less_own_mean(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Shape (n, W, k): less the mean of the row's known months; 0 where unknown."""
    mean = values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    less: np.ndarray = (values - mean[:, None]) * known[..., None]
    return less


def _contrast(window: int, horizon: int) -> np.ndarray:
    """Shape (13, 13): the mean month to come less the mean month known, by row of `Calendar.season`."""
    as_of = np.append(np.arange(MONTHS_A_YEAR, dtype=np.float64), np.nan)
    to_come = np.mean([_design(as_of, ahead) for ahead in range(horizon)], axis=0)
    known = np.mean([_design(as_of, -ago) for ago in range(1, window + 1)], axis=0)
    contrast: np.ndarray = to_come - known
    return contrast


def _design(month: np.ndarray, ahead: int) -> np.ndarray:
    """Shape (n, 13): months after as_of, then 1 for the calendar month."""
    season = np.eye(MONTHS_A_YEAR + 1)[season_row(month, ahead)][:, :_UNKNOWN]
    return np.column_stack([np.full(len(month), float(ahead)), season])
