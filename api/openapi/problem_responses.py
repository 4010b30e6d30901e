"""Descriptions of problems in the OpenAPI document."""

from litestar.openapi.datastructures import ResponseSpec

from ..problems import KEY_REUSED, MALFORMED_REQUEST, MEDIA_TYPE, NOT_LOGGED, Problem

DESCRIPTIONS = {
    400: "The body is not JSON in UTF-8, an object has a key twice, or the `Idempotency-Key` is malformed.",
    401: "The server requires an API key.",
    404: "Not found.",
    405: "Method not allowed for this path.",
    408: "The request did not arrive in time; the connection is closed.",
    409: "The first request with this `Idempotency-Key` is still being answered.",
    413: "The body is too large.",
    415: "Unsupported content type, charset or content encoding.",
    422: "Values that cannot be accepted: all of them, each with its place.",
    431: "The request line and headers are too large; the connection is closed.",
    500: "Internal server error.",
    503: "No run is served yet, or a required decision log cannot store the answer.",
}
"Status -> description."
OWN_DESCRIPTIONS = {
    MALFORMED_REQUEST: "The request is not valid HTTP, or its `Idempotency-Key` is malformed.",
    KEY_REUSED: "The `Idempotency-Key` was used with another request.",
    NOT_LOGGED: "A required decision log cannot store the answer, so it is not sent.",
}
"Further type of a status -> description."


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
