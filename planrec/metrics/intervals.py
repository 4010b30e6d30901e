"""From the out-of-fold table to values with intervals, by bootstrap over subscribers."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import ConfigError
from planrec.metrics.named import METRICS
from planrec.metrics.scored import Scored, scored, subscribers_of
from planrec.schema import OutOfFold, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (2.5, 97.5)
"The ends of a 95 % percentile interval."

_WEIGHTS_AT_ONCE = 2**24
"Weights held at a time (128 MiB): bounds memory, whatever the number of subscribers and draws."


@dataclass(frozen=True)
class MetricValue:
    """One metric of one model, with its 95 % interval."""

    model: str
    metric: str
    plan: str | None
    "The plan where the metric has one value per plan."
    value: float
    "NaN where the metric is not defined, such as the F1 of a plan that nobody has and nobody is advised."
    low: float
    high: float
    n_decisions: int
    n_subscribers: int


def evaluate(
    out_of_fold: "pd.DataFrame",
    names: Sequence[str],
    seed: int,
    n_bootstrap: int,
    deterministic: Collection[str] = (),
) -> list[MetricValue]:
    """Every metric of every model, with a 95 % percentile interval by bootstrap over subscribers.

    A draw takes as many subscribers as there are, with replacement, each with all of their rows; all models
    see the same draws, so that two of them can be compared in pairs. Draws in which a metric is not defined
    (a plan that got no subscriber) are left out of its interval; where the value itself is not defined, so
    are the ends of the interval. Neither value nor interval depends on the order of the rows.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of all models.
        names: keys of METRICS.
        seed: of the draws.
        n_bootstrap: draws, at least 1.
        deterministic: models that name one plan; metrics of probabilities are left out for them.

    Raises:
        ConfigError: names every unknown metric.
        DataError: an out-of-fold table that does not hold what it should.
    """
    check_known(names)
    subscribers = subscribers_of(out_of_fold)
    models = out_of_fold[OutOfFold.MODEL].to_numpy()
    judged = {model: scored(out_of_fold, models == model, subscribers) for model in dict.fromkeys(models)}
    asked = [
        (model, name)
        for model in judged
        for name in names
        if not (METRICS[name].needs_probability and model in deterministic)
    ]
    draws: dict[tuple[str, str], list[np.ndarray]] = {pair: [] for pair in asked}
    for weights in _itself_then_draws(subscribers.count, seed, n_bootstrap):
        for model, name in asked:
            draws[model, name].append(METRICS[name].function(judged[model], weights))
    return [
        found
        for (model, name), parts in draws.items()
        for found in _values(str(model), name, judged[model], np.concatenate(parts, axis=-1))
    ]


def check_known(names: Sequence[str]) -> None:
    """Raises ConfigError naming every name that is not in METRICS."""
    unknown = [f"{name!r}{did_you_mean(name, METRICS)}" for name in names if name not in METRICS]
    if unknown:
        raise ConfigError(f"metrics must be among {', '.join(METRICS)}", [f"got {name}" for name in unknown])


def bootstrap_weights(n_subscribers: int, seed: int, n_bootstrap: int) -> Iterator[np.ndarray]:
    """How often each subscriber is drawn. Yields shape (n_subscribers, B), float64; all B sum to n_bootstrap.

    The draws depend on the seed and the number of subscribers alone.
    """
    generator = np.random.default_rng(seed)
    most = max(1, _WEIGHTS_AT_ONCE // n_subscribers)
    for start in range(0, n_bootstrap, most):
        counts = np.empty((min(most, n_bootstrap - start), n_subscribers), np.int32)
        for draw in counts:
            # One multinomial draw; `generator.multinomial` takes ten times as long for as many subscribers.
            drawn = generator.integers(0, n_subscribers, n_subscribers, dtype=np.int32)
            draw[:] = np.bincount(drawn, minlength=n_subscribers)
        yield counts.T.astype(np.float64, order="C")


def _itself_then_draws(n_subscribers: int, seed: int, n_bootstrap: int) -> Iterator[np.ndarray]:
    """Every subscriber once, which gives the value itself, then the draws."""
    yield np.ones((n_subscribers, 1))
    yield from bootstrap_weights(n_subscribers, seed, n_bootstrap)


def _values(model: str, name: str, judged: Scored, draws: np.ndarray) -> list[MetricValue]:
    """One MetricValue, or one per plan. `draws`: shape (1 + B,) or (J, 1 + B), the value itself first."""
    plans = judged.plans if METRICS[name].per_plan else (None,)
    return [
        MetricValue(
            model,
            name,
            plan,
            float(of_plan[0]),
            *_interval(of_plan),
            judged.n_decisions,
            judged.n_subscribers,
        )
        for plan, of_plan in zip(plans, np.atleast_2d(draws), strict=True)
    ]


def _interval(draws: np.ndarray) -> tuple[float, float]:
    """Ends of the interval from the draws where the metric is defined. `draws`: the value itself first."""
    defined = draws[1:][~np.isnan(draws[1:])]
    if np.isnan(draws[0]) or len(defined) == 0:
        return np.nan, np.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(low), float(high)
