"""GET /metrics: the metrics for Prometheus."""

from litestar import get
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST

from ..openapi.problem_responses import problem_responses
from ..state import ServerState


@get(
    "/metrics",
    sync_to_thread=True,
    media_type="text/plain",
    tags=["Server"],
    summary="Get the metrics for Prometheus",
    responses=problem_responses(),
)
def metrics(state: ServerState) -> Response[bytes]:
    """Return requests, times, recommendations and the served run, summed over all workers."""
    text = state.metrics.text(state.run, state.refused_pin)
    # Litestar adds the charset to types that start with text/.
    return Response(text, media_type=CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8"))
