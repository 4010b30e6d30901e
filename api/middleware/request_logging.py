"""Every request: its id, its line in the log, its place in the metrics."""

import logging
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from planrec.recommending.answer import Answer

from ..prometheus import Metrics
from .asgi_problem import send_problem
from .request_id import REQUEST_ID, request_id_of

CLIENT_GONE = 499
"Noted where the client hung up before its answer began; no status of HTTP, but what proxies call it."
log = logging.getLogger("planrec.api.request")


@dataclass
class _Seen:
    """What is found out while a request is answered, also by threads that help."""

    metrics: Metrics
    run_id: str | None = None


_SEEN: ContextVar[_Seen | None] = ContextVar("_SEEN", default=None)


class Observed:
    """ASGI middleware around the whole app, so that what is refused or not found is seen too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log and count."""
        started, status, is_gone = perf_counter(), 0, False
        # Shared with the connection, which may have to answer in place of the app.
        state = scope.setdefault("state", {})
        request_id = state.setdefault("request_id", request_id_of(scope["headers"]))
        seen = _Seen(self.metrics)
        tokens = REQUEST_ID.set(request_id), _SEEN.set(seen)

        async def receive_or_gone() -> Any:
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
        except Exception:  # of a middleware: what handlers raise is a problem already
            log.exception("unexpected error", extra={"fields": {"request_id": request_id}})
            if not status:
                await send_problem(send_with_id, 500, "the server failed; the error is in its log")
        finally:
            REQUEST_ID.reset(tokens[0])
            _SEEN.reset(tokens[1])
            # Whatever was then answered to nobody is no failure of the server.
            refused = state.get("refused")
            noted = refused or (CLIENT_GONE if is_gone else status)
            told = {"request_id": request_id, "status": noted, "run_id": seen.run_id}
            self.note(scope, told, None if refused else perf_counter() - started)

    def note(self, scope: Any, told: dict[str, Any], seconds: float | None) -> None:
        """Log and count a request that was answered, or, without seconds, refused before it was read."""
        # The raw address and the query may hold anything, personal data among it.
        route = scope.get("path_template") or "none"
        self.metrics.requested(scope["method"], route, told["status"], seconds)
        fields = {"method": scope["method"], "route": route, "ms": round((seconds or 0.0) * 1000, 3)}
        log.info("request", extra={"fields": told | fields})


class Advice(NamedTuple):
    """What the metrics count of an answer."""

    decision: str
    plan: str
    "In front; empty where there is no advice."

    @classmethod
    def of(cls, answer: Answer) -> "Advice":
        """What an answer advises."""
        return cls(answer.decision, answer.items[0].plan_id if answer.decision != "abstain" else "")


def note_advice(run_id: str, given: Iterable[Advice]) -> None:
    """Count recommendations of the request under way, and name the run in its line of the log."""
    seen = _SEEN.get()
    if seen is None:  # no request: a test, a script
        return
    seen.run_id = run_id
    for advice in given:
        seen.metrics.recommended(run_id, advice.decision, advice.plan)
