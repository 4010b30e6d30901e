"""GET /health: the process is alive. GET /ready: it has a run to answer with."""

from typing import Annotated

from litestar import HttpMethod, route
from msgspec import Meta, Struct

from ..openapi.problem_responses import problem_responses
from ..state import ServerState

# Load balancers often use HEAD.
METHODS = [HttpMethod.GET, HttpMethod.HEAD]


class Health(Struct, frozen=True):
    """The process is alive."""

    status: Annotated[str, Meta(examples=["ok"])]
    run_id: str | None


class Ready(Struct, frozen=True):
    """A run is loaded and answers."""

    status: Annotated[str, Meta(examples=["ready"])]
    run_id: str
    pin_error: Annotated[
        str | None, Meta(description="Reason why a newer pin is not served; null without one.")
    ]


@route(
    "/health",
    http_method=METHODS,
    sync_to_thread=False,
    tags=["Server"],
    summary="Check that the process is alive",
    responses=problem_responses(),
)
def health(state: ServerState) -> Health:
    """Return the id of the run. A process that is alive may not be able to answer: see `/ready`."""
    served = state.served
    return Health("ok", None if served is None else served.saved.run_id)


@route(
    "/ready",
    http_method=METHODS,
    sync_to_thread=False,
    tags=["Server"],
    summary="Check that the server can answer",
    responses=problem_responses(503),
)
def ready(state: ServerState) -> Ready:
    """Return the id of the run. A ready server has loaded it and has answered once: send requests here."""
    return Ready("ready", state.run.saved.run_id, state.pin_error)
