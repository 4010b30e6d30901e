"""POST /predict/batch: many recommendations in one call, as a JSON list or line by line."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple, Self

import msgspec
from anyio import to_thread
from litestar import MediaType, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream
from msgspec import UNSET

from planrec.errors import LogError, Misfit, RequestError
from planrec.recommending.answer import Answer, encoded
from planrec.schema.request import Request
from planrec.serving.decision_log import LoggedAnswer

from ..answer_requests import answer_all, answer_each
from ..http_request import HttpRequest
from ..language.requested import LANGUAGE
from ..language.translate import translated
from ..middleware.request_logging import CountedAdvice, count_advice
from ..openapi.problem_responses import problem_responses
from ..parsing.batch_body import MAX_ERRORS, parse_batch, split_lines
from ..parsing.received_body import received_body
from ..parsing.request_body import (
    JSON,
    NDJSON,
    RequestTooLargeError,
    check_content_type,
    parse_request,
)
from ..predict_call import PredictCall
from ..problems import problem_of_error
from ..served_run import ServedRun
from ..settings import Limits
from ..state import state_of

BATCH_SIZE = 64
"Requests that are answered in one call, in a thread: other requests are answered in between."

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
    responses={200: ANSWERS, **problem_responses(400, 409, 413, 415, 422, 503)},
)
async def predict_batch(request: HttpRequest) -> Response[bytes] | Stream:
    """Answer a JSON list as a whole, or refuse it as a whole with the place of every mistake.

    Lines (`application/x-ndjson`) are answered one by one, in their order: a line that cannot be answered
    gets a problem in its place, and the others are answered. Blank lines are skipped.
    """
    call, kind = PredictCall.of(request), check_content_type(request, JSON, NDJSON)
    limits = state_of(request.app).limits
    # The body is read before the first answer is sent: clients that send everything before they read would
    # wait forever.
    body = await received_body(request)
    if kind == NDJSON:
        lines = await to_thread.run_sync(split_lines, body, limits)
        return Stream(_answer_stream(call, lines, limits.body_bytes), media_type=NDJSON)
    return Response(await to_thread.run_sync(_answer_list, call, body, limits), media_type=MediaType.JSON)


class _Result(NamedTuple):
    """One answer, ready to be sent, counted and logged."""

    body: bytes
    advice: CountedAdvice
    decision: LoggedAnswer | None
    "None without a decision log."

    @classmethod
    def of(cls, call: PredictCall, request: Request, answer: Answer) -> Self:
        """Return the result for a request of the call."""
        body = encoded(answer)
        decision = None if call.answer_log is None else call.decision(request, answer, body)
        return cls(body, CountedAdvice.of(answer), decision)


def _answer_list(call: PredictCall, body: bytes, limits: Limits) -> bytes:
    requests = parse_batch(call.served.request_model, body, limits)
    results: list[_Result] = []
    refused: dict[str, list[Misfit]] = {}
    for start in range(0, len(requests), BATCH_SIZE):
        part = requests[start : start + BATCH_SIZE]
        try:
            answers = answer_all(call.served, part, call.language)
        except RequestError as error:
            refused.setdefault(error.message, []).extend(_in_list(error.misfits, start))
        else:
            results += [_Result.of(call, *each) for each in zip(part, answers, strict=True)]
    if refused:
        raise RequestError("; ".join(refused), [misfit for misfits in refused.values() for misfit in misfits])
    # Joined once: the answers are copied only once.
    pieces = [piece for answer in _record(call, results) for piece in (b",", answer)]
    return b"".join([b"[", *pieces[1:], b"]"])


def _in_list(misfits: Iterable[Misfit], start: int) -> list[Misfit]:
    """Return the misfits of a part of a list with their places in the list; the part begins at `start`."""
    places = [(misfit, start + misfit.request) for misfit in misfits]
    return [misfit._replace(request=place, pointer=f"/{place}{misfit.pointer}") for misfit, place in places]


def _record(call: PredictCall, results: Sequence[_Result]) -> list[bytes]:
    """Count and log the answers; return their bodies."""
    count_advice(call.served.saved.run_id, [result.advice for result in results])
    if call.answer_log is not None:
        call.answer_log.log_answers([result.decision for result in results if result.decision is not None])
    return [result.body for result in results]


async def _answer_stream(call: PredictCall, lines: list[bytes], most_bytes: int) -> AsyncIterator[bytes]:
    refusals = _Refusals()
    for start in range(0, len(lines), BATCH_SIZE):
        part = lines[start : start + BATCH_SIZE]
        yield await to_thread.run_sync(_answer_lines, call, part, most_bytes, refusals)


class _Refusals:
    """The problems of the lines of one batch, which list as many mistakes as those of a list may."""

    def __init__(self) -> None:
        self.left = MAX_ERRORS

    def encode(self, error: Exception) -> bytes:
        """Return the problem that takes the place of an answer."""
        problem = problem_of_error(error)
        if problem.errors is not UNSET and problem.errors:
            listed = problem.errors[: self.left]
            self.left -= len(listed)
            detail = problem.detail
            if len(listed) < len(problem.errors):
                rest = f"; the lines of a batch list {MAX_ERRORS:,} in total, {len(listed):,} of them here"
                detail += translated(rest, LANGUAGE.get())
            problem = msgspec.structs.replace(problem, errors=listed, detail=detail)
        return msgspec.json.encode(problem)


def _answer_lines(call: PredictCall, lines: list[bytes], most_bytes: int, refusals: _Refusals) -> bytes:
    """Return one line for each line: an answer or a problem."""
    bodies: dict[int, bytes] = {}
    requests: dict[int, Request] = {}
    for number, line in enumerate(lines):
        try:
            requests[number] = _parse_line(call.served, line, most_bytes)
        except Exception as error:
            bodies[number] = refusals.encode(error)
    answers = answer_each(call.served, list(requests.values()), call.language) if requests else []
    results: dict[int, _Result] = {}
    for number, answer in zip(requests, answers, strict=True):
        if isinstance(answer, Exception):
            bodies[number] = refusals.encode(answer)
        else:
            results[number] = _Result.of(call, requests[number], answer)
    bodies |= _record_lines(call, results)
    return b"".join(bodies[number] + b"\n" for number in range(len(lines)))


def _record_lines(call: PredictCall, results: dict[int, _Result]) -> dict[int, bytes]:
    """Return the bodies of the answers by line; if they cannot all be logged, none of them is sent."""
    try:
        return dict(zip(results, _record(call, list(results.values())), strict=True))
    except LogError as error:
        return dict.fromkeys(results, msgspec.json.encode(problem_of_error(error)))


def _parse_line(served: ServedRun, line: bytes, most_bytes: int) -> Request:
    if len(line) > most_bytes:
        raise RequestTooLargeError(f"a line must have at most {most_bytes:,} bytes, got {len(line):,}")
    return parse_request(served.request_model, line)
