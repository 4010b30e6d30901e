"""GET /health: the process is alive. GET /ready: it has a run to answer with."""

from typing import Annotated

from litestar import HttpMethod, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct

from ..openapi.problem_responses import problems

# Load balancers often ask with HEAD.
METHODS = [HttpMethod.GET, HttpMethod.HEAD]


class Health(Struct, frozen=True):
    """The process lives."""

    status: Annotated[str, Meta(examples=["ok"])]
    run_id: str | None


class Ready(Struct, frozen=True):
    """A run is loaded and answers."""

    status: Annotated[str, Meta(examples=["ready"])]
    run_id: str
    pin_error: Annotated[str | None, Meta(description="Why a newer pin is not served, where there is one.")]


@route(
    "/health",
    http_method=METHODS,
    sync_to_thread=False,
    tags=["Server"],
    summary="Is the process alive",
    responses=problems(),
)
def health(state: State) -> Health:
    """Alive says nothing about being able to answer: that is `/ready`."""
    served = state.get("served")
    return Health("ok", None if served is None else served.saved.run_id)


@route(
    "/ready",
    http_method=METHODS,
    sync_to_thread=False,
    tags=["Server"],
    summary="Can it answer",
    responses=problems(503),
)
def ready(state: State) -> Ready:
    """Loaded and warmed: send requests here."""
    served = state.get("served")
    if served is None:
        raise HTTPException(status_code=503, detail="no run is served yet")
    return Ready("ready", served.saved.run_id, state.get("pin_error"))
