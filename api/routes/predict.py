"""POST /predict: one recommendation for one subscriber."""

from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.openapi.datastructures import ResponseSpec

from api.answering import answered, language_of
from api.bodies import JSON, content_type, read_one
from api.described import problems
from api.served import ServedRun
from planrec.answers import Answer, encoded

ANSWER = ResponseSpec(data_container=Answer, description="The recommendation.", generate_examples=False)


@post(
    "/predict",
    status_code=200,
    tags=["Advice"],
    operation_id="predict",
    summary="Recommend a plan to one subscriber",
    responses={200: ANSWER, **problems(400, 413, 415, 422)},
)
async def predict(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Bills, savings and reasons for every plan on the menu, and what to do: recommend, stay or abstain."""
    served: ServedRun = request.app.state.served
    content_type(request, JSON)
    asked = read_one(served.request, await request.body())
    [answer] = answered(served, [asked], language_of(request))
    return Response(encoded(answer), media_type=MediaType.JSON)
