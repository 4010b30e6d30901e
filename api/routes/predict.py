"""POST /predict: one recommendation for one subscriber."""

from anyio import to_thread
from litestar import MediaType, Response, post
from litestar.openapi.datastructures import ResponseSpec

from planrec.recommending.answer import Answer, encoded

from ..http_request import HttpRequest
from ..middleware.request_logging import CountedAdvice, count_advice
from ..openapi.problem_responses import problem_responses
from ..parsing.received_body import LARGE_BODY_BYTES, received_body
from ..parsing.request_body import JSON, check_content_type, parse_request
from ..predict_call import PredictCall
from ..state import state_of

ANSWER = ResponseSpec(data_container=Answer, description="The recommendation.", generate_examples=False)


@post(
    "/predict",
    status_code=200,
    tags=["Advice"],
    operation_id="predict",
    summary="Recommend a plan to one subscriber",
    responses={200: ANSWER, **problem_responses(400, 409, 413, 415, 422, 503)},
)
async def predict(request: HttpRequest) -> Response[bytes]:
    """Return bills, savings and reasons for every plan on the menu, and the decision to recommend or not."""
    call = PredictCall.of(request)
    check_content_type(request, JSON)
    body = await received_body(request)
    if len(body) <= LARGE_BODY_BYTES:
        asked = parse_request(call.served.request_model, body)
    else:
        asked = await to_thread.run_sync(parse_request, call.served.request_model, body)
    answer = await state_of(request.app).micro_batcher.answer(call.served, asked, call.language)
    count_advice(call.served.saved.run_id, [CountedAdvice.of(answer)])
    answer_json = encoded(answer)
    if call.answer_log is not None:
        await call.answer_log.log_answer(call.decision(asked, answer, answer_json))
    return Response(answer_json, media_type=MediaType.JSON)
