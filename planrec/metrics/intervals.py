"""From the out-of-fold table to values with intervals, by bootstrap over subscribers."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import ConfigError
from planrec.metrics.named import METRICS, known_metric
from planrec.metrics.scored import Scored, scored, subscribers_of
from planrec.schema import OutOfFold

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
    group: str | None
    "What this value is for, where the metric has several: a plan, a plan held, a decile of usage."
    value: float
    "NaN where the metric is not defined, such as the F1 of a plan that nobody has and nobody is advised."
    low: float
    high: float
    n_decisions: int
    n_subscribers: int
    worst: str | None = None
    "The group that a gap is worst for; None where the metric is no gap, or too few groups are large enough."


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

    Returns:
        One value per model, metric and group. A metric for which the table has nothing to measure (no
        hidden truth, nobody advised twice) is left out.

    Raises:
        ValueError: a name that is not in METRICS, with the near one.
        ConfigError: names every metric of money where the table has no bills.
        DataError: an out-of-fold table that does not hold what it should.
    """
    for name in names:
        known_metric(name)
    subscribers = subscribers_of(out_of_fold)
    models = out_of_fold[OutOfFold.MODEL].to_numpy()
    judged = {model: scored(out_of_fold, models == model, subscribers) for model in dict.fromkeys(models)}
    _check_bills(names, judged.values())
    asked = [
        (model, name)
        for model in judged
        for name in names
        if not (METRICS[name].needs_probability and model in deterministic)
        and _is_there(METRICS[name].left_out_without, judged[model])
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


def value_of(out_of_fold: "pd.DataFrame", name: str) -> float:
    """One metric of one model, without an interval: for whoever judges many models.

    Args:
        out_of_fold: the columns of `OutOfFold`; rows of one model.
        name: a key of METRICS with one value; its direction and needs are the caller's business.

    Raises:
        ConfigError: the table has nothing that the metric could measure.
    """
    subscribers = subscribers_of(out_of_fold)
    judged = scored(out_of_fold, np.ones(len(out_of_fold), bool), subscribers)
    _check_bills([name], [judged])
    if not _is_there(METRICS[name].left_out_without, judged):
        raise ConfigError(
            f"metric {name} has nothing to measure in this data, so nothing can be compared by it:"
            " put another one first, such as metrics=[log_loss,accuracy]"
        )
    return float(METRICS[name].function(judged, np.ones((subscribers.count, 1)))[0])


def _check_bills(names: Sequence[str], judged: Collection[Scored]) -> None:
    money = [name for name in names if METRICS[name].needs_bills]
    if money and any(scored.costs is None for scored in judged):
        raise ConfigError(
            "metrics of money need bills after the decision, and this out-of-fold table has none:"
            f" type target=best_bill, or leave out {', '.join(money)}"
        )


def _is_there(part: str | None, judged: Scored) -> bool:
    return part is None or getattr(judged, part) is not None


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
    """One MetricValue, or one per group. `draws`: (1 + B,) or (groups, 1 + B), the value itself first."""
    named = METRICS[name].groups
    groups = (None,) if named is None else named(judged)
    worst_of = METRICS[name].worst
    worst = (None,) * len(groups) if worst_of is None else worst_of(judged)
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
    """Ends of the interval from the draws where the metric is defined. `draws`: the value itself first."""
    defined = draws[1:][~np.isnan(draws[1:])]
    if np.isnan(draws[0]) or len(defined) == 0:
        return np.nan, np.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(low), float(high)
