"""Paired comparison of two models: both see the same draws of subscribers, so shared chance cancels."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import DataError
from planrec.metrics.intervals import DrawnMetrics, bootstrap_weights, interval_of
from planrec.metrics.judged_rows import Subscribers, read_judged_rows
from planrec.metrics.registry import METRICS
from planrec.schema.predictions import OutOfFold

if TYPE_CHECKING:
    import pandas as pd


_FLOAT_ERROR = 1e-9
"Smaller differences are rounding errors of sums and linear algebra: equal models must differ by exactly 0."


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN if not defined."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval is above 0 or below 0."""
        return self.low > 0 or self.high < 0

    def as_json(self) -> dict[str, float | None]:
        """Return the numbers for JSON, which has no NaN.

        Examples:
            >>> Estimate(0.5, 0.4, float("nan")).as_json()
            {'value': 0.5, 'low': 0.4, 'high': None}
        """
        return {name: None if isnan(number) else number for name, number in asdict(self).items()}


@dataclass(frozen=True)
class Difference:
    """A paired difference in one metric."""

    model: str
    metric: str
    estimate: Estimate
    "The value of `model` less that of the first model or run, on the same draws of subscribers."


@dataclass(frozen=True)
class SubscriberDraws:
    """Draws of subscribers, made once for all tables of the same subscribers."""

    ids: "pd.Index[str]"
    "The sorted subscribers: their positions are their numbers in every table."
    counts: tuple[np.ndarray, ...]
    """How often each subscriber is drawn, in parts of shape (n_subscribers, some draws), in the smallest
    unsigned integers that hold them: an eighth of the memory of the weights that metrics take."""

    def numbered(self, out_of_fold: "pd.DataFrame") -> Subscribers:
        """Assign to the subscribers of a table their numbers in the draws.

        Raises:
            DataError: the subscribers of the table are not those of the draws.
        """
        import pandas as pd

        codes = self.ids.get_indexer(pd.Index(out_of_fold[OutOfFold.SUBSCRIBER]))
        n_found = len(np.unique(codes[codes >= 0]))
        if (codes < 0).any() or n_found < len(self.ids):
            raise DataError(
                "tables that are compared in pairs must have the same subscribers:"
                f" {len(self.ids) - n_found} of {len(self.ids)} are missing,"
                f" {int((codes < 0).sum())} rows are of others"
            )
        return Subscribers(codes.astype(np.int32), len(self.ids))

    def weights(self) -> Iterator[np.ndarray]:
        """Yield weights of 1, which give the value itself, then those of the draws, as metrics take them."""
        yield np.ones((len(self.ids), 1))
        for counts in self.counts:
            yield counts.astype(np.float64)


def draws_of(out_of_fold: "pd.DataFrame", seed: int, n_bootstrap: int) -> SubscriberDraws:
    """Make the draws that `evaluate` makes for this table with this seed."""
    import pandas as pd

    ids = pd.factorize(out_of_fold[OutOfFold.SUBSCRIBER], sort=True)[1]
    weights = bootstrap_weights(len(ids), seed, n_bootstrap)
    return SubscriberDraws(
        pd.Index(ids), tuple(part.astype(np.min_scalar_type(int(part.max()))) for part in weights)
    )


def metric_draws(
    out_of_fold: "pd.DataFrame", name: str, draws: SubscriberDraws, mine: np.ndarray | None = None
) -> np.ndarray:
    """Compute a metric of some rows of one model: the value itself, then one per draw, shape (1 + B,).

    NaN in draws that do not define the metric, and everywhere if the rows have nothing to measure.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of one model, or of several with `mine`.
        name: A metric with one value.
        draws: draws of all subscribers of the table.
        mine: which rows to measure, shape (n,), bool; None for all.
    """
    judged = read_judged_rows(out_of_fold, mine, draws.numbered(out_of_fold))
    if not METRICS[name].can_measure(judged):
        return np.full(1 + sum(part.shape[1] for part in draws.counts), np.nan)
    # A draw without any of the rows has no mean.
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([METRICS[name].function(judged, weights) for weights in draws.weights()])


def mean_estimate(out_of_fold: "pd.DataFrame", value: np.ndarray, draws: SubscriberDraws) -> Estimate:
    """Estimate the mean of one value per decision of one model.

    Args:
        out_of_fold: the rows of the model.
        value: one value per row, shape (n,).
        draws: draws of the table's subscribers.
    """
    judged = read_judged_rows(out_of_fold, None, draws.numbered(out_of_fold))
    means = np.concatenate([judged.mean(weights, value) for weights in draws.weights()])
    return Estimate(float(means[0]), *interval_of(means))


def paired_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Estimate the second value minus the first; both have shape (1 + B,) and come from the same draws.

    Examples:
        >>> paired_difference(np.array([1.0, 1.0, 2.0]), np.array([3.0, 2.0, 4.0]))
        Estimate(value=2.0, low=1.025, high=1.975)
    """
    difference = second - first
    difference[np.abs(difference) < _FLOAT_ERROR] = 0.0
    return Estimate(float(difference[0]), *interval_of(difference))


def differences_to_first(drawn: DrawnMetrics) -> Iterator[Difference]:
    """Yield the difference of every other model to the first, by metric with one value and a better side.

    Differences that are not defined are left out.
    """
    first, *others = drawn.judged
    for (model, metric), reference in drawn.draws.items():
        if model != first or reference.ndim > 1 or METRICS[metric].higher_is_better is None:
            continue
        for other in others:
            if (draws := drawn.draws.get((other, metric))) is not None:
                estimate = paired_difference(reference, draws)
                if not isnan(estimate.low):
                    yield Difference(str(other), metric, estimate)


def paired_ratio(
    out_of_fold: "pd.DataFrame", name: str, models: tuple[str, str], seed: int, n_bootstrap: int
) -> tuple[float, float, float]:
    """Divide the first model's metric by the second one's, on the same decisions.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of both models.
        name: A metric with one value.
        models: numerator and denominator.
        seed: seed of the draws.
        n_bootstrap: number of draws, at least 1.

    Returns:
        The ratio and the ends of its 95 % interval.
    """
    draws = draws_of(out_of_fold, seed, n_bootstrap)
    model = out_of_fold[OutOfFold.MODEL].to_numpy()
    first, second = (metric_draws(out_of_fold, name, draws, model == wanted) for wanted in models)
    ratios = first / second
    return (float(ratios[0]), *interval_of(ratios))
