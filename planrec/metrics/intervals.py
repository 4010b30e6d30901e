"""Metric values of an out-of-fold table with intervals, by bootstrap over subscribers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.commands.advice import typed
from planrec.errors import ConfigError
from planrec.metrics.judged_rows import JudgedRows, read_judged_rows, subscribers_of
from planrec.metrics.registry import METRICS, known_metric
from planrec.schema.predictions import OutOfFold

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (2.5, 97.5)
"The ends of a 95 % percentile interval."

_WEIGHTS_AT_ONCE = 2**24
"Weights held at a time (128 MiB): bounds memory for any number of subscribers and draws."


@dataclass(frozen=True)
class MetricValue:
    """One metric of one model, with its 95 % interval."""

    model: str
    metric: str
    group: str | None
    "The part that this value measures, for metrics with several: a plan, a plan held, a decile of usage."
    value: float
    "NaN if the metric is not defined, such as the F1 of a plan that is never right and never recommended."
    low: float
    high: float
    n_decisions: int
    n_subscribers: int
    worst: str | None = None
    "The group with the worst value of a gap; None for other metrics, or if too few groups are large."


def evaluate(
    out_of_fold: "pd.DataFrame",
    names: Sequence[str],
    seed: int,
    n_bootstrap: int,
    deterministic: Collection[str] = (),
) -> list[MetricValue]:
    """Compute every metric of every model, with 95 % percentile intervals by bootstrap over subscribers.

    Arguments and errors are those of `draw_metrics`.

    Returns:
        One value per model, metric and group. Metrics with nothing to measure in this table (no hidden truth,
        no subscriber with two recommendations) are left out.
    """
    return draw_metrics(out_of_fold, names, seed, n_bootstrap, deterministic).values()


@dataclass(frozen=True)
class DrawnMetrics:
    """Every metric of every model, with its bootstrap draws."""

    judged: Mapping[str, JudgedRows]
    "By model, the run's own model first."
    draws: Mapping[tuple[str, str], np.ndarray]
    "(model, metric) -> shape (1 + B,), or (groups, 1 + B); the value itself first, then its draws."

    def values(self) -> list[MetricValue]:
        """Return one value per model, metric and group."""
        return [
            found
            for (model, name), drawn in self.draws.items()
            for found in _values(str(model), name, self.judged[model], drawn)
        ]


def draw_metrics(
    out_of_fold: "pd.DataFrame",
    names: Sequence[str],
    seed: int,
    n_bootstrap: int,
    deterministic: Collection[str] = (),
) -> DrawnMetrics:
    """Compute every metric of every model on all decisions and on bootstrap draws of subscribers.

    A draw samples as many subscribers as the table has, with replacement, each with all of their rows. All
    models see the same draws, so that two of them can be compared in pairs. Draws that do not define a metric
    (a plan that got no subscriber) are left out of its interval. If the value itself is not defined, neither
    are the ends of the interval. Neither value nor interval depends on the order of the rows.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of all models.
        names: keys of METRICS.
        seed: seed of the draws.
        n_bootstrap: number of draws, at least 1.
        deterministic: models that only name one plan; they get no metrics of probabilities.

    Raises:
        ValueError: A name is not in METRICS; suggests a similar one.
        ConfigError: metrics of money were asked for and the table has no bills; lists these metrics.
        DataError: the out-of-fold table is not complete or not consistent.
    """
    for name in names:
        known_metric(name)
    subscribers = subscribers_of(out_of_fold)
    models = out_of_fold[OutOfFold.MODEL].to_numpy()
    judged = {
        model: read_judged_rows(out_of_fold, models == model, subscribers) for model in dict.fromkeys(models)
    }
    _check_bills(names, judged.values())
    asked = [
        (model, name)
        for model in judged
        for name in names
        if not (METRICS[name].needs_probability and model in deterministic)
        and METRICS[name].can_measure(judged[model])
    ]
    draws: dict[tuple[str, str], list[np.ndarray]] = {pair: [] for pair in asked}
    for weights in _value_then_draws(subscribers.count, seed, n_bootstrap):
        for model, name in asked:
            draws[model, name].append(METRICS[name].function(judged[model], weights))
    return DrawnMetrics(judged, {pair: np.concatenate(parts, axis=-1) for pair, parts in draws.items()})


def value_of(out_of_fold: "pd.DataFrame", name: str) -> float:
    """Compute one metric of one model without an interval, for comparing many models quickly.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of one model.
        name: A key of METRICS with one value; the caller checks its direction and needs.

    Raises:
        ConfigError: the metric has nothing to measure in this table.
    """
    judged = read_judged_rows(out_of_fold)
    _check_bills([name], [judged])
    if not METRICS[name].can_measure(judged):
        raise ConfigError(
            f"metric {name} has nothing to measure in this data, so it cannot compare models:"
            f" put another metric first, such as {typed(metrics=['log_loss', 'accuracy'])}"
        )
    return float(METRICS[name].function(judged, np.ones((judged.subscribers.count, 1)))[0])


def _check_bills(names: Sequence[str], models: Collection[JudgedRows]) -> None:
    money = [name for name in names if METRICS[name].needs_bills]
    if money and any(judged.costs is None for judged in models):
        raise ConfigError(
            "metrics of money need bills after the decision, and this out-of-fold table has none:"
            f" type {typed(target='best_bill')}, or leave out {', '.join(money)}"
        )


def bootstrap_weights(n_subscribers: int, seed: int, n_bootstrap: int) -> Iterator[np.ndarray]:
    """Yield how often each subscriber is drawn: shape (n_subscribers, B), float64; all B sum to n_bootstrap.

    The draws depend only on the seed and the number of subscribers.
    """
    generator = np.random.default_rng(seed)
    most = max(1, _WEIGHTS_AT_ONCE // n_subscribers)
    for start in range(0, n_bootstrap, most):
        counts = np.empty((min(most, n_bootstrap - start), n_subscribers), np.int32)
        for draw in counts:
            # One multinomial draw; `generator.multinomial` takes ten times as long.
            drawn = generator.integers(0, n_subscribers, n_subscribers, dtype=np.int32)
            draw[:] = np.bincount(drawn, minlength=n_subscribers)
        yield counts.T.astype(np.float64, order="C")


def _value_then_draws(n_subscribers: int, seed: int, n_bootstrap: int) -> Iterator[np.ndarray]:
    """Yield weights of 1, which give the value itself, then those of the draws."""
    yield np.ones((n_subscribers, 1))
    yield from bootstrap_weights(n_subscribers, seed, n_bootstrap)


def _values(model: str, name: str, judged: JudgedRows, draws: np.ndarray) -> list[MetricValue]:
    """Make one value per group; `draws` has shape (1 + B,) or (groups, 1 + B), the value itself first."""
    metric = METRICS[name]
    groups = (None,) if metric.groups is None else metric.groups(judged)
    worst = (None,) * len(groups) if metric.worst is None else metric.worst(judged)
    return [
        MetricValue(
            model,
            name,
            group,
            float(of_group[0]),
            *interval_of(of_group),
            judged.n_decisions,
            judged.n_subscribers,
            of_worst,
        )
        for group, of_group, of_worst in zip(groups, np.atleast_2d(draws), worst, strict=True)
    ]


def interval_of(draws: np.ndarray) -> tuple[float, float]:
    """Compute the ends of the 95 % percentile interval; NaN if the value or all draws are not defined.

    Args:
        draws: the value itself first, then its draws; NaN draws are left out.

    Examples:
        >>> interval_of(np.array([0.5, 0.0, 1.0, np.nan]))
        (0.025, 0.975)
    """
    defined = draws[1:][~np.isnan(draws[1:])]
    if np.isnan(draws[0]) or len(defined) == 0:
        return np.nan, np.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(low), float(high)
