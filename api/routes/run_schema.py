"""GET /run/schema: what a request of the pinned run looks like."""

from typing import Any

from litestar import get
from litestar.datastructures import State

from api.served import ServedRun


@get("/run/schema", sync_to_thread=False)
def run_schema(state: State) -> dict[str, Any]:
    """The JSON Schema of the body that POST /predict takes, and one body that it accepts."""
    served: ServedRun = state.served
    return {**served.request.model_json_schema(by_alias=True), "examples": [served.example]}
