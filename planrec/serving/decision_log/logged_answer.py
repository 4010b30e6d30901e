"""One answer as the server passes it to the log, and as a row of the log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from planrec.serving.decision_log.pseudonym import key_id, pseudonym

if TYPE_CHECKING:
    from planrec.runs.read import SavedRun

Language = Literal["en", "es"]
DETERMINISTIC = 1.0
"Propensity of a deterministic policy, which answers equal requests alike; so far all policies are."


class LoggedRun(NamedTuple):
    """The run that answered: the same for all answers of a served run."""

    run_id: str
    run_sha256: str
    "Hash of run.json, which contains the hashes of all other files of the run."
    version: str
    "PlanRec version at the time of the answer."
    catalogue_id: str | None
    catalogue_version: str | None
    catalogue_sha256: str | None
    policy: str
    "Kind of the policy."

    @classmethod
    def of(cls, saved: "SavedRun") -> Self:
        """Return the name of a run that answers now."""
        catalogue = saved.recommender.catalogue
        return cls(
            run_id=saved.run_id,
            run_sha256=saved.sha256,
            version=version("planrec"),
            catalogue_id=catalogue.catalogue_id if catalogue else None,
            catalogue_version=catalogue.version if catalogue else None,
            catalogue_sha256=catalogue.sha256 if catalogue else None,
            policy=saved.config.policy.kind,
        )


@dataclass(frozen=True)
class LoggedAnswer:
    """One answer that is to be logged."""

    recommendation_id: str
    request_id: str
    subscriber: str | None
    "The name in the request; the log stores its keyed hash only."
    request: bytes
    "JSON: the checked request without the subscriber."
    language: Language
    answer: bytes
    "JSON: the bytes that are sent."
    arm: str
    "The action: the id of the recommended plan, `stay` or `abstain`."
    latency_ms: float
    "Time from the start of the request handler until the answer is complete."
    run: LoggedRun
    trace_id: str | None = None
    "The trace that the HTTP request belongs to; None if it names none."


class LoggedDecision(NamedTuple):
    """A row of the table `decisions`: all columns, in their order."""

    recommendation_id: str
    time: str
    "UTC, ISO 8601 with microseconds, so that it sorts as text."
    request_id: str
    subscriber: str | None
    "HMAC-SHA-256 of the name in the request, in hexadecimal."
    request: str
    "JSON: the checked request without the subscriber."
    language: Language
    answer: str
    "JSON: the bytes that were sent."
    arm: str
    propensity: float
    "Probability of this action under the policy, in (0, 1]."
    latency_ms: float
    run_id: str
    run_sha256: str
    version: str
    catalogue_id: str | None
    catalogue_version: str | None
    catalogue_sha256: str | None
    policy: str
    key_id: str | None
    "Names the key of the pseudonym; None if there is no subscriber, or if PlanRec 0.2 wrote the row."
    trace_id: str | None = None
    "The trace that the HTTP request belongs to, from its header `traceparent`; if None, it is not hashed."

    @property
    def run(self) -> LoggedRun:
        """The run that answered."""
        return LoggedRun(*(getattr(self, name) for name in LoggedRun._fields))


def row_of(decision: LoggedAnswer, key: bytes) -> LoggedDecision:
    """Return the row of an answer that is given now."""
    subscriber = decision.subscriber
    return LoggedDecision(
        decision.recommendation_id,
        datetime.now(UTC).isoformat(timespec="microseconds"),
        decision.request_id,
        None if subscriber is None else pseudonym(subscriber, key),
        decision.request.decode(),
        decision.language,
        decision.answer.decode(),
        decision.arm,
        DETERMINISTIC,
        # A float, as the database returns it: the chain hashes its text.
        float(decision.latency_ms),
        *decision.run,
        None if subscriber is None else key_id(key),
        decision.trace_id,
    )
