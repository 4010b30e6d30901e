"""Forecast of usage in the months to come: joint draws of voice, SMS and data.

Formulas: docs/reference/forecast.md.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planrec.model.known_months import IDENTITY, N_SERVICES, Months
from planrec.model.silent_months import SilentMonths, silent_months_of
from planrec.model.usage_calendar import Calendar, calendar_of, season_row
from planrec.model.usage_level import MonthsAhead, Population, population_of
from planrec.schema.columns import MAX_USAGE

_SERVICE = np.arange(N_SERVICES)
_MOST = float(np.log(MAX_USAGE)) - 1e-9
"Bound of log usage, a little lower, so that the exponential is not above MAX_USAGE by rounding."


@dataclass(frozen=True)
class Beliefs:
    """Prior assumptions."""

    horizon: int
    "Months drawn (H)."
    trend_sd: float
    season_sd: float
    "Standard deviations in logs of a month's growth and of a calendar month."
    largest_swing: float
    "Bound of a month in multiples of the subscriber's median month."


@dataclass(frozen=True)
class UsageDraws:
    """Points that all subscribers share, equally likely and evenly spread."""

    usage: np.ndarray
    "Shape (3 H, D): normal scores of the usage, month by month, three services each."
    moving: np.ndarray
    "Shape (D,), in (0, 1): the level rests where the probability that it moves is not higher."
    silence: np.ndarray
    "Shape (3, H, D), in (0, 1): the month is silent where its probability is higher."


def draws_of(n_draws: int, horizon: int, seed: int) -> UsageDraws:
    """Draw the first points of a scrambled Sobol sequence."""
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    width = horizon * N_SERVICES
    # The sequence is balanced at whole powers of two, and warns at other lengths.
    points = Sobol(2 * width + 1, seed=seed).random_base2(int(np.ceil(np.log2(n_draws))))[:n_draws]
    points = np.ascontiguousarray(np.clip(points, 1e-9, 1 - 1e-9).T)
    silence = points[width + 1 :].reshape(horizon, N_SERVICES, n_draws).transpose(1, 0, 2)
    return UsageDraws(ndtri(points[:width]), points[width].copy(), np.ascontiguousarray(silence))


@dataclass(frozen=True)
class UsageForecast:
    """Fitted usage of a population, for forecasts of any subscriber."""

    beliefs: Beliefs
    calendar: Calendar
    population: Population
    silent: SilentMonths
    draws: UsageDraws

    def amounts(self, months: Months) -> np.ndarray:
        """Draw usage, shape (3, n, H, D), in [0, MAX_USAGE]; a row does not depend on the others."""
        window, horizon = months.amount.shape[1], self.beliefs.horizon
        relative = self.calendar.of(months.month, _around(window, horizon))
        deviation = log_amounts(months, self.beliefs.largest_swing) - relative[:, :window]
        expected = self.population.mean + self.calendar.at(months.month)
        moving, resting = self.population.ahead(deviation, expected, horizon)
        drawn = self._logs(moving, months.month, relative[:, window:])
        if resting is not None:
            rests = self.draws.moving >= self.population.moves(moving, resting)[:, None]
            other = self._logs(resting, months.month, relative[:, window:])
            np.copyto(drawn, other, where=rests[:, None])
        np.exp(np.minimum(drawn, _MOST, out=drawn), out=drawn)
        silence = self.silent.probability(*silences(months)).T
        drawn *= self.draws.silence[:, None] >= silence[:, :, None, None]
        return drawn

    def _logs(self, ahead: MonthsAhead, month: np.ndarray, calendar: np.ndarray) -> np.ndarray:
        """Draw log usage, shape (3, n, H, D).

        `calendar`, shape (n, H, 3), is the calendar's part. Its uncertainty is added: the calendar errs for
        all months to come alike.
        """
        n, horizon, _ = calendar.shape
        doubt = self.calendar.doubt[season_row(month, 0)][:, None, :] * IDENTITY
        root = _root(ahead.covariance + np.tile(doubt, (1, horizon, horizon)))
        mean = ahead.mean + calendar.reshape(n, horizon * N_SERVICES)
        drawn = np.empty((N_SERVICES, n, horizon, self.draws.usage.shape[1]))
        for service, logs in enumerate(drawn):
            np.matmul(root[:, service::N_SERVICES], self.draws.usage, out=logs)
            logs += mean[:, service::N_SERVICES, None]
        return drawn


def _root(covariance: np.ndarray) -> np.ndarray:
    """Factor covariances of H months, shape (n, 3 H, 3 H), with the mean month first.

    The first points of the sequence are the most evenly spread, and the bills depend most on the mean month.
    """
    turn = _mean_first(covariance.shape[1] // N_SERVICES)
    root: np.ndarray = turn @ np.linalg.cholesky(turn.T @ covariance @ turn)
    return root


@lru_cache(maxsize=64)
def _mean_first(horizon: int) -> np.ndarray:
    """Return an orthogonal matrix, shape (3 H, 3 H): the mean of the months, then contrasts (Helmert)."""
    contrasts = np.tril(np.ones((horizon, horizon)), -1) - np.diag(np.arange(horizon, dtype=np.float64))
    contrasts[0] = 1.0
    lengths = np.linalg.norm(contrasts, axis=1, keepdims=True)
    return np.kron((contrasts / lengths).T, IDENTITY)


def forecast_of(months: Months, beliefs: Beliefs, draws: UsageDraws) -> UsageForecast:
    """Fit on the months of n decisions, all before their as_of."""
    log_amount = log_amounts(months, beliefs.largest_swing)
    calendar = calendar_of(log_amount, months.month, beliefs.horizon, beliefs.trend_sd, beliefs.season_sd)
    # Bring all months to the level of the as_of.
    deviation = log_amount - calendar.of(months.month, _around(log_amount.shape[1], 0))
    population = population_of(deviation, calendar.at(months.month))
    silent = silent_months_of(*silences(months), log_amount.shape[1])
    return UsageForecast(beliefs, calendar, population, silent, draws)


def log_amounts(months: Months, largest_swing: float) -> np.ndarray:
    """Compute log amounts, shape (n, W, 3), clipped around the row's median; NaN if silent or unknown."""
    used = months.used
    logs = np.where(used, np.log(np.where(used, months.amount, 1.0)), np.nan)
    in_order = np.sort(logs, axis=1)
    middle = np.maximum(used.sum(axis=1) - 1, 0) // 2
    median = in_order[np.arange(len(logs))[:, None], middle, _SERVICE][:, None]
    swing = np.log(largest_swing)
    return np.minimum(np.maximum(logs, median - swing), median + swing)


def silences(months: Months) -> tuple[np.ndarray, np.ndarray]:
    """Count silent months and known months, shape (n, 3), int64, each."""
    return (months.amount == 0).sum(axis=1), (~np.isnan(months.amount)).sum(axis=1)


@lru_cache(maxsize=64)
def _around(window: int, horizon: int) -> np.ndarray:
    """Return months from the as_of, shape (window + horizon,): -1, -2 ... and then 0, 1 ..."""
    return np.concatenate([-np.arange(1, window + 1), np.arange(horizon)])
