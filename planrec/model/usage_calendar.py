"""Trend and season of usage, from the differences between each subscriber's own months.

Formulas: docs/reference/forecast.md. All values are in logs, so that a sum multiplies usage.
"""

from dataclasses import dataclass

import numpy as np

from planrec.model.known_months import N_SERVICES

MONTHS_A_YEAR = 12
_UNKNOWN = -1
"Row of `Calendar.season` for an unknown month."
_PRIOR_ROWS, _WITHIN_SD = 5.0, 0.3
"Months of this spread that are added, so that a few subscribers suffice for a fit."


@dataclass(frozen=True)
class Calendar:
    """Log factors of usage by month."""

    trend: np.ndarray
    "Shape (3,): growth per month."
    season: np.ndarray
    "Shape (13, 3): January to December, then 0 for an unknown month; 0 for months without data."
    doubt: np.ndarray
    "Shape (13, 3): variance of the expected change from the window to the horizon, by month of the as_of."
    first: float
    last: float
    "First and last as_of of the fit, months since 1970."

    def of(self, month: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        """Compute the factors of the months `ahead` of as_of, relative to as_of, shape (n, A, 3).

        Args:
            month: As_of in months since 1970, shape (n,); NaN if unknown.
            ahead: whole months after as_of, shape (A,); month 0 begins on it.
        """
        return self.trend * ahead[:, None] + self.season[season_row(month[:, None], ahead)]

    def at(self, month: np.ndarray) -> np.ndarray:
        """Sum the trend from the first as_of to this one, shape (n, 3), over a year at most."""
        span = self.last - self.first
        since = np.where(np.isnan(month), span / 2, month - self.first)
        followed = np.minimum(np.maximum(since, -MONTHS_A_YEAR), span + MONTHS_A_YEAR)
        return followed[:, None] * self.trend


def season_row(month: np.ndarray, ahead: int | np.ndarray) -> np.ndarray:
    """Return the row of `Calendar.season` for the month `ahead` months after as_of.

    Shapes broadcast like those of a sum.

    Examples:
        >>> season_row(np.array([11.0, np.nan]), 2).tolist()
        [1, -1]
    """
    known = ~np.isnan(month)
    return np.where(known, (np.where(known, month, 0.0).astype(np.int64) + ahead) % MONTHS_A_YEAR, _UNKNOWN)


def calendar_of(
    log_amount: np.ndarray, month: np.ndarray, horizon: int, trend_sd: float, season_sd: float
) -> Calendar:
    """Fit a ridge regression within subscribers, so that the level of a subscriber does not matter.

    Args:
        log_amount: shape (n, W, 3), NaN if silent or unknown.
        month: As_of in months since 1970, shape (n,); NaN if unknown.
        horizon: months to come.
        trend_sd: prior standard deviation of a month's growth.
        season_sd: prior standard deviation of a calendar month's deviation.
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
    """Estimate coefficients, shape (13,), and their covariance, from the differences within each row."""
    known = ~np.isnan(y)
    inside = _less_own_mean(np.where(known[..., None], design, 0.0), known)
    own = _less_own_mean(np.where(known, y, 0.0)[..., None], known).ravel()
    freedom = known.sum() - known.any(axis=1).sum()
    noise = (np.square(own).sum() + _PRIOR_ROWS * _WITHIN_SD**2) / (freedom + _PRIOR_ROWS)
    flat = inside.reshape(-1, inside.shape[2])
    covariance = np.linalg.inv(flat.T @ flat / noise + penalty)
    return covariance @ (flat.T @ own) / noise, covariance


def _less_own_mean(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Subtract the mean of the row's known months, shape (n, W, k); 0 if unknown."""
    mean = values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    less: np.ndarray = (values - mean[:, None]) * known[..., None]
    return less


def _contrast(window: int, horizon: int) -> np.ndarray:
    """Compute the mean month to come less the mean known month, shape (13, 13), by row of `season`."""
    as_of = np.append(np.arange(MONTHS_A_YEAR, dtype=np.float64), np.nan)
    to_come = np.mean([_design(as_of, ahead) for ahead in range(horizon)], axis=0)
    known = np.mean([_design(as_of, -ago) for ago in range(1, window + 1)], axis=0)
    contrast: np.ndarray = to_come - known
    return contrast


def _design(month: np.ndarray, ahead: int) -> np.ndarray:
    """Build the design matrix, shape (n, 13): months after as_of, then 1 for the calendar month."""
    season = np.eye(MONTHS_A_YEAR + 1)[season_row(month, ahead)][:, :_UNKNOWN]
    return np.column_stack([np.full(len(month), float(ahead)), season])
