"""One answer as the server knows it, and as a row of the log."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from planrec.serving.decision_log.pseudonym import pseudonym

DETERMINISTIC = 1.0
"The propensity of a policy that always advises the same on the same request, as every policy so far."


class LoggedRun(NamedTuple):
    """What answered: the same for every answer of a served run."""

    run_id: str
    run_sha256: str
    "Hash of the run's run.json, which holds the hashes of all its other files."
    version: str
    "Of PlanRec, at the time of the answer."
    catalogue_id: str | None
    catalogue_version: str | None
    catalogue_sha256: str | None
    policy: str
    "Kind of the policy that decided."


@dataclass(frozen=True)
class Decision:
    """One answer, on its way to the log."""

    recommendation_id: str
    request_id: str
    subscriber: str | None
    "As the request named the subscriber; only its keyed hash is kept."
    request: bytes
    "JSON: the checked request without the subscriber."
    language: Literal["en", "es"]
    answer: bytes
    "JSON, the very bytes that are sent."
    arm: str
    "What was done: the id of the plan advised, `stay` or `abstain`."
    latency_ms: float
    "From the moment the server begins with the request until the answer is made."
    run: LoggedRun


class LoggedDecision(NamedTuple):
    """A row of the table `decisions`: every column, in its order."""

    recommendation_id: str
    time: str
    "UTC, ISO 8601 with microseconds: sorts as text."
    request_id: str
    subscriber: str | None
    "HMAC-SHA-256 of the name in the request, hexadecimal."
    request: str
    "JSON."
    language: str
    answer: str
    "JSON, byte for byte as it was sent."
    arm: str
    propensity: float
    "Probability with which the policy does this on this request, in (0, 1]."
    latency_ms: float
    run_id: str
    run_sha256: str
    version: str
    catalogue_id: str | None
    catalogue_version: str | None
    catalogue_sha256: str | None
    policy: str


def row_of(decision: Decision, key: bytes) -> LoggedDecision:
    """The row of an answer that is given now."""
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
        decision.latency_ms,
        *decision.run,
    )
