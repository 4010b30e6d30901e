"""Usage of simulated subscribers: personal levels, months, single calls.

Recipe and figures: docs/reference/simulator.md. The last axis of shape 3 is voice, SMS and data, in this
order: billed minutes, messages, MiB.
"""

from collections.abc import Iterator

import numpy as np

_LEVEL_CORRELATION = np.array([[1.00, 0.10, 0.09], [0.10, 1.00, 0.07], [0.09, 0.07, 1.00]])
_VOICE_MEAN, _VOICE_CV = 462.0, 0.43  # billed minutes: measured minutes per call are those after rounding up
_DATA_MEAN, _DATA_CV = 17_700.0, 0.31  # MiB
_HEAVY_DATA_SIGMA = 1.0
_NEVER_TEXTS, _SMS_SHAPE = 0.186, 1.8
_SMS_MEAN = 34.8
_COMMON_SHOCK = 0.185 * np.array([1.0, 1.2, 1.0])
_OWN_SHOCK = np.array([0.17, 0.19, 0.18])
_TREND = np.array([0.004, 0.004, 0.018])
_TREND_ORIGIN = 5.5  # the middle of the first year, so that the year's mean is the level's
_SEASON = np.array([0.98, 0.96, 1.0, 0.99, 1.0, 1.0, 1.0, 1.0, 0.99, 1.02, 1.0, 1.07])
_NO_CALLS, _NO_DATA = 0.012, 0.006  # shares of months

_MISSED_CALLS = 0.195
_CALL_SHAPE, _CALL_MINUTES = 1.78, 1.78 * 4.70
# Calls given minutes vary less than Poisson: measured 0.42 on megaline_us, residual variance over mean.
_CALL_DISPERSION = 0.42


def personal_levels(n: int, profile: str, rng: np.random.Generator) -> np.ndarray:
    """Draw each subscriber's mean month, shape (n, 3), from a Gaussian copula over the services.

    The profile `heavy` has lognormal data use.
    """
    from scipy.special import gammaincinv, ndtr

    normal = rng.standard_normal((n, 3)) @ np.linalg.cholesky(_LEVEL_CORRELATION).T
    texts = np.clip((ndtr(normal[:, 1]) - _NEVER_TEXTS) / (1 - _NEVER_TEXTS), 0, 1)
    sms_scale = _SMS_MEAN / (1 - _NEVER_TEXTS) / _SMS_SHAPE
    if profile == "heavy":
        data = _DATA_MEAN * np.exp(_HEAVY_DATA_SIGMA * normal[:, 2] - _HEAVY_DATA_SIGMA**2 / 2)
    else:
        data = _squared_normal(normal[:, 2], _DATA_MEAN, _DATA_CV)
    voice = _squared_normal(normal[:, 0], _VOICE_MEAN, _VOICE_CV)
    return np.column_stack([voice, gammaincinv(_SMS_SHAPE, texts) * sms_scale, data])


def _squared_normal(normal: np.ndarray, mean: float, cv: float) -> np.ndarray:
    """Compute (m + sd * z)^2 with this mean and coefficient of variation.

    Mean m^2 + sd^2 and variance 4 m^2 sd^2 + 2 sd^4 give sd^2 = mean * (1 - sqrt(1 - cv^2 / 2)).
    """
    variance = mean * (1 - np.sqrt(1 - cv**2 / 2))
    return np.square(np.sqrt(mean - variance) + np.sqrt(variance) * normal)


def monthly_load(
    level: np.ndarray, months: np.ndarray, rng: np.random.Generator, drift: np.ndarray | None = None
) -> np.ndarray:
    """Draw billed minutes (not yet whole), SMS and MiB, shape (n, T, 3); months count from January 2018.

    `drift`, shape (n, T, 3), has factors of the level by month.
    """
    n, n_months = len(level), len(months)
    common = rng.standard_normal((n, n_months, 1))
    shock = common * _COMMON_SHOCK + rng.standard_normal((n, n_months, 3)) * _OWN_SHOCK
    load = (
        level[:, None, :] * _season_and_trend(months) * np.exp(shock - (_COMMON_SHOCK**2 + _OWN_SHOCK**2) / 2)
    )
    if drift is not None:
        load *= drift
    load[..., 0] *= rng.random((n, n_months)) >= _NO_CALLS
    load[..., 1] = rng.poisson(load[..., 1])
    load[..., 2] *= rng.random((n, n_months)) >= _NO_DATA
    return load


