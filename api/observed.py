"""Every request: its id, its line in the log, its place in the metrics."""

import logging
from time import perf_counter
from typing import Any

from litestar import Request
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.asgi_problem import send_problem
from api.metrics import Metrics
from api.request_id import REQUEST_ID, request_id_of

log = logging.getLogger("planrec.api.request")


class Observed:
    """ASGI middleware around the whole app, so that what is refused or not found is seen too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then log and count."""
        started, status = perf_counter(), 0
        request_id = request_id_of(scope["headers"])  # type: ignore[arg-type]
        token = REQUEST_ID.set(request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:  # of a middleware: what handlers raise is a problem already
            log.exception("unexpected error", extra={"fields": {"request_id": request_id}})
            if not status:
                await send_problem(send_with_id, 500, "the server failed; the error is in its log")
        finally:
            REQUEST_ID.reset(token)
            self._note(scope, request_id, status, perf_counter() - started)

    def _note(self, scope: Any, request_id: str, status: int, seconds: float) -> None:
        # The raw address and the query may hold anything, personal data among it.
        route = scope.get("path_template") or "none"
        self.metrics.requested(scope["method"], route, status, seconds)
        fields = {
            "request_id": request_id,
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 3),
            "run_id": scope["state"].get("run_id"),
        }
        log.info("request", extra={"fields": fields})


def answered(request: Request[Any, Any, Any], run_id: str, decision: str, plan: str) -> None:
    """Handlers call this once per recommendation: it is counted, and the log names the run that gave it."""
    request.state.run_id = run_id
    request.app.state.metrics.recommended(run_id, decision, plan)
