"""Names, units and figures of metrics for readers who do not know the names of the configuration."""

from collections.abc import Mapping
from math import isnan
from typing import Protocol

from planrec.metrics import METRICS
from planrec.metrics.registry import MONEY
from planrec.wording import figure

NAMES: Mapping[str, str] = {
    "regret": "Regret: paid above the cheapest plan",
    "regret_median": "Regret, median",
    "regret_p90": "Regret that 90 % stay below",
    "regret_hidden": "Regret by true expected bills",
    "regret_by_decile": "Regret by usage decile",
    "regret_by_held": "Regret by plan held",
    "savings_captured": "Savings captured: of what could be saved",
    "harm_rate": "Harmed: pay more than by staying",
    "harm_rate_switched": "Harmed, of those advised to switch",
    "switch_rate": "Advised to switch",
    "eps_hit": "Advised a plan as cheap as the cheapest",
    "flip_rate": "Advice that changes from month to month",
    "ndcg_3": "NDCG of the first 3 plans",
    "accuracy": "Accuracy: right plan named",
    "macro_f1": "Macro F1: mean over the plans",
    "f1": "F1 by plan",
    "auc": "AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Calibration error",
    "ece_cheaper": "Calibration error of P(cheaper)",
    "pit_80": "Bills inside their 80 % range",
    "top_2": "Right plan among the first 2",
    "top_3": "Right plan among the first 3",
    "mrr": "Mean reciprocal rank of the right plan",
    "regret_by_group": "Regret by protected group",
    "savings_captured_by_group": "Savings captured by protected group",
    "harm_rate_by_group": "Harmed by protected group",
    "error_rate_by_group": "Errors by protected group",
    "selection_rate_by_group": "How often each group is advised each plan",
    "regret_gap": "Largest difference in regret between groups",
    "harm_gap": "Largest difference in harm between groups",
    "error_gap": "Largest difference in errors between groups",
    "selection_gap": "Largest difference in advice between groups",
}
"Metrics of plug-ins are shown by their own names."

GROUPS: Mapping[str, str] = {
    "regret_by_decile": "usage decile",
    "regret_by_held": "plan held",
    "f1": "plan",
    "pit_80": "plan",
    "selection_rate_by_group": "group and plan",
} | {gap: "protected column" for gap, metric in METRICS.items() if metric.worst is not None}
"The kind of the groups of a metric; of all others it is `group`."

_BETTER = {True: "higher is better", False: "lower is better", None: ""}
_SHARE = "share"
_PERCENT = 100


class Interval(Protocol):
    """A value with the ends of its interval, which are NaN if no draw defines them."""

    @property
    def value(self) -> float:
        """The value, NaN if it is not defined."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def name_of(metric: str) -> str:
    """Return the name of a metric in words.

    Examples:
        >>> name_of("regret_by_held"), name_of("of_a_plugin")
        ('Regret by plan held', 'of a plugin')
    """
    return NAMES.get(metric, metric.replace("_", " "))


def short_name_of(metric: str) -> str:
    """Return the name without its explanation, for heads of columns.

    Examples:
        >>> short_name_of("regret"), short_name_of("harm_rate_switched")
        ('Regret', 'Harmed, of those advised to switch')
    """
    return name_of(metric).partition(":")[0]


def unit_of(metric: str, currency: str | None) -> str:
    """Return the unit of the figures that `shown` writes.

    Examples:
        >>> unit_of("regret", "USD"), unit_of("regret", None)
        ('USD a month', 'a month')
        >>> unit_of("harm_rate_switched", "USD"), unit_of("log_loss", "USD")
        ('% of switches', 'nats')
    """
    unit = METRICS[metric].unit
    if unit == MONEY:
        return f"{currency or ''} a month".strip()
    return f"%{unit.removeprefix(_SHARE).partition(',')[0]}" if is_share(metric) else unit


def is_share(metric: str) -> bool:
    """Return whether a metric is a share, which is shown in percent.

    Examples:
        >>> is_share("harm_rate"), is_share("regret")
        (True, False)
    """
    return METRICS[metric].unit.startswith(_SHARE)


def axis_of(metric: str, currency: str | None) -> str:
    """Return a metric's name, unit and better direction.

    Examples:
        >>> axis_of("log_loss", None), axis_of("eps_hit", "USD")
        ('Log loss (nats, lower is better)', 'Advised a plan as cheap as the cheapest (%, higher is better)')
    """
    return f"{name_of(metric)} ({unit_and_direction(metric, currency)})"


def unit_and_direction(metric: str, currency: str | None) -> str:
    """Return the unit, and the better direction if there is one.

    Examples:
        >>> unit_and_direction("regret", "EUR"), unit_and_direction("switch_rate", "EUR")
        ('EUR a month, lower is better', '%')
    """
    better = _BETTER[METRICS[metric].higher_is_better]
    return ", ".join(part for part in (unit_of(metric, currency), better) if part)


def in_unit(metric: str, value: float) -> float:
    """Return a value in the unit that is shown: percent for shares."""
    return value * _PERCENT if is_share(metric) else value


def shown(metric: str, value: float) -> str:
    """Write a value in its unit: percent with one decimal, money with two.

    Examples:
        >>> shown("harm_rate", 0.046), shown("regret", 3.456), shown("log_loss", 1.0764)
        ('4.6', '3.46', '1.08')
        >>> shown("regret", float("nan")), shown("harm_rate", -0.00001)
        ('–', '0.0')
    """
    if isnan(value):
        return "–"
    if is_share(metric):
        return f"{round(in_unit(metric, value), 1) + 0.0:,.1f}"
    if METRICS[metric].unit == MONEY:
        return f"{round(value, 2) + 0.0:,.2f}"
    return figure(value)


def shown_apart(metric: str, value: float, other: float) -> str:
    """Write a value, with one more decimal if it would look like another value.

    Examples:
        >>> shown_apart("harm_rate", 0.0504, 0.05), shown_apart("harm_rate", 0.05, 0.05)
        ('5.04', '5.0')
        >>> shown_apart("regret", 3.456, 3.457), shown_apart("regret", 3.456, 4)
        ('3.456', '3.46')
    """
    text = shown(metric, value)
    if value == other or text != shown(metric, other):
        return text
    decimals = len(text.partition(".")[2]) + 1
    return f"{in_unit(metric, value):,.{decimals}f}"


def shown_interval(metric: str, interval: Interval) -> str:
    """Write the ends of an interval in their unit; an empty text if no draw defines them.

    Examples:
        >>> from planrec.metrics import Estimate
        >>> shown_interval("harm_rate", Estimate(0.046, 0.04, 0.0512))
        '4.0 to 5.1'
    """
    if isnan(interval.low) or isnan(interval.high):
        return ""
    return f"{shown(metric, interval.low)} to {shown(metric, interval.high)}"


def shown_with_unit(metric: str, value: float, currency: str | None) -> str:
    """Write a value with its unit.

    Examples:
        >>> shown_with_unit("harm_rate", 0.046, "USD"), shown_with_unit("regret", 3.456, "USD")
        ('4.6 %', '3.46 USD a month')
    """
    return f"{shown(metric, value)} {unit_of(metric, currency)}"
