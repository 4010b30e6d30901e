"""Gates: metric limits that a run must meet before it is saved."""

from collections.abc import Mapping, Sequence
from math import isnan

from planrec.commands.advice import typed
from planrec.errors import CheckError
from planrec.metrics.intervals import MetricValue
from planrec.metrics.registry import METRICS, known_metric
from planrec.wording import figure, with_interval


def known_gate(name: str) -> str:
    """Return the name if a gate can limit this metric.

    Raises:
        ValueError: there is no such metric, or neither high nor low values of it are better.

    Examples:
        >>> known_gate("harm_rate")
        'harm_rate'
    """
    if METRICS[known_metric(name)].higher_is_better is None:
        raise ValueError(f"{name} cannot have a limit: neither high nor low values of it are better")
    return name


def check_gates(metrics: Sequence[MetricValue], gates: Mapping[str, float], waiver: str | None) -> list[str]:
    """Compare the metrics of the run's own model with their limits.

    A gate stops the run if the whole 95 % interval is beyond the limit. The value alone would stop runs on
    small data because of noise: a gap between groups is never negative, so chance always widens it. If only
    the value is beyond its limit, the run records a warning.

    Args:
        metrics: values of all models, those of the run's own model first.
        gates: metric -> limit: an upper limit if lower is better, else a lower limit.
        waiver: the reason for which gates may be broken; None to enforce them.

    Returns:
        The warnings and waived problems to record in the run.

    Raises:
        CheckError: gates are broken, or their metrics have no value in this data. Lists all of them, each
            with value, interval, limit and group, and the ways out.
    """
    own = [value for value in metrics if value.model == metrics[0].model]
    problems, notes = judged_by_gates(own, gates)
    notes = [f"{note}, so the run continues" for note in notes]
    if waiver is not None:
        return [*notes, *(f"{problem}; waived: {waiver}" for problem in problems)]
    if problems:
        raise CheckError("the run did not pass its gates", [*problems, _ways_out()])
    return notes


def judged_by_gates(own: Sequence[MetricValue], gates: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """Compare the metrics of one model with their limits.

    Args:
        own: values of the model.
        gates: metric -> limit, as for `check_gates`.

    Returns:
        The gates that are surely broken, and those that only the value breaks; one sentence each.
    """
    problems: list[str] = []
    notes: list[str] = []
    for name, limit in gates.items():
        values = [value for value in own if value.metric == name and not isnan(value.value)]
        if not values:
            problems.append(
                f"{name}: nothing was measured, so the gate cannot be checked: for gaps, declare"
                " data.protected_columns with at least two groups of 100 decisions, or remove the gate"
            )
        for value in values:
            if _is_beyond(value.value, name, limit):
                surely = _is_beyond(_nearer_end(value), name, limit)
                (problems if surely else notes).append(_sentence(value, limit, surely=surely))
    return problems, notes


def _ways_out() -> str:
    return (
        f"improve the model ({typed({'fairness.reweigh_by': 'COLUMN'})} weights the groups; higher"
        " policy.absolute or policy.relative advise fewer moves), change the limit with gates.METRIC=LIMIT,"
        f" or waive the gates with a reason: {typed({'waivers.gates': 'WHY THIS IS FINE'})}"
    )


def _is_beyond(value: float, name: str, limit: float) -> bool:
    return value < limit if METRICS[name].higher_is_better else value > limit


def _nearer_end(value: MetricValue) -> float:
    """Return the end of the interval nearer to the allowed side, or the value without an interval."""
    end = value.high if METRICS[value.metric].higher_is_better else value.low
    return value.value if isnan(end) else end


def _sentence(value: MetricValue, limit: float, *, surely: bool) -> str:
    """Return `gate error_gap of age must be at most 0.05, got 0.12 [0.08, 0.16], worst for '60+'`."""
    of = f" of {value.group}" if value.group else ""
    bound = "at least" if METRICS[value.metric].higher_is_better else "at most"
    worst = f", worst for {value.worst!r}" if value.worst else ""
    rest = "" if surely else "; its interval includes the limit"
    found = with_interval(value.value, value.low, value.high)
    return f"gate {value.metric}{of} must be {bound} {figure(limit)}, got {found}{worst}{rest}"
