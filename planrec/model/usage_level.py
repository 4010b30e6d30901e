"""What months of usage say about a subscriber: a level per service, its spread, and the month's own shock.

Formulas: docs/reference/forecast.md. The last axis of three holds voice, SMS and data, in the units of their
`Usage` columns. A log amount is that of a month with use; silent months are counted apart.
"""

from dataclasses import dataclass

import numpy as np

from planrec.schema import AS_OF, Columns, Usage, lag

N_SERVICES = 3
MONTHS_A_YEAR = 12
_PRIOR_ROWS = 5.0
"Rows that the prior spreads weigh as much as, so that a handful of subscribers is survived."
_BETWEEN_SD, _WITHIN_SD = 0.5, 0.3
"Spreads of log usage before any row is seen."


@dataclass(frozen=True)
class Months:
    """The known months of n subscribers."""

    amount: np.ndarray
    "Shape (n, W, 3): the latest month first; NaN where unknown."
    month: np.ndarray
    "Shape (n,), float64: as_of in months since 1970; NaN where unknown."
    minutes: np.ndarray
    "Shape (n,): sum of the talk minutes as measured, over the known months."
    calls: np.ndarray
    "Shape (n,): sum of the calls over the known months."

    @property
    def used(self) -> np.ndarray:
        """Where a service was used, shape (n, W, 3), bool."""
        return self.amount > 0

    @property
    def total(self) -> np.ndarray:
        """Sum over the known months, shape (n, 3)."""
        return summed(np.nan_to_num(self.amount))


def summed(by_month: np.ndarray) -> np.ndarray:
    """Sum over the second axis, month by month, so that a row's sum never depends on how many rows there are."""
    total = np.zeros_like(by_month[:, 0], dtype=np.float64)
    for month in range(by_month.shape[1]):
        total += by_month[:, month]
    return total


def months_of(X: Columns) -> Months:
    """The lag columns as arrays. Voice is billed minutes where they are known, else minutes as measured."""
    voice = voice_column(X)
    n = len(X[lag(voice, 1)])
    window = 1
    while lag(voice, window + 1) in X:
        window += 1

    def stacked(name: str) -> np.ndarray:
        return np.stack([X[lag(name, ago)] for ago in range(1, window + 1)], axis=1)

    as_of = X.get(AS_OF, np.full(n, "NaT", "datetime64[s]"))
    month = np.where(np.isnat(as_of), np.nan, as_of.astype("datetime64[M]").astype(np.float64))
    return Months(
        np.stack([stacked(name) for name in (voice, Usage.SMS, Usage.DATA_MIB)], axis=2),
        month,
        summed(np.nan_to_num(stacked(Usage.VOICE_MINUTES))),
        summed(np.nan_to_num(stacked(Usage.VOICE_CALLS))),
    )


def voice_column(X: Columns) -> str:
    """The usage column that stands for voice."""
    billed = lag(Usage.VOICE_MINUTES_BILLED, 1) in X
    return Usage.VOICE_MINUTES_BILLED if billed else Usage.VOICE_MINUTES


@dataclass(frozen=True)
class Calendar:
    """What a month of the calendar multiplies usage by, in logs: a trend, and a season that is 0 where nothing
    was learned."""

    trend: np.ndarray
    "Shape (3,): growth a month."
    season: np.ndarray
    "Shape (13, 3): January to December, then an unknown month, which is 0."
    doubt: np.ndarray
    "Shape (13, 3): variance of what is expected between the window and the horizon, by month of the as_of."
    first: float
    last: float
    "First and last as_of learned from, months since 1970."

    def of(self, month: np.ndarray, ahead: int) -> np.ndarray:
        """Shape (n, 3): the month `ahead` months after as_of (0 begins on it), relative to as_of."""
        return self.trend * ahead + self.season[self.position(month, ahead)]

    def at(self, month: np.ndarray) -> np.ndarray:
        """Shape (n, 3): the trend from the first as_of to this one; followed for a year at most."""
        since = np.clip(month - self.first, -MONTHS_A_YEAR, self.last - self.first + MONTHS_A_YEAR)
        return np.where(np.isnan(since), (self.last - self.first) / 2, since)[:, None] * self.trend

    def position(self, month: np.ndarray, ahead: int) -> np.ndarray:
        """Row of `season`, shape (n,)."""
        known = ~np.isnan(month)
        return np.where(known, (np.where(known, month, 0.0).astype(np.int64) + ahead) % MONTHS_A_YEAR, -1)


