"""GET /operate: the served run, its answers so far, and the verdicts of the monitors."""

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec.structs import replace

from ..openapi.problem_responses import problem_responses
from ..operate.operating_facts import OperatingFacts
from ..state import ServerState


@get(
    "/operate",
    sync_to_thread=True,
    tags=["Server"],
    summary="Get the state of the server",
    responses=problem_responses(400),
)
def operate(
    state: ServerState,
    days: Annotated[int, QueryParameter(ge=1, le=90, description="Days of answers over time.")] = 7,
) -> OperatingFacts:
    """Return the pin, counters since the start of all workers, answers over time, drift, checks and harm.

    `pinned_by` names a person: it is null if the server requires no key.
    """
    facts = state.operating.facts(state.served, state.pin_error, days)
    if state.requires_key or facts.pinned is None:
        return facts
    return replace(facts, pinned=replace(facts.pinned, pinned_by=None))
