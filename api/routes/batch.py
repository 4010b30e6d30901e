"""POST /predict/batch: many recommendations in one call, as a JSON list or line by line."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from anyio import to_thread
from litestar import MediaType, Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from api import problems
from api.answering import answered, language_of
from api.bodies import JSON, MAX_BATCH_BYTES, MAX_BODY_BYTES, NDJSON, content_type, read_list, read_one
from api.described import problems as described
from api.served import ServedRun
from planrec.answers import Answer, encoded
from planrec.errors import RequestError
from planrec.policy import Language

LINES_AT_A_TIME = 64
"Answered in one go, in a thread, so that other requests are answered between."

ANSWERS = ResponseSpec(
    data_container=list[Answer],
    description="One answer per request, in the order of the requests.",
    generate_examples=False,
)


@post(
    "/predict/batch",
    status_code=200,
    tags=["Advice"],
    operation_id="predict_batch",
    summary="Recommend a plan to each of many subscribers",
    request_max_body_size=MAX_BATCH_BYTES,
    responses={200: ANSWERS, **described(400, 413, 415, 422)},
)
async def predict_batch(request: Request[Any, Any, Any]) -> Response[bytes] | Stream:
    """A JSON list is answered as a whole, or refused as a whole with the place of every mistake.

    Lines (`application/x-ndjson`) are answered one by one, in their order: a line that cannot be answered
    becomes a problem in its place, and the others are answered.
    """
    served: ServedRun = request.app.state.served
    kind, language = content_type(request, JSON, NDJSON), language_of(request)
    # Read whole before the first answer: clients that send all before they read would wait for ever.
    body = await request.body()
    if kind == NDJSON:
        return Stream(_answered_lines(served, body, language), media_type=NDJSON)
    answers = await to_thread.run_sync(_answered_list, served, body, language)
    return Response(msgspec.json.encode(answers), media_type=MediaType.JSON)


def _answered_list(served: ServedRun, body: bytes, language: Language) -> list[Answer]:
    try:
        return answered(served, read_list(served.request, body), language)
    except RequestError as error:
        misfits = [item._replace(pointer=f"/{item.request}{item.pointer}") for item in error.misfits]
        raise RequestError(error.message, misfits) from error


async def _answered_lines(served: ServedRun, body: bytes, language: Language) -> AsyncIterator[bytes]:
    lines = body.removesuffix(b"\n").split(b"\n")
    for start in range(0, len(lines), LINES_AT_A_TIME):
        some = lines[start : start + LINES_AT_A_TIME]
        yield await to_thread.run_sync(_answer_lines, served, some, language)


def _answer_lines(served: ServedRun, lines: list[bytes], language: Language) -> bytes:
    """One line of answer for each line, whatever it holds."""
    told: dict[int, bytes] = {}
    asked: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines):
        try:
            asked[number] = _read_line(served, line)
        except Exception as error:
            told[number] = msgspec.json.encode(problems.of_error(error))
    told |= _answer_each(served, asked, language)
    return b"".join(told[number] + b"\n" for number in range(len(lines)))


def _answer_each(served: ServedRun, asked: dict[int, dict[str, Any]], language: Language) -> dict[int, bytes]:
    """All together, and where one of them has no answer each on its own."""
    try:
        answers = answered(served, list(asked.values()), language)
        return {number: encoded(answer) for number, answer in zip(asked, answers, strict=True)}
    except Exception as error:
        if len(asked) == 1:
            return dict.fromkeys(asked, msgspec.json.encode(problems.of_error(error)))
    return {
        number: line
        for number, request in asked.items()
        for line in _answer_each(served, {number: request}, language).values()
    }


def _read_line(served: ServedRun, line: bytes) -> dict[str, Any]:
    if len(line) > MAX_BODY_BYTES:
        raise problems.LineTooLargeError(
            f"a line must have at most {MAX_BODY_BYTES:,} bytes, got {len(line):,}"
        )
    return read_one(served.request, line)
