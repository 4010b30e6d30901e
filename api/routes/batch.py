"""POST /predict/batch: many recommendations in one call, as a JSON list or line by line."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from anyio import to_thread
from litestar import MediaType, Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from planrec.errors import LogError, Misfit, RequestError
from planrec.recommending.answer import Answer, encoded
from planrec.schema.request import Request as PlanRequest
from planrec.serving.decision_log import Decision

from .. import problems
from ..answer_requests import answered, answered_each
from ..decision_logging import Call
from ..middleware.request_logging import Advice, note_advice
from ..openapi.problem_responses import problems as described
from ..parsing.batch_body import MAX_ERRORS, lines_of, read_list
from ..parsing.request_body import JSON, NDJSON, RequestTooLargeError, content_type, read_one
from ..served_run import ServedRun
from ..settings import Limits

AT_A_TIME = 64
"Answered in one go, in a thread: other requests are answered between, and only bytes are kept of answers."

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
    responses={200: ANSWERS, **described(400, 409, 413, 415, 422, 503)},
)
async def predict_batch(request: Request[Any, Any, Any]) -> Response[bytes] | Stream:
    """A JSON list is answered as a whole, or refused as a whole with the place of every mistake.

    Lines (`application/x-ndjson`) are answered one by one, in their order: a line that cannot be answered
    becomes a problem in its place, and the others are answered. Blank lines are skipped.
    """
    call, kind = Call.of(request), content_type(request, JSON, NDJSON)
    limits: Limits = request.app.state.limits
    # Read whole before the first answer: clients that send all before they read would wait for ever.
    body = await request.body()
    if kind == NDJSON:
        lines = await to_thread.run_sync(lines_of, body, limits)
        return Stream(_answered_lines(call, lines, limits.body_bytes), media_type=NDJSON)
    return Response(await to_thread.run_sync(_answered_list, call, body, limits), media_type=MediaType.JSON)


class _Told(NamedTuple):
    """One answer, as it is sent, counted and logged."""

    body: bytes
    advice: Advice
    decision: Decision | None
    "None where no log is kept."

    @classmethod
    def of(cls, call: Call, request: PlanRequest, answer: Answer) -> "_Told":
        """What a request of the call is told."""
        body = encoded(answer)
        decision = None if call.log is None else call.decision(request, answer, body)
        return cls(body, Advice.of(answer), decision)


def _answered_list(call: Call, body: bytes, limits: Limits) -> bytes:
    requests = read_list(call.served.request, body, limits)
    told: list[_Told] = []
    refused: dict[str, list[Misfit]] = {}
    for start in range(0, len(requests), AT_A_TIME):
        some = requests[start : start + AT_A_TIME]
        try:
            answers = answered(call.served, some, call.language)
        except RequestError as error:
            refused.setdefault(error.message, []).extend(_placed(error.misfits, start))
        else:
            told += [_Told.of(call, *each) for each in zip(some, answers, strict=True)]
    if refused:
        raise RequestError("; ".join(refused), [misfit for misfits in refused.values() for misfit in misfits])
    # One copy of them all, and not two.
    pieces = [piece for answer in _kept(call, told) for piece in (b",", answer)]
    return b"".join([b"[", *pieces[1:], b"]"])


def _placed(misfits: Iterable[Misfit], start: int) -> list[Misfit]:
    """In the whole list, of which a part begins at `start`."""
    places = [(misfit, start + misfit.request) for misfit in misfits]
    return [misfit._replace(request=place, pointer=f"/{place}{misfit.pointer}") for misfit, place in places]


def _kept(call: Call, told: Sequence[_Told]) -> list[bytes]:
    """The answers as they are sent, each counted and in the decision log."""
    note_advice(call.served.saved.run_id, [each.advice for each in told])
    if call.log is not None:
        call.log.keep_all([each.decision for each in told if each.decision is not None])
    return [each.body for each in told]


async def _answered_lines(call: Call, lines: list[bytes], most_bytes: int) -> AsyncIterator[bytes]:
    refusals = _Refusals()
    for start in range(0, len(lines), AT_A_TIME):
        some = lines[start : start + AT_A_TIME]
        yield await to_thread.run_sync(_answer_lines, call, some, most_bytes, refusals)


class _Refusals:
    """The problems of the lines of one batch, which list as many mistakes as those of a list may."""

    def __init__(self) -> None:
        self.left = MAX_ERRORS

    def told(self, error: Exception) -> bytes:
        """The problem that stands in place of an answer."""
        problem = problems.of_error(error)
        if errors := problem.get("errors"):
            kept = problem["errors"] = errors[: self.left]
            self.left -= len(kept)
            if len(kept) < len(errors):
                together = f"the lines of a batch list {MAX_ERRORS:,} together, of these {len(kept):,}"
                problem["detail"] += f"; {together}"
        return msgspec.json.encode(problem)


def _answer_lines(call: Call, lines: list[bytes], most_bytes: int, refusals: _Refusals) -> bytes:
    """One line of answer for each line, whatever it holds."""
    told: dict[int, bytes] = {}
    asked: dict[int, PlanRequest] = {}
    for number, line in enumerate(lines):
        try:
            asked[number] = _read_line(call.served, line, most_bytes)
        except Exception as error:
            told[number] = refusals.told(error)
    answers = answered_each(call.served, list(asked.values()), call.language) if asked else []
    said: dict[int, _Told] = {}
    for number, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Exception):
            told[number] = refusals.told(answer)
        else:
            said[number] = _Told.of(call, asked[number], answer)
    told |= _kept_lines(call, said)
    return b"".join(told[number] + b"\n" for number in range(len(lines)))


def _kept_lines(call: Call, said: dict[int, _Told]) -> dict[int, bytes]:
    """A log that does not take all of them does not take one."""
    try:
        return dict(zip(said, _kept(call, list(said.values())), strict=True))
    except LogError as error:
        return dict.fromkeys(said, msgspec.json.encode(problems.of_error(error)))


def _read_line(served: ServedRun, line: bytes, most_bytes: int) -> PlanRequest:
    if len(line) > most_bytes:
        raise RequestTooLargeError(f"a line must have at most {most_bytes:,} bytes, got {len(line):,}")
    return read_one(served.request, line)
