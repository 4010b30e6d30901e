"""The facts that an operator looks at, as they are sent."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from planrec.recommending.answer import CatalogueName

from ..monitoring_files import CheckedGate, Verdict

MOST_COUNTED = 50_000
"Logged answers that are counted over time: a row has kilobytes."


class PinnedFacts(Struct, frozen=True):
    """The pinned run."""

    run: Annotated[str, Meta(description="Its folder, relative to the folder of runs.")]
    id: Annotated[str, Meta(description="SHA-256 of its run.json; the key of `/runs/{id}`.")]
    pinned_at: str
    pinned_by: str | None
    reason: str | None


class ServedFacts(Struct, frozen=True):
    """The run that answers; another one than the pinned run if the pin is refused."""

    run_id: str
    id: str
    model: str
    policy: str
    trained: Annotated[str, Meta(description="Time at which it was trained.")]
    age_days: float
    catalogue: CatalogueName | None


class RollbackFacts(Struct, frozen=True):
    """The run to which a rollback returns."""

    run: str
    pinned_at: str
    command: str


class Traffic(Struct, frozen=True):
    """Counters since the start of the server, of all workers."""

    requests: Annotated[int, Meta(description="Requests to POST endpoints, without previews.")]
    refused: Annotated[int, Meta(description="Those with a status from 400 to 498.")]
    errors: Annotated[
        int, Meta(description="All requests with a status of 500 or more, except those of GET /ready.")
    ]
    answers: Annotated[dict[str, int], Meta(description="By decision: recommend, stay, abstain.")]
    p50_ms: Annotated[
        float | None,
        Meta(description="Time of POST /predict, interpolated between the borders of a histogram."),
    ]
    p99_ms: float | None


class LogFacts(Struct, frozen=True):
    """Rows of the decision log since the start of the server, of all workers."""

    waiting: int
    written: int
    dropped: int
    failed: int
    errors: Annotated[int, Meta(description="Failed attempts to write.")]
    is_required: Annotated[bool, Meta(description="Whether an answer is sent only after it is logged.")]


class PeriodFacts(Struct, frozen=True):
    """Answers of one hour or day."""

    time: Annotated[str, Meta(description="Beginning of the period, UTC.")]
    recommend: int
    stay: int
    abstain: int


class OverTime(Struct, frozen=True):
    """Logged answers over time."""

    period: Literal["hour", "day"]
    periods: Annotated[list[PeriodFacts], Meta(description="Those with answers, the earliest first.")]
    total: int
    is_complete: Annotated[
        bool, Meta(description=f"False if only the newest {MOST_COUNTED:,} answers were counted.")
    ]


class DriftFacts(Struct, frozen=True):
    """The last check of `planrec drift`."""

    is_of_served_run: bool
    day: Annotated[str | None, Meta(description="The last day that was checked.")]
    alarms: list[str]
    problems: list[str]
    evidence: float
    threshold: Annotated[float | None, Meta(description="An alarm from this evidence on.")]
    reference_days: Annotated[list[int] | None, Meta(description="Found, and needed.")]
    streams: Annotated[dict[str, float], Meta(description="Evidence by column or plan, the largest first.")]


class WatchFacts(Struct, frozen=True):
    """The last check of `planrec watch`."""

    is_of_served_run: bool
    checked_at: str
    verdict: Verdict
    gates: list[CheckedGate]
    rolled_back_at: Annotated[
        str | None, Meta(description="Time of the last rollback by `planrec watch`, of any run.")
    ]


class RealisedValue(Struct, frozen=True):
    """A metric of the bills that came."""

    metric: str
    value: float
    low: float | None
    high: float | None


class RealisedFacts(Struct, frozen=True):
    """The last result of `planrec realised --save`."""

    is_of_served_run: bool
    judged: Annotated[int, Meta(description="Answers of all runs whose bills came.")]
    waiting: Annotated[int, Meta(description="Answers without all of their bills.")]
    newest_month: str | None
    currency: str | None
    metrics: Annotated[list[RealisedValue], Meta(description="Of the advice of the served run.")]


class OperatingFacts(Struct, frozen=True):
    """Everything that an operator looks at first. A part is null before its command has run."""

    time: str
    pinned: PinnedFacts | None
    served: ServedFacts | None
    pin_error: Annotated[str | None, Meta(description="Why the pin is not served; null if it is.")]
    rollback: Annotated[RollbackFacts | None, Meta(description="Null if no run was pinned before.")]
    traffic: Traffic
    log: Annotated[LogFacts | None, Meta(description="Null if no answers are logged.")]
    over_time: Annotated[OverTime | None, Meta(description="Null if no answers are logged, or not readable.")]
    drift: DriftFacts | None
    watch: WatchFacts | None
    realised: RealisedFacts | None
    broken_files: Annotated[list[str], Meta(description="Monitoring files that cannot be read.")]
