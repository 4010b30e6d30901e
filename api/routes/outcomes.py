"""POST /outcomes: months that came after advice, and whether it was accepted."""

from typing import Annotated

import msgspec
from anyio import to_thread
from litestar import Response, post
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta, Struct

from planrec.monitoring.outcomes import Reason

from ..http_request import HttpRequest
from ..openapi.problem_responses import problem_responses
from ..parsing.outcome_body import parse_outcomes
from ..parsing.received_body import received_body
from ..parsing.request_body import JSON, check_content_type
from ..state import state_of


class NotStored(Struct, frozen=True):
    """An outcome that was not stored."""

    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) into the body.")]
    reason: Annotated[
        Reason,
        Meta(
            description="`no_advice`: no such advice. `no_month`: accepted, declined and left need the month"
            " or the `recommendation_id`. `other_months`: the month does not judge the advice."
            " `no_run`: the run that advised is gone. `unknown_plan`: no run knows the plan held. `conflict`:"
            " another content is stored, which stays."
        ),
    ]


class StoredOutcomes(Struct, frozen=True):
    """The outcomes that are on the disk, and those that are not."""

    new: Annotated[int, Meta(description="Outcomes that were stored now.")]
    repeated: Annotated[int, Meta(description="Outcomes that were stored before, with the same content.")]
    not_stored: list[NotStored]


STORED = ResponseSpec(
    data_container=StoredOutcomes, description="All outcomes are on the disk.", generate_examples=False
)


@post(
    "/outcomes",
    status_code=200,
    tags=["Outcomes"],
    operation_id="outcomes",
    summary="Store what came after advice",
    responses={200: STORED, **problem_responses(400, 404, 409, 413, 415, 422, 503)},
)
async def outcomes(request: HttpRequest) -> Response[bytes]:
    """Store one outcome or a list of them, each once for its recommendation, event and month.

    A list with a value that cannot be accepted is refused as a whole. Outcomes that match no advice are
    listed, and the others are stored. Send the same outcomes again if the answer was lost.
    """
    check_content_type(request, JSON)
    state = state_of(request.app)
    if state.outcome_store is None:
        raise HTTPException(status_code=404, detail="this server has no decision log")
    body = await received_body(request)
    parsed = await to_thread.run_sync(parse_outcomes, body, state.limits)
    received = await to_thread.run_sync(state.outcome_store.store, parsed)
    missed = [NotStored(each.place, each.reason) for each in received.not_applied]
    return Response(
        msgspec.json.encode(StoredOutcomes(received.n_new, received.n_repeated, missed)), media_type=JSON
    )
