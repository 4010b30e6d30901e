"""Feature set `usage`: level, peak, trend, variability and mix of services over months of usage."""

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from planrec.catalogue import Catalogue
from planrec.contracts import FeatureSet
from planrec.features.columns_input import NamedColumns, columns_from
from planrec.features.lag_input import check_readable, found_lags, in_blocks, read_numbers
from planrec.schema.columns import Columns, Usage, lag

SINGLE_MONTH = ("last", "log_mean")
SEVERAL_MONTHS = ("last", "mean", "peak", "log_mean", "trend", "sd")
"Statistics of each service; with one month, mean and peak would repeat it and the others be constant."


class UsageFeatures(FeatureSet):
    """Ratios, logs, shares, trend and variability over lag columns; attributes are not read."""

    needs_usage: ClassVar[bool] = True

    kind: Literal["usage"]

    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `UsageTransformer`; the catalogue is not read."""
        return UsageTransformer()


class UsageTransformer(NamedColumns, TransformerMixin, BaseEstimator):
    """A transformer of the lag columns `data_mib.1 ... data_mib.W` of each measured service into statistics.

    Per service, over its known months (a NaN lag is before the observation window; 0 is a silent month): the
    last month; mean; peak; log(1 + mean); trend, the least-squares slope in units per month, 0 with one known
    month; sd, the population standard deviation. Across services: minutes per call, the share of each service
    in the logs, and the number of months with a known value. A service without a known month has NaN
    features. With W = 1 only the last month, its log, the ratio and the shares remain, and with one service
    no shares: the others would be constant or repeat a column.

    Attributes:
        services_: the measured services found, in the order of `Usage.MEASURED`.
        window_: W.
    """

    def fit(self, X: object, y: object = None) -> Self:
        """Find the services and lags; values and `y` are not read.

        Raises:
            DataError: there is no lag column, or one service lacks months that another has.
        """
        columns = columns_from(X)
        found, self.window_ = found_lags(columns, "usage")
        self.services_ = [service for service in Usage.MEASURED if service in found]
        read = _lag_columns(self.services_, self.window_)
        check_readable(columns, read)
        self.n_features_in_ = len(read)
        self.feature_names_in_ = np.array(read, dtype=object)
        return self

    def transform(self, X: object) -> np.ndarray:
        """Compute the matrix, shape (n, n_features), C-contiguous float64.

        Raises:
            DataError: lag columns are missing or are not numbers; the message names all of them.
        """
        check_is_fitted(self, "services_")
        return self.matrix(columns_from(X))

    def matrix(self, columns: Columns) -> np.ndarray:
        """Transform without scikit-learn's checks, which take longer than one row."""
        arrays = read_numbers(columns, self.feature_names_in_.tolist())
        names = _feature_names(tuple(self.services_), self.window_)
        matrix = np.empty((len(arrays[0]), len(names)))
        for rows, block in in_blocks(arrays):
            months = block.reshape(self.window_, len(self.services_), -1)
            matrix[rows] = _features(months, self.services_).T
        return matrix

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """List names such as `data_mib_mean`, `minutes_per_call`, `sms_share`, `months_known`."""
        check_is_fitted(self, "services_")
        _check_feature_names_in(self, input_features)
        return np.array(_feature_names(tuple(self.services_), self.window_), dtype=object)


@lru_cache(maxsize=64)
def _feature_names(services: tuple[str, ...], window: int) -> tuple[str, ...]:
    """List names in the order of the rows of `_features`."""
    statistics = SINGLE_MONTH if window == 1 else SEVERAL_MONTHS
    names = [f"{service}_{statistic}" for statistic in statistics for service in services]
    if len(services) > 1:
        names += [f"{service}_share" for service in services]
    if _has_calls_and_minutes(services):
        names.append("minutes_per_call")
    return (*names, "months_known") if window > 1 else tuple(names)


def _features(months: np.ndarray, services: list[str]) -> np.ndarray:
    """Compute features (n_features, n) from usage (W, n_services, n).

    Sums over months and services are loops, because the order of additions in numpy's sum depends on the
    shape, and one row must have the same bits as in a batch.
    """
    months = months + 0.0  # no -0.0: the maximum of 0.0 and -0.0 is either, depending on position
    known = ~np.isnan(months)
    n_known = known.sum(axis=0)
    divisor = np.where(n_known, n_known, np.nan)
    filled = np.where(known, months, 0.0)
    mean = _sum(filled) / divisor
    log_mean = np.log1p(mean)
    if len(months) == 1:
        parts = [months[0], log_mean]
    else:
        trend, sd = _trend_and_sd(filled, mean, known, divisor)
        peak = np.where(n_known, filled.max(axis=0), np.nan)
        parts = [months[0], mean, peak, log_mean, trend, sd]
    if len(services) > 1:
        # At least 1 in the divisor: shares stay finite, and go to 0, for silent months.
        parts.append(log_mean / np.maximum(_sum(log_mean), 1.0))
    if _has_calls_and_minutes(services):
        minutes, calls = (mean[services.index(name)] for name in (Usage.VOICE_MINUTES, Usage.VOICE_CALLS))
        # At least one call in the divisor: the ratio stays finite in months without calls.
        parts.append((minutes / np.maximum(calls, 1.0))[np.newaxis])
    if len(months) > 1:
        parts.append(known.any(axis=1).sum(axis=0, dtype=np.float64)[np.newaxis])
    return np.concatenate(parts)


def _trend_and_sd(
    filled: np.ndarray, mean: np.ndarray, known: np.ndarray, divisor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute slope (units per month) and standard deviation; NaN without a known month."""
    times = -np.arange(1.0, len(filled) + 1)[:, np.newaxis, np.newaxis]
    from_mean = np.where(known, filled - mean, 0.0)
    time_from_mean = np.where(known, times - _sum(np.where(known, times, 0.0)) / divisor, 0.0)
    # Two known months contribute at least 0.5 to this sum, so the bound only makes 0 / 0 a slope of 0.
    spread = np.maximum(_sum(time_from_mean * time_from_mean), 0.5)
    slope = _sum(time_from_mean * from_mean) / np.where(np.isnan(divisor), np.nan, spread)
    return slope, np.sqrt(_sum(from_mean * from_mean) / divisor)


def _sum(stacked: np.ndarray) -> np.ndarray:
    """Sum over the first axis, from first to last."""
    total = stacked[0].copy()
    for layer in stacked[1:]:
        total += layer
    return total


def _has_calls_and_minutes(services: Sequence[str]) -> bool:
    return Usage.VOICE_CALLS in services and Usage.VOICE_MINUTES in services


def _lag_columns(services: list[str], window: int) -> list[str]:
    """Return lag columns in the order of `_features`: months outside, services inside."""
    return [lag(service, months_ago) for months_ago in range(1, window + 1) for service in services]
