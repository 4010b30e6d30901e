"""One HTTP call of the prediction routes."""

from dataclasses import dataclass
from time import perf_counter
from typing import Self
from uuid import uuid4

from planrec.recommending.answer import Answer
from planrec.schema.request import Request, json_of
from planrec.sentences import Language
from planrec.serving.decision_log import LoggedAnswer

from .decision_logging import AnswerLog
from .http_request import HttpRequest
from .language.requested import LANGUAGE
from .middleware.request_id import REQUEST_ID
from .middleware.trace_context import TRACE
from .served_run import ServedRun
from .state import state_of


@dataclass(frozen=True)
class PredictCall:
    """Values that all answers of one call share."""

    served: ServedRun
    answer_log: AnswerLog | None
    language: Language
    request_id: str
    started: float
    "`perf_counter` at the start of the handler."

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Return the call of a request; it keeps its run if another one is pinned meanwhile."""
        state = state_of(request.app)
        return cls(
            served=state.run,
            answer_log=state.answer_log,
            language=LANGUAGE.get(),
            request_id=REQUEST_ID.get() or uuid4().hex,
            started=perf_counter(),
        )

    def decision(self, request: Request, answer: Answer, body: bytes) -> LoggedAnswer:
        """Return the entry of the decision log for an answer, whose JSON is `body`."""
        return LoggedAnswer(
            recommendation_id=answer.recommendation_id,
            request_id=self.request_id,
            subscriber=request.subscriber,
            request=json_of(request, self.served.request_fields),
            language=self.language,
            answer=body,
            arm=answer.arm,
            latency_ms=round((perf_counter() - self.started) * 1000, 3),
            run=self.served.logged_run,
            trace_id=None if (trace := TRACE.get()) is None else trace.trace_id,
        )