def calendar_of(
    log_amount: np.ndarray, month: np.ndarray, horizon: int, trend_sd: float, season_sd: float
) -> Calendar:
    """Trend and season from how each subscriber's own months differ: a ridge regression inside subscribers.

    `log_amount`, shape (n, W, 3), NaN where silent or unknown. The standard deviations are those of a month's
    growth and of a calendar month's deviation before any row is seen, in logs.
    """
    window = log_amount.shape[1]
    blank = Calendar(np.zeros(3), np.zeros((13, 3)), np.zeros((13, 3)), 0.0, 0.0)
    known_months = month[~np.isnan(month)]
    design = np.stack([_design(blank, month, -ago) for ago in range(1, window + 1)], axis=1)
    penalty = np.diag(np.r_[trend_sd**-2, np.full(MONTHS_A_YEAR, season_sd**-2)])
    cases = np.append(np.arange(MONTHS_A_YEAR, dtype=np.float64), np.nan)
    contrast = sum(_design(blank, cases, ahead) for ahead in range(horizon)) / horizon
    contrast = contrast - sum(_design(blank, cases, -ago) for ago in range(1, window + 1)) / window
    trend, season, doubt = np.zeros(3), np.zeros((13, 3)), np.zeros((13, 3))
    for service in range(N_SERVICES):
        y = log_amount[:, :, service]
        known = ~np.isnan(y)
        inside = np.where(known[..., None], design, 0.0)
        mean = inside.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
        inside = (inside - mean[:, None]) * known[..., None]
        own = np.where(known, y, 0.0)
        own = (own - (own.sum(axis=1) / np.maximum(known.sum(axis=1), 1))[:, None]) * known
        freedom = max(int(known.sum() - known.any(axis=1).sum()), 0)
        noise = (np.square(own).sum() + _PRIOR_ROWS * _WITHIN_SD**2) / (freedom + _PRIOR_ROWS)
        flat = inside.reshape(-1, inside.shape[2])
        covariance = np.linalg.inv(flat.T @ flat / noise + penalty)
        coefficient = covariance @ (flat.T @ own.ravel()) / noise
        trend[service], season[:12, service] = coefficient[0], coefficient[1:]
        doubt[:, service] = np.einsum("ij,jk,ik->i", contrast, covariance, contrast)
    first, last = (known_months.min(), known_months.max()) if len(known_months) else (0.0, 0.0)
    return Calendar(trend, season, doubt, float(first), float(last))


def _design(calendar: Calendar, month: np.ndarray, ahead: int) -> np.ndarray:
    """Shape (n, 13): months after as_of, then 1 for the calendar month."""
    season = np.eye(MONTHS_A_YEAR + 1)[calendar.position(month, ahead)][:, :MONTHS_A_YEAR]
    return np.column_stack([np.full(len(month), float(ahead)), season])


@dataclass(frozen=True)
class Levels:
    """Log levels of n subscribers: normal, given what is known of them."""

    mean: np.ndarray
    "Shape (n, 3)."
    covariance: np.ndarray
    "Shape (n, 3, 3)."


@dataclass(frozen=True)
class Population:
    """How levels differ between subscribers, and months within one."""

    mean: np.ndarray
    "Shape (3,): mean log level, at the first as_of."
    between: np.ndarray
    "Shape (3, 3): covariance of the levels of the three services."
    within: np.ndarray
    "Shape (3, 3): covariance of a month's deviations from the level."

    def levels(self, deviation: np.ndarray, expected: np.ndarray) -> Levels:
        """The posterior given months.

        `deviation`, shape (n, W, 3): log amounts less what the calendar explains; NaN where silent or unknown.
        `expected`, shape (n, 3): the level before any month is seen.
        """
        mean, count, both = _means(deviation)
        seen = count > 0
        noise = self.within * both / _outer(np.maximum(count, 1))
        system = np.where(_outer(seen), self.between + noise, np.eye(N_SERVICES))
        gain = np.linalg.solve(system, np.where(seen[:, :, None], self.between, 0.0)).transpose(0, 2, 1)
        surprise = np.where(seen, mean - expected, 0.0)
        covariance = self.between - gain @ np.where(seen[:, :, None], self.between, 0.0)
        return Levels(expected + (gain @ surprise[:, :, None])[..., 0], covariance)


def population_of(deviation: np.ndarray, trend: np.ndarray) -> Population:
    """Moments of the months of n subscribers; `trend`, shape (n, 3), is what their as_of adds to the level."""
    mean, count, both = _means(deviation)
    seen = count > 0
    inside = np.where(np.isnan(deviation), 0.0, deviation - mean[:, None])
    products = sum(_outer(inside[:, ago]) for ago in range(inside.shape[1])).sum(axis=0)
    # Of the shared months of two services one degree of freedom goes to the two means.
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
    """Mean of the months used, their number, both (n, 3), and how many two services share, (n, 3, 3)."""
    used = ~np.isnan(deviation)
    count = summed(used.astype(np.float64))
    both = np.zeros((len(deviation), N_SERVICES, N_SERVICES))
    for ago in range(deviation.shape[1]):
        both += _outer(used[:, ago])
    mean = summed(np.where(used, deviation, 0.0)) / np.maximum(count, 1)
    return mean, count, both


def _outer(values: np.ndarray) -> np.ndarray:
    return values[:, :, None] * values[:, None, :]


def _with_prior(products: np.ndarray, freedom: np.ndarray, sd: float) -> np.ndarray:
    """Products over their degrees of freedom, a few rows of the prior added, made a covariance again."""
    moments = (products + _PRIOR_ROWS * sd**2 * np.eye(N_SERVICES)) / (freedom + _PRIOR_ROWS)
    values, vectors = np.linalg.eigh((moments + moments.T) / 2)
    return (vectors * np.maximum(values, 1e-4)) @ vectors.T
