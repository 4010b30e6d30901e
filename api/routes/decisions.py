"""GET /decisions: the answers to a subscriber, and one answer computed again."""

from datetime import date
from typing import Annotated

from litestar import get
from litestar.exceptions import HTTPException
from litestar.params import PathParameter, QueryParameter

from planrec.serving.decision_log import Days

from ..decision_reading import DecisionReader, FoundAdvice, ReplayedAdvice
from ..http_request import HttpRequest
from ..openapi.problem_responses import problem_responses
from ..parsing.request_model import MAX_TEXT
from ..problems import FORBIDDEN
from ..state import ServerState, state_of


@get(
    "/decisions",
    sync_to_thread=True,
    tags=["Decisions"],
    summary="Find the answers to a subscriber",
    responses=problem_responses(400, 403, 404, 422, 503),
)
def decisions(
    request: HttpRequest,
    state: ServerState,
    subscriber: Annotated[
        str, QueryParameter(min_length=1, max_length=MAX_TEXT, description="Name in the requests.")
    ],
    first: Annotated[date, QueryParameter(name="from", description="First day, UTC.")] = Days.first,
    last: Annotated[date, QueryParameter(name="to", description="Last day, UTC.")] = Days.last,
) -> FoundAdvice:
    """Return the answers to a subscriber on some days. The decision log records the search."""
    reader = _reader(request)
    if first > last:
        raise HTTPException(status_code=422, detail="from must not be after to")
    return reader.find(subscriber, Days(first, last))


@get(
    "/decisions/{recommendation_id:str}",
    sync_to_thread=True,
    tags=["Decisions"],
    summary="Compute an answer again",
    responses=problem_responses(400, 403, 404, 409, 503),
)
def replayed_decision(
    request: HttpRequest,
    state: ServerState,
    recommendation_id: Annotated[str, PathParameter(max_length=MAX_TEXT)],
) -> ReplayedAdvice:
    """Return an answer, its inputs, all plans and the rule, and whether the same run answers alike now.

    The decision log records it.
    """
    return _reader(request).replay(recommendation_id, state.served)


def _reader(request: HttpRequest) -> DecisionReader:
    """Return the log, if this server requires keys: answers are personal data.

    Without keys everyone might read them: a proxy can publish a server that listens on this machine only.
    """
    state = state_of(request.app)
    if not state.requires_key:
        raise HTTPException(status_code=403, detail=FORBIDDEN)
    if state.decision_reader is None:
        raise HTTPException(status_code=404, detail="this server has no decision log")
    return state.decision_reader


DECISION_ROUTES = [decisions, replayed_decision]
