"""Every request: its id, its line in the log and its place in the metrics."""

import logging
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple, Self

from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from planrec.recommending.answer import Answer

from ..language.requested import LANGUAGE, language_of
from ..problems import SERVER_FAILED, problem_of
from ..prometheus import Metrics
from .asgi_problem import send_problem
from .request_id import REQUEST_ID, request_id_of
from .trace_context import TRACE, trace_of

CLIENT_GONE = 499
"Status in the log if the client disconnected before the response; not in HTTP, but used by proxies."
log = logging.getLogger("planrec.api.request")


@dataclass
class _CurrentRequest:
    """Values that are found while a request is answered, also in other threads."""

    metrics: Metrics
    run_id: str | None = None


_CURRENT: ContextVar[_CurrentRequest | None] = ContextVar("_CURRENT", default=None)


class RequestLogging:
    """ASGI middleware around the whole app: refused and unknown requests are logged too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Log the requests of an app, and count them."""
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log and count."""
        started, status, is_gone = perf_counter(), 0, False
        # Shared with the connection, which may have to answer in place of the app.
        state = scope.setdefault("state", {})
        request_id: str = state.setdefault("request_id", request_id_of(scope["headers"]))
        current = _CurrentRequest(self.metrics)
        tokens = REQUEST_ID.set(request_id), _CURRENT.set(current)
        trace = TRACE.set(trace_of(scope["headers"]))
        language = LANGUAGE.set(language_of(scope["headers"]))

        async def receive_or_gone() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal is_gone
            message = await receive()
            is_gone = is_gone or (message["type"] == "http.disconnect" and not status)
            return message

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive_or_gone, send_with_id)
        except Exception:  # of a middleware: exceptions of handlers are problems already
            log.exception("unexpected error", extra={"fields": {"request_id": request_id}})
            if not status:
                await send_problem(send_with_id, problem_of(500, SERVER_FAILED))
        finally:
            # An answer that no client received is no failure of the server.
            refused: int | None = state.get("refused")
            log_request(
                self.metrics,
                request_id,
                refused or (CLIENT_GONE if is_gone else status),
                run_id=current.run_id,
                method=scope["method"],  # type: ignore[typeddict-item]
                route=scope.get("path_template"),
                seconds=None if refused else perf_counter() - started,
            )
            REQUEST_ID.reset(tokens[0])
            _CURRENT.reset(tokens[1])
            TRACE.reset(trace)
            LANGUAGE.reset(language)


def log_request(
    metrics: Metrics,
    request_id: str,
    status: int,
    *,
    run_id: str | None = None,
    method: str = "other",
    route: str | None = None,
    seconds: float | None = None,
) -> None:
    """Log and count a request.

    Args:
        metrics: the counters.
        request_id: id of the request.
        status: status of the response.
        run_id: the run that answered.
        method: HTTP method.
        route: template of the path: the path and the query may contain anything, also personal data.
        seconds: time to answer; None if the request was refused before it was read.
    """
    route = route or "none"
    metrics.count_request(method, route, status, seconds)
    line = {"request_id": request_id, "status": status, "run_id": run_id, "method": method, "route": route}
    trace = TRACE.get()
    of_trace = {} if trace is None else trace._asdict()
    log.info("request", extra={"fields": line | of_trace | {"ms": round((seconds or 0.0) * 1000, 3)}})


class CountedAdvice(NamedTuple):
    """The part of an answer that the metrics count."""

    decision: str
    plan: str
    "The plan advised, or the plan held if the decision is to stay; empty if there is no recommendation."
    assumptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return the advice of an answer."""
        plan = "" if answer.decision == "abstain" else answer.first.plan_id
        return cls(answer.decision, plan, tuple(answer.assumptions))


def count_advice(run_id: str, given: Iterable[CountedAdvice]) -> None:
    """Count recommendations of the current request, and name the run in its line of the log."""
    current = _CURRENT.get()
    if current is None:  # outside of a request: a test, a script
        return
    current.run_id = run_id
    for advice in given:
        current.metrics.count_recommendation(run_id, *advice)
