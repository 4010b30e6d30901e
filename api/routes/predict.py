"""POST /predict, /predict/preview: one recommendation for one subscriber."""

from anyio import to_thread
from litestar import MediaType, Response, post
from litestar.openapi.datastructures import ResponseSpec

from planrec.recommending.answer import Answer, encoded
from planrec.schema.request import Request

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
    asked, answer = await _answered(request, call)
    count_advice(call.served.saved.run_id, [CountedAdvice.of(answer)])
    answer_json = encoded(answer)
    if call.answer_log is not None:
        await call.answer_log.log_answer(call.decision(asked, answer, answer_json))
    return Response(answer_json, media_type=MediaType.JSON)


@post(
    "/predict/preview",
    status_code=200,
    tags=["Advice"],
    operation_id="preview",
    summary="Try a request that is no advice to a subscriber",
    responses={200: ANSWER, **problem_responses(400, 409, 413, 415, 422, 503)},
)
async def preview(request: HttpRequest) -> Response[bytes]:
    """Return the answer of POST /predict; it is not written to the decision log, nor counted as advice."""
    call = PredictCall.of(request)
    _, answer = await _answered(request, call)
    count_advice(call.served.saved.run_id, [])
    return Response(encoded(answer), media_type=MediaType.JSON)


async def _answered(request: HttpRequest, call: PredictCall) -> tuple[Request, Answer]:
    """Return the request in the body, and its answer."""
    check_content_type(request, JSON)
    body = await received_body(request)
    if len(body) <= LARGE_BODY_BYTES:
        asked = parse_request(call.served.request_model, body)
    else:
        asked = await to_thread.run_sync(parse_request, call.served.request_model, body)
    return asked, await state_of(request.app).micro_batcher.answer(call.served, asked, call.language)
