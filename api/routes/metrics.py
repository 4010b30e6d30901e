"""GET /metrics: what Prometheus scrapes."""

from litestar import get
from litestar.datastructures import State
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST

from ..openapi.problem_responses import problems


@get(
    "/metrics",
    sync_to_thread=True,
    media_type="text/plain",
    tags=["Server"],
    summary="Figures for Prometheus",
    responses=problems(),
)
def metrics(state: State) -> Response[bytes]:
    """Requests, times, recommendations and the run that answers, for all workers together."""
    text = state.metrics.text(state.served, state.pin_error)
    # Litestar adds the charset to what begins with text/.
    return Response(text, media_type=CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8"))
