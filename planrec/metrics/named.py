"""METRICS: every metric by name. A new metric is one function and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planrec.metrics.decision import accuracy, f1, flip_rate, macro_f1
from planrec.metrics.forecast import ece_cheaper, pit_80
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
from planrec.metrics.scored import N_DECILES, Scored
from planrec.schema import did_you_mean

MONEY = "currency per month"


def by_plan(scored: Scored) -> tuple[str, ...]:
    """Plan ids."""
    return scored.plans


def by_decile(scored: Scored) -> tuple[str, ...]:
    """`1` to `10`, little usage first."""
    return tuple(str(decile) for decile in range(1, N_DECILES + 1))


@dataclass(frozen=True)
class Metric:
    """A metric and what a reader must know to rank by it."""

    function: Callable[[Scored, np.ndarray], np.ndarray]
    """Takes the rows of one model and weights, shape (n_subscribers, B): how often each subscriber counts in
    each of B draws. Returns shape (B,), or (groups, B) with `groups`; NaN where a draw does not define it."""
    higher_is_better: bool | None
    "None where neither is: a figure to read beside the others."
    unit: str
    needs_probability: bool = False
    "True where a rule that names one plan would be judged on probabilities that it never claimed."
    needs_bills: bool = False
    "True where the realised bills are needed; asking for it without them is an error."
    left_out_without: (
        Literal["hidden_costs", "decile", "previous", "cheaper", "chances", "segments"] | None
    ) = None
    "The part of `Scored` without which there is nothing to measure; the metric is then left out."
    groups: Callable[[Scored], tuple[str, ...]] | None = None
    "Names what the metric has one value for each of."
    worst: Worst | None = None
    "Names the group that a gap is worst for, for each of its values; None where the metric is no gap."
    at_most: float | None = None
    "A value above this says that the advice is not fit to be given."


def known_metric(name: str) -> str:
    """The name itself. Raises ValueError with the near name, and all, where METRICS has no such metric."""
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
    """One sentence per metric whose value is above its guard. `values`: metric -> value of one model."""
    return [
        f"{name} is {value:.3f} and must be at most {guard:g}: the advice harms too many;"
        " policy=guarded keeps it below a limit; higher policy.absolute or policy.relative advise fewer moves"
        for name, value in values.items()
        if (guard := METRICS[name].at_most) is not None and value > guard
    ]
