"""GET /health: the process is alive and has a run."""

from litestar import HttpMethod, route
from litestar.datastructures import State
from pydantic import BaseModel

from api.served import ServedRun


class Health(BaseModel):
    status: str
    run_id: str


# Load balancers often ask with HEAD.
@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def health(state: State) -> Health:
    """Say that the server is alive, and which run answers."""
    served: ServedRun = state.served
    return Health(status="ok", run_id=served.saved.run_id)
