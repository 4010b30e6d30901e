"""Answers on their way to the decision log, and what happens where it does not take them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Self
from uuid import uuid4

import litestar

from planrec.errors import LogError
from planrec.policy import Language
from planrec.recommending.answer import Answer
from planrec.schema.request import Request, json_of
from planrec.serving.decision_log import Decision, DecisionLog, key_of

from .answer_requests import language_of
from .middleware.request_id import REQUEST_ID
from .served_run import ServedRun

SECONDS_TO_WAIT = 5.0
"How long an answer may wait for a required log before it is refused."


@dataclass(frozen=True)
class AnswerLog:
    """The decision log of a server, and whether an answer may leave without being in it."""

    log: DecisionLog
    is_required: bool
    "True: an answer leaves when its row is on the disk, or not at all."

    @classmethod
    def open(cls, url: str, key_file: Path, queue_size: int, *, is_required: bool) -> Self:
        """Open the log of one process. Raises LogError where the URL names none, or the key is no key."""
        return cls(DecisionLog(url, key_of(key_file), queue_size), is_required)

    def close(self) -> None:
        """Write what waits, then let go of the log."""
        self.log.close()

    async def keep(self, decision: Decision) -> None:
        """Log an answer before it is sent. Raises LogError where the log is required and does not take it."""
        if not self.is_required:
            self.log.record(decision)
            return
        try:
            await asyncio.wait_for(asyncio.wrap_future(self.log.write(decision)), SECONDS_TO_WAIT)
        except TimeoutError:
            raise _too_slow() from None

    def keep_all(self, decisions: Sequence[Decision]) -> None:
        """The same for many answers, from a thread that may wait."""
        if not self.is_required:
            for decision in decisions:
                self.log.record(decision)
            return
        futures: list[Future[None]] = [self.log.write(decision) for decision in decisions]
        if wait(futures, SECONDS_TO_WAIT).not_done:
            raise _too_slow()
        for future in futures:
            future.result()


@dataclass(frozen=True)
class Call:
    """What all answers of one HTTP request share."""

    served: ServedRun
    log: AnswerLog | None
    language: Language
    request_id: str
    started: float
    "`perf_counter` when the handler began."

    @classmethod
    def of(cls, request: litestar.Request[Any, Any, Any]) -> Self:
        """The call that a handler begins to answer; it stays with this run, whatever is pinned meanwhile."""
        request_id = REQUEST_ID.get() or uuid4().hex
        state = request.app.state
        return cls(state.served, state.answer_log, language_of(request), request_id, perf_counter())

    def decision(self, asked: Request, answer: Answer, body: bytes) -> Decision:
        """What the log keeps of one answer; `body` is the answer as it is sent."""
        is_advice = answer.decision == "recommend"
        return Decision(
            recommendation_id=answer.recommendation_id,
            request_id=self.request_id,
            subscriber=asked.subscriber,
            request=json_of(asked, self.served.request_fields),
            language=self.language,
            answer=body,
            arm=answer.items[0].plan_id if is_advice else answer.decision,
            latency_ms=round((perf_counter() - self.started) * 1000, 3),
            run=self.served.logged_run,
        )


def _too_slow() -> LogError:
    return LogError(f"the decision log did not take the answer within {SECONDS_TO_WAIT:g} s")
