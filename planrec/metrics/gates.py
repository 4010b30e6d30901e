"""Gates: limits of metrics that a run must keep to be saved."""

from collections.abc import Mapping, Sequence
from math import isnan

from planrec.errors import CheckError
from planrec.figures import figure, with_interval
from planrec.metrics.intervals import MetricValue
from planrec.metrics.named import METRICS, known_metric


def known_gate(name: str) -> str:
    """The name itself. Raises ValueError where no metric has it, or one without a better direction."""
    if METRICS[known_metric(name)].higher_is_better is None:
        raise ValueError(f"{name} is neither better high nor low, so it can have no limit")
    return name


def check_gates(metrics: Sequence[MetricValue], gates: Mapping[str, float], waiver: str | None) -> list[str]:
    """Hold the model's own figures against their limits; return what to record in the run.

    A gate stops a run where the whole 95 % interval lies beyond the limit. The value alone would stop small
    data for noise: a gap between groups is never negative, so that luck always widens it. A value beyond its
    limit whose interval is not is recorded as a warning.

    Args:
        metrics: of all models, the model's own first.
        gates: metric -> limit, at most where lower is better, else at least.
        waiver: why a gate may be broken; None: it may not.

    Raises:
        CheckError: every broken gate, with value, interval, limit, the group, and what mends it; and every
            gate whose metric the data cannot give.
    """
    own = [value for value in metrics if value.model == metrics[0].model]
    problems: list[str] = []
    notes: list[str] = []
    for name, limit in gates.items():
        values = [value for value in own if value.metric == name and not isnan(value.value)]
        if not values:
            problems.append(
                f"{name}: nothing was measured, so the gate cannot be kept: declare data.protected_columns"
                " for gaps, with two groups of 100 decisions or more, or leave the gate out"
            )
        for value in values:
            if _is_beyond(value.value, name, limit):
                surely = _is_beyond(_nearer_end(value), name, limit)
                (problems if surely else notes).append(_sentence(value, limit, surely))
    if waiver is not None:
        return [*notes, *(f"{problem}; waived: {waiver}" for problem in problems)]
    if problems:
        raise CheckError("the run did not pass its gates", [*problems, WAYS_OUT])
    return notes


WAYS_OUT = (
    "mend the model (fairness.reweigh_by=COLUMN weighs the groups; higher policy.absolute or policy.relative"
    " advise fewer moves), move the limit with gates.METRIC=LIMIT, or say why this is fine:"
    " waivers.gates='WHY THIS IS FINE'"
)


def _is_beyond(value: float, name: str, limit: float) -> bool:
    return value < limit if METRICS[name].higher_is_better else value > limit


def _nearer_end(value: MetricValue) -> float:
    """The end of the interval that is nearer to what is allowed; the value itself without an interval."""
    end = value.high if METRICS[value.metric].higher_is_better else value.low
    return value.value if isnan(end) else end


def _sentence(value: MetricValue, limit: float, surely: bool) -> str:
    """`gate error_gap of age must be at most 0.05, got 0.12 [0.08, 0.16], worst for '60+'`."""
    of = f" of {value.group}" if value.group else ""
    bound = "at least" if METRICS[value.metric].higher_is_better else "at most"
    worst = f", worst for {value.worst!r}" if value.worst else ""
    rest = "" if surely else ": beyond it, but not surely, so the run goes on"
    found = with_interval(value.value, value.low, value.high)
    return f"gate {value.metric}{of} must be {bound} {figure(limit)}, got {found}{worst}{rest}"
