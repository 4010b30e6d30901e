"""Descriptions of problems in the OpenAPI document."""

from litestar.openapi.datastructures import ResponseSpec
from msgspec import UNSET

from ..problems import (
    FORBIDDEN,
    KEY_REUSED,
    MALFORMED_REQUEST,
    MEDIA_TYPE,
    NOT_DONE,
    NOT_LOGGED,
    NOT_READABLE,
    SERVER_FAILED,
    Problem,
    ProblemError,
    problem_of,
)

DESCRIPTIONS = {
    400: "The body is not JSON in UTF-8, an object has a key twice, or the `Idempotency-Key` is malformed.",
    401: "The server requires an API key.",
    403: "Logged answers need a server with API keys, or a page of another origin sent the request.",
    404: "Not found.",
    405: "Method not allowed for this path.",
    408: "The request did not arrive in time; the connection is closed.",
    409: "The first request with this `Idempotency-Key` is still being answered.",
    413: "The body is too large.",
    415: "Unsupported content type, charset or content encoding.",
    422: "Values that cannot be accepted: all of them, each with its place.",
    429: "Too many campaigns are scored or kept.",
    431: "The request line and headers are too large; the connection is closed.",
    500: "Internal server error.",
    503: "No run is served yet, or a required decision log cannot store the answer.",
}
"Status -> description."
OWN_DESCRIPTIONS = {
    MALFORMED_REQUEST: "The request is not valid HTTP, or its query, path or `Idempotency-Key` is malformed.",
    KEY_REUSED: "The `Idempotency-Key` was used with another request.",
    NOT_LOGGED: "A required decision log cannot store the answer, so it is not sent.",
    NOT_DONE: "The campaign is still scored, or it has failed, so it has no advice.",
    NOT_READABLE: "The run was changed or is gone, or an answer cannot be computed again.",
}
"Further type of a status -> description."


_DETAILS = {
    400: "the body must be JSON: EOF while parsing an object at line 1 column 1",
    401: "an API key is required, as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
    403: FORBIDDEN,
    404: "this run has no catalogue",
    409: "the first request with this Idempotency-Key is still being answered: retry later",
    413: "the body must have at most 1,000,000 bytes",
    415: "the content type must be application/json, got 'text/plain'",
    422: "1 value cannot be accepted",
    429: "at most 1 campaigns are scored at a time: try again later",
    500: SERVER_FAILED,
    503: "no run is served yet",
}
_ERRORS = {422: [ProblemError("/top_k", "must be 1 or more")]}
EXAMPLES = {
    status: problem_of(
        status, detail, errors=_ERRORS.get(status, UNSET), request_id="00000000-0000-4000-8000-000000000000"
    )
    for status, detail in _DETAILS.items()
}
"Status -> a problem as the server sends it."


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the `responses` of a route with these problems, and with 500."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=DESCRIPTIONS[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in (*statuses, 500)
    }