def evenly_spread_loads(level: np.ndarray, month: int, n_points: int) -> Iterator[np.ndarray]:
    """Yield `n_points` equally likely loads of one month, (n, 3) each, to compute their expected bill.

    The shocks come from a Sobol sequence instead of a generator: the mean over 256 of them is nearer to the
    true expectation than the mean over 10,000 random ones, and does not vary. All subscribers share them.
    Poisson counts of SMS are replaced by their normal approximation. `n_points` is a power of two.
    """
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    # Points in the middle of their cells: the sequence begins at 0, which has an infinite normal score.
    points = Sobol(6, scramble=False).random(n_points) + 0.5 / n_points
    normal = ndtri(points[:, :4])
    covariance = np.outer(_COMMON_SHOCK, _COMMON_SHOCK) + np.diag(_OWN_SHOCK**2)
    shock = normal[:, :3] @ np.linalg.cholesky(covariance).T - np.diag(covariance) / 2
    usual = level * _season_and_trend(np.array([month]))
    for point in range(n_points):
        load = usual * np.exp(shock[point])
        load[:, 1] = np.rint(load[:, 1] + np.sqrt(load[:, 1]) * normal[point, 3]).clip(min=0)
        load[:, 0] *= points[point, 4] >= _NO_CALLS
        load[:, 2] *= points[point, 5] >= _NO_DATA
        yield load


def _season_and_trend(months: np.ndarray) -> np.ndarray:
    """Compute the factors of the calendar months, shape (T, 3)."""
    season = (_SEASON / _SEASON.mean())[months % 12]
    return season[:, None] * (1 + _TREND) ** (months[:, None] - _TREND_ORIGIN)


def single_calls(
    billed_target: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw single calls that add up to the target: calls, minutes and billed minutes, shape (n, T) each.

    Durations are gamma. Rounding up adds half a minute to a call on average, so the talk time of a month is
    the target less half a minute per call.
    """
    target = billed_target.ravel()
    spread = rng.standard_normal(len(target))
    usual = target / (_CALL_MINUTES + 0.5)
    answered = np.rint(usual + np.sqrt(_CALL_DISPERSION * usual) * spread).clip(min=1).astype(np.int64)
    answered[target == 0] = 0
    talk = np.maximum(target - answered / 2, target / 2)
    minutes, billed = _sums_of_calls(answered, talk, rng)
    calls = answered + rng.poisson(answered * _MISSED_CALLS / (1 - _MISSED_CALLS))
    shape = billed_target.shape
    return calls.astype(float).reshape(shape), minutes.reshape(shape), billed.reshape(shape)


def _sums_of_calls(
    answered: np.ndarray, talk: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sum up minutes and billed minutes, shape (m,), of `answered` calls of `talk` minutes together."""
    minutes, billed = np.zeros(len(talk)), np.zeros(len(talk))
    busy = np.flatnonzero(answered)
    if len(busy) == 0:
        return minutes, billed
    counts = answered[busy]
    starts = np.cumsum(counts) - counts
    share = rng.standard_gamma(_CALL_SHAPE, counts.sum())
    scale = talk[busy] / np.add.reduceat(share, starts)
    # In hundredths of a minute, and never 0, which would be a missed call.
    duration = np.rint(share * np.repeat(scale * 100, counts)).clip(min=1)
    minutes[busy] = np.add.reduceat(duration, starts) / 100
    billed[busy] = np.add.reduceat(np.ceil(duration / 100), starts)
    return minutes, billed
