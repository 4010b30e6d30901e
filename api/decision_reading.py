"""Searching and replaying logged answers for the server's operator; the log records every reading."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

import msgspec
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct

from planrec.errors import LogError
from planrec.recommending.answer import Answer, CatalogueName, DecisionCode
from planrec.schema.request import Request
from planrec.serving.decision_log import Days, Keys, LoggedDecision
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.search import FoundDecisions, decision_with_id, search_decisions
from planrec.serving.replay.policy_rule import PolicyRule, rule_of
from planrec.serving.replay.replayed_answer import Replayed, replay, replay_with

from .not_readable import readable
from .served_run import ServedRun

MOST_FOUND = 100
"Answers of one search, the newest."
log = logging.getLogger("planrec.api")


class GivenAdvice(Struct, frozen=True):
    """An answer as it was given."""

    recommendation_id: str
    time: Annotated[str, Meta(description="UTC.")]
    language: Literal["en", "es"]
    decision: DecisionCode
    advised: Annotated[str | None, Meta(description="Plan to move to; null if the decision is another one.")]
    sentence: str
    run_id: str
    run: Annotated[str, Meta(description="SHA-256 of its run.json; the key of `/runs/{id}`.")]
    version: Annotated[str, Meta(description="PlanRec version that answered.")]
    catalogue: CatalogueName | None
    latency_ms: float


class FoundAdvice(Struct, frozen=True):
    """The answers to a subscriber."""

    answers: Annotated[list[GivenAdvice], Meta(description=f"The newest {MOST_FOUND} at most, newest first.")]
    is_complete: Annotated[bool, Meta(description="False if there are older answers on these days.")]
    unreadable: Annotated[
        int, Meta(description="Answers that were not searched: the key of their pseudonyms is missing.")
    ]


class ReplayedAdvice(Struct, frozen=True):
    """An answer as it was given, and the answer of the same run to the same request now."""

    given: GivenAdvice
    is_equal: Annotated[bool, Meta(description="Whether the answer is the same now, byte for byte.")]
    differences: Annotated[list[str], Meta(description="The first differences; empty if there are none.")]
    request: Annotated[Request, Meta(description="The checked request, without the subscriber.")]
    compared: Annotated[Answer, Meta(description="Computed now, with every plan: `top_k` is ignored.")]
    rule: Annotated[PolicyRule, Meta(description="The policy that decided.")]
    propensity: Annotated[float, Meta(description="Probability of this action under the policy.")]


class _LoggedAdvice(Struct):
    """The part of a logged answer that lists show; earlier versions lack `advised`."""

    decision: DecisionCode
    sentence: str = ""


@dataclass(frozen=True)
class DecisionReader:
    """The decision log of a server, for threads that may wait."""

    url: str
    key_file: Path
    outputs: Path
    _replaying: Lock

    @classmethod
    def of(cls, url: str, key_file: Path, outputs: Path) -> "DecisionReader":
        """Read this log; the runs that answered are below `outputs`."""
        return cls(url, key_file, outputs, Lock())

    def find(self, subscriber: str, days: Days) -> FoundAdvice:
        """Return the answers to a subscriber. Raises HTTPException."""
        with _readable():
            # A log is created by its first answer.
            if Database(self.url).exists:
                keys = Keys.read(self.key_file)
                found = search_decisions(self.url, subscriber, keys, days, most=MOST_FOUND + 1)
            else:
                found = FoundDecisions([], 0)
        newest = found.decisions[::-1][:MOST_FOUND]
        return FoundAdvice(
            [_given(row) for row in newest], len(newest) == len(found.decisions), found.unreadable
        )

    def replay(self, recommendation_id: str, served: ServedRun | None) -> ReplayedAdvice:
        """Compute an answer again. Raises HTTPException or NotReadableError."""
        with _readable():
            logged = decision_with_id(self.url, recommendation_id) if Database(self.url).exists else None
        if logged is None:
            raise HTTPException(status_code=404, detail="no such answer in the decision log")
        # One at a time: another run than the served one is read from the disk, and takes memory.
        with self._replaying:
            return _replayed(logged, self._again(logged, served))

    def _again(self, logged: LoggedDecision, served: ServedRun | None) -> Replayed:
        if served is not None and served.saved.sha256 == logged.run_sha256:
            return replay_with(served.saved, logged)
        with readable("the answer cannot be computed again", self.outputs):
            return replay(logged, self.outputs)


@contextmanager
def _readable() -> Iterator[None]:
    """Answer 503 if the log cannot be read; the reason may name a file, and goes to the server's log."""
    try:
        yield
    except LogError as error:
        log.error("the decision log was not read: %s", error.message)
        detail = "the decision log cannot be read now; see the server's log"
        raise HTTPException(status_code=503, detail=detail) from None


def _given(row: LoggedDecision) -> GivenAdvice:
    advice = msgspec.json.decode(row.answer, type=_LoggedAdvice)
    return GivenAdvice(
        recommendation_id=row.recommendation_id,
        time=row.time,
        language=row.language,
        decision=advice.decision,
        advised=row.arm if advice.decision == "recommend" else None,
        sentence=advice.sentence,
        run_id=row.run_id,
        run=row.run_sha256,
        version=row.version,
        catalogue=_catalogue(row),
        latency_ms=row.latency_ms,
    )


def _catalogue(row: LoggedDecision) -> CatalogueName | None:
    if row.catalogue_id is None or row.catalogue_version is None or row.catalogue_sha256 is None:
        return None
    return CatalogueName(row.catalogue_id, row.catalogue_version, row.catalogue_sha256)


def _replayed(logged: LoggedDecision, found: Replayed) -> ReplayedAdvice:
    return ReplayedAdvice(
        given=_given(logged),
        is_equal=found.is_equal,
        differences=list(found.differences),
        request=found.request,
        compared=found.compared,
        rule=rule_of(found.saved.config.policy),
        propensity=logged.propensity,
    )
