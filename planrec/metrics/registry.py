"""The metric registry: every metric by name. A new metric is one function and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planrec.commands.advice import typed
from planrec.metrics.bill_forecast import ece_cheaper, pit_80
from planrec.metrics.first_advice import accuracy, f1, flip_rate, macro_f1
from planrec.metrics.groups import (
    Worst,
    by_column,
    by_group,
    by_group_and_plan,
    error_gap,
    error_rate_by_group,
    farthest_selection,
    harm_gap,
    harm_rate_by_group,
    highest,
    regret_by_group,
    regret_gap,
    savings_captured_by_group,
    selection_gap,
    selection_rate_by_group,
)
from planrec.metrics.judged_rows import N_DECILES, JudgedRows
from planrec.metrics.money import (
    eps_hit,
    harm_rate,
    harm_rate_switched,
    regret,
    regret_by_decile,
    regret_by_held,
    regret_hidden,
    regret_median,
    regret_p90,
    savings_captured,
    switch_rate,
)
from planrec.metrics.probability import brier, ece, log_loss
from planrec.metrics.ranking import auc, mrr, ndcg_3, top_2, top_3
from planrec.wording import did_you_mean

MONEY = "currency per month"


def by_plan(judged: JudgedRows) -> tuple[str, ...]:
    """Name the plans."""
    return judged.plans


def by_decile(judged: JudgedRows) -> tuple[str, ...]:
    """Name the deciles, `1` to `10`, least usage first."""
    return tuple(str(decile) for decile in range(1, N_DECILES + 1))


@dataclass(frozen=True)
class Metric:
    """A metric and the facts that are needed to rank by it."""

    function: Callable[[JudgedRows, np.ndarray], np.ndarray]
    """Takes the rows of one model and weights, shape (n_subscribers, B): how often each subscriber counts in
    each of B draws. Returns shape (B,), or (groups, B) with `groups`; NaN in draws that do not define it."""
    higher_is_better: bool | None
    "None if neither is better: a value to read beside the others."
    unit: str
    needs_probability: bool = False
    "True for metrics of probabilities, which are left out for rules that only name one plan."
    needs_bills: bool = False
    "True if the metric needs realised bills; asking for it without them is an error."
    left_out_without: (
        Literal["hidden_costs", "decile", "previous", "cheaper", "chances", "segments"] | None
    ) = None
    "The part of `JudgedRows` that the metric measures; without this part the metric is left out."
    groups: Callable[[JudgedRows], tuple[str, ...]] | None = None
    "Returns the names of the parts that the metric has one value each for; None for a single value."
    worst: Worst | None = None
    "Returns the worst group for each value of a gap; None if the metric is not a gap."
    at_most: float | None = None
    "The guard: advice with a higher value should not be given; None if there is no guard."

    def can_measure(self, judged: JudgedRows) -> bool:
        """Return whether the rows have the part that the metric measures."""
        return self.left_out_without is None or getattr(judged, self.left_out_without) is not None


def known_metric(name: str) -> str:
    """Return the name if METRICS has such a metric.

    Raises:
        ValueError: there is no such metric; suggests a similar one and lists all.

    Examples:
        >>> known_metric("accuracy")
        'accuracy'
    """
    if name not in METRICS:
        raise ValueError(f"no such metric{did_you_mean(name, METRICS)}; allowed: {', '.join(METRICS)}")
    return name


METRICS: dict[str, Metric] = {
    "regret": Metric(regret, higher_is_better=False, unit=MONEY, needs_bills=True),
    "regret_median": Metric(regret_median, higher_is_better=False, unit=MONEY, needs_bills=True),
    "regret_p90": Metric(regret_p90, higher_is_better=False, unit=MONEY, needs_bills=True),
    "regret_hidden": Metric(
        regret_hidden,
        higher_is_better=False,
        unit=MONEY,
        needs_bills=True,
        left_out_without="hidden_costs",
    ),
    "regret_by_decile": Metric(
        regret_by_decile,
        higher_is_better=False,
        unit=MONEY,
        needs_bills=True,
        left_out_without="decile",
        groups=by_decile,
    ),
    "regret_by_held": Metric(
        regret_by_held, higher_is_better=False, unit=MONEY, needs_bills=True, groups=by_plan
    ),
    "savings_captured": Metric(
        savings_captured, higher_is_better=True, unit="share, at most 1", needs_bills=True
    ),
    "harm_rate": Metric(harm_rate, higher_is_better=False, unit="share", needs_bills=True, at_most=0.05),
    "harm_rate_switched": Metric(
        harm_rate_switched, higher_is_better=False, unit="share of switches", needs_bills=True
    ),
    "switch_rate": Metric(switch_rate, higher_is_better=None, unit="share", needs_bills=True),
    "eps_hit": Metric(eps_hit, higher_is_better=True, unit="share", needs_bills=True),
    "flip_rate": Metric(
        flip_rate, higher_is_better=False, unit="share of consecutive pairs", left_out_without="previous"
    ),
    "ndcg_3": Metric(ndcg_3, higher_is_better=True, unit="score", needs_bills=True),
    "accuracy": Metric(accuracy, higher_is_better=True, unit="share"),
    "macro_f1": Metric(macro_f1, higher_is_better=True, unit="score"),
    "f1": Metric(f1, higher_is_better=True, unit="score", groups=by_plan),
    "auc": Metric(auc, higher_is_better=True, unit="probability"),
    "log_loss": Metric(log_loss, higher_is_better=False, unit="nats", needs_probability=True),
    "brier": Metric(brier, higher_is_better=False, unit="squared error, 0 to 2", needs_probability=True),
    "ece": Metric(ece, higher_is_better=False, unit="probability", needs_probability=True),
    "ece_cheaper": Metric(
        ece_cheaper,
        higher_is_better=False,
        unit="probability",
        needs_bills=True,
        left_out_without="cheaper",
    ),
    "pit_80": Metric(
        pit_80,
        higher_is_better=None,
        unit="share, 0.8 is right",
        needs_bills=True,
        left_out_without="chances",
        groups=by_plan,
    ),
    "top_2": Metric(top_2, higher_is_better=True, unit="share"),
    "top_3": Metric(top_3, higher_is_better=True, unit="share"),
    "mrr": Metric(mrr, higher_is_better=True, unit="score"),
    "regret_by_group": Metric(
        regret_by_group,
        higher_is_better=False,
        unit=MONEY,
        needs_bills=True,
        left_out_without="segments",
        groups=by_group,
    ),
    "savings_captured_by_group": Metric(
        savings_captured_by_group,
        higher_is_better=True,
        unit="share, at most 1",
        needs_bills=True,
        left_out_without="segments",
        groups=by_group,
    ),
    "harm_rate_by_group": Metric(
        harm_rate_by_group,
        higher_is_better=False,
        unit="share",
        needs_bills=True,
        left_out_without="segments",
        groups=by_group,
    ),
    "error_rate_by_group": Metric(
        error_rate_by_group,
        higher_is_better=False,
        unit="share",
        left_out_without="segments",
        groups=by_group,
    ),
    "selection_rate_by_group": Metric(
        selection_rate_by_group,
        higher_is_better=None,
        unit="share",
        left_out_without="segments",
        groups=by_group_and_plan,
    ),
    "regret_gap": Metric(
        regret_gap,
        higher_is_better=False,
        unit=MONEY,
        needs_bills=True,
        left_out_without="segments",
        groups=by_column,
        worst=highest(regret_by_group),
    ),
    "harm_gap": Metric(
        harm_gap,
        higher_is_better=False,
        unit="share",
        needs_bills=True,
        left_out_without="segments",
        groups=by_column,
        worst=highest(harm_rate_by_group),
    ),
    "error_gap": Metric(
        error_gap,
        higher_is_better=False,
        unit="share",
        left_out_without="segments",
        groups=by_column,
        worst=highest(error_rate_by_group),
    ),
    "selection_gap": Metric(
        selection_gap,
        higher_is_better=False,
        unit="share",
        left_out_without="segments",
        groups=by_column,
        worst=farthest_selection,
    ),
}
"""Every metric by name; `planrec.metrics` adds those of plug-ins."""


def broken_guards(values: Mapping[str, float]) -> list[str]:
    """Write one sentence per metric whose value is above its guard.

    Args:
        values: metric -> value of one model.

    Examples:
        >>> broken_guards({"harm_rate": 0.04, "regret": 9.5})
        []
        >>> broken_guards({"harm_rate": 0.08})[0][:62]
        'harm_rate is 0.080 and must be at most 0.05: too many subscrib'
    """
    return [
        f"{name} is {value:.3f} and must be at most {guard:g}: too many subscribers would pay more;"
        f" {typed(policy='guarded')} keeps it below a limit; higher policy.absolute or policy.relative advise"
        " fewer moves"
        for name, value in values.items()
        if (guard := METRICS[name].at_most) is not None and value > guard
    ]
