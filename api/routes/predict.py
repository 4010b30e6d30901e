"""POST /predict: one recommendation for one subscriber."""

from typing import Any

from anyio import to_thread
from litestar import MediaType, Request, Response, post
from litestar.openapi.datastructures import ResponseSpec

from planrec.recommending.answer import Answer, encoded

from ..decision_logging import Call
from ..middleware.request_logging import Advice, note_advice
from ..openapi.problem_responses import problems
from ..parsing.request_body import JSON, content_type, read_one

LARGE_BODY_BYTES = 65_536
"Read in a thread, so that others are answered meanwhile; ten years of months are a quarter of it."
ANSWER = ResponseSpec(data_container=Answer, description="The recommendation.", generate_examples=False)


@post(
    "/predict",
    status_code=200,
    tags=["Advice"],
    operation_id="predict",
    summary="Recommend a plan to one subscriber",
    responses={200: ANSWER, **problems(400, 409, 413, 415, 422, 503)},
)
async def predict(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Bills, savings and reasons for every plan on the menu, and what to do: recommend, stay or abstain."""
    call = Call.of(request)
    content_type(request, JSON)
    body = await request.body()
    if len(body) <= LARGE_BODY_BYTES:
        asked = read_one(call.served.request, body)
    else:
        asked = await to_thread.run_sync(read_one, call.served.request, body)
    answer = await request.app.state.together.answer(call.served, asked, call.language)
    note_advice(call.served.saved.run_id, [Advice.of(answer)])
    told = encoded(answer)
    if call.log is not None:
        await call.log.keep(call.decision(asked, answer, told))
    return Response(told, media_type=MediaType.JSON)
