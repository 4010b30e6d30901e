"""A comparison for programs: figures and changes, without the paths of a machine."""

from math import isnan
from typing import Annotated, Self

from msgspec import Meta, Struct

from planrec.config.config_diff import Change
from planrec.metrics import METRICS, Estimate
from planrec.reports.comparison.run_comparison import Comparison


class ValueRange(Struct, frozen=True):
    """A value and its 95 % interval."""

    value: Annotated[float | None, Meta(description="Null if it is not defined.")]
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: Estimate) -> Self:
        """Return an estimate; NaN becomes null."""
        return cls(*(None if isnan(number) else number for number in (found.value, found.low, found.high)))


class ComparedMetric(Struct, frozen=True):
    """A metric of both runs."""

    metric: str
    higher_is_better: bool | None
    a: ValueRange
    b: ValueRange
    difference: Annotated[
        ValueRange | None, Meta(description="B minus A, on the same draws; null if they cannot be paired.")
    ]


class ComparedSegment(Struct, frozen=True):
    """The deciding metric on a part of the decisions."""

    segment: str
    value: str
    n_decisions: int
    n_subscribers: int
    difference: Annotated[ValueRange | None, Meta(description="B minus A; null with too few subscribers.")]


class ChangedValue(Struct, frozen=True):
    """A value of the configuration, or the version of a package, that differs."""

    path: str
    a: str
    b: str


class ComparedRuns(Struct, frozen=True):
    """The result of comparing run A with run B."""

    a: Annotated[str, Meta(description="The run_id of A.")]
    b: str
    verdict: Annotated[str, Meta(description="One sentence, in the language of the request.")]
    not_paired: Annotated[str | None, Meta(description="Why there are no differences; null if there are.")]
    metric: Annotated[str | None, Meta(description="The metric that decides.")]
    metrics: Annotated[list[ComparedMetric], Meta(description="The deciding one first.")]
    segments: list[ComparedSegment]
    config: list[ChangedValue]
    versions: list[ChangedValue]


def compared_runs(found: Comparison) -> ComparedRuns:
    """Return a comparison as it is sent."""
    return ComparedRuns(
        a=found.first.run_id,
        b=found.second.run_id,
        verdict=found.verdict,
        not_paired=found.not_paired or None,
        metric=found.metric,
        metrics=[
            ComparedMetric(
                metric=pair.name,
                higher_is_better=METRICS[pair.name].higher_is_better if pair.name in METRICS else None,
                a=ValueRange.of(pair.first),
                b=ValueRange.of(pair.second),
                difference=_range(pair.difference),
            )
            for pair in found.metrics
        ],
        segments=[
            ComparedSegment(
                part.segment, part.value, part.n_decisions, part.n_subscribers, _range(part.difference)
            )
            for part in found.segments
        ],
        config=[_changed(change) for change in found.config],
        versions=[_changed(change) for change in found.versions],
    )


def _range(found: Estimate | None) -> ValueRange | None:
    return None if found is None else ValueRange.of(found)


def _changed(change: Change) -> ChangedValue:
    return ChangedValue(change.path, change.first, change.second)
