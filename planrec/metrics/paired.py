"""Two models on the same decisions: both see the same draws of subscribers; luck that they share cancels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import DataError
from planrec.metrics.intervals import bootstrap_weights, interval_of
from planrec.metrics.named import METRICS
from planrec.metrics.scored import Scored, Subscribers, scored
from planrec.schema import OutOfFold

if TYPE_CHECKING:
    import pandas as pd


_FLOAT_ERROR = 1e-9
"A smaller difference is the error of sums and of linear algebra: equal models must differ by exactly 0."


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN where they are not defined."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether all of the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Draws:
    """Draws of subscribers, made once for all tables of the same subscribers."""

    ids: "pd.Index[str]"
    "The subscribers, sorted: their positions are their numbers in every table."
    counts: tuple[np.ndarray, ...]
    """How often each subscriber is drawn, each shape (n_subscribers, some draws), in the smallest unsigned
    integers that hold them: an eighth of the memory of the weights that metrics take."""

    def numbered(self, out_of_fold: "pd.DataFrame") -> Subscribers:
        """The subscribers of a table. Raises DataError where it holds others than the draws."""
        import pandas as pd

        codes = self.ids.get_indexer(pd.Index(out_of_fold[OutOfFold.SUBSCRIBER]))
        n_found = len(np.unique(codes[codes >= 0]))
        if (codes < 0).any() or n_found < len(self.ids):
            raise DataError(
                "tables that are compared in pairs must hold the same subscribers:"
                f" {len(self.ids) - n_found} of {len(self.ids)} are missing,"
                f" {int((codes < 0).sum())} rows are of others"
            )
        return Subscribers(codes.astype(np.int32), len(self.ids))

    def weights(self) -> Iterator[np.ndarray]:
        """Every subscriber once, which gives the value itself, then the draws, as metrics take them."""
        yield np.ones((len(self.ids), 1))
        for counts in self.counts:
            yield counts.astype(np.float64)


def draws_of(out_of_fold: "pd.DataFrame", seed: int, n_bootstrap: int) -> Draws:
    """The draws that `evaluate` makes for this table with this seed."""
    import pandas as pd

    ids = pd.factorize(out_of_fold[OutOfFold.SUBSCRIBER], sort=True)[1]
    weights = bootstrap_weights(len(ids), seed, n_bootstrap)
    return Draws(pd.Index(ids), tuple(part.astype(np.min_scalar_type(int(part.max()))) for part in weights))


def metric_draws(
    out_of_fold: "pd.DataFrame", name: str, draws: Draws, mine: np.ndarray | None = None
) -> np.ndarray:
    """A metric of some rows of one model: the value itself, then that of each draw. Shape (1 + B,).

    NaN in draws that do not define it, and everywhere where the rows have nothing to measure.

    Args:
        name: a metric with one value.
        mine: shape (n,), bool: the rows, all of them where None; the draws are of all subscribers.
    """
    rows = np.ones(len(out_of_fold), bool) if mine is None else mine
    judged = scored(out_of_fold, rows, draws.numbered(out_of_fold))
    if not _is_there(name, judged):
        return np.full(1 + sum(part.shape[1] for part in draws.counts), np.nan)
    # A draw without any of the rows has no mean.
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([METRICS[name].function(judged, weights) for weights in draws.weights()])


def mean_estimate(out_of_fold: "pd.DataFrame", value: np.ndarray, draws: Draws) -> Estimate:
    """Mean over the decisions of one model of one value per row, shape (n,)."""
    judged = scored(out_of_fold, np.ones(len(out_of_fold), bool), draws.numbered(out_of_fold))
    means = np.concatenate([judged.mean(weights, value) for weights in draws.weights()])
    return Estimate(float(means[0]), *interval_of(means))


def paired_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """How much more the second one is than the first. Both shape (1 + B,), from the same `Draws`."""
    difference = second - first
    difference[np.abs(difference) < _FLOAT_ERROR] = 0.0
    return Estimate(float(difference[0]), *interval_of(difference))


def paired_ratio(
    out_of_fold: "pd.DataFrame", name: str, models: tuple[str, str], seed: int, n_bootstrap: int
) -> tuple[float, float, float]:
    """How many times the second model's metric the first one's is, on the same decisions.

    Returns the ratio and the ends of its 95 % interval. `name` is a metric with one value.
    """
    draws = draws_of(out_of_fold, seed, n_bootstrap)
    model = out_of_fold[OutOfFold.MODEL].to_numpy()
    first, second = (metric_draws(out_of_fold, name, draws, model == wanted) for wanted in models)
    ratios = first / second
    return (float(ratios[0]), *interval_of(ratios))


def _is_there(name: str, judged: Scored) -> bool:
    part = METRICS[name].left_out_without
    return part is None or getattr(judged, part) is not None
