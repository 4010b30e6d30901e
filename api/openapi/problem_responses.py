"""What the OpenAPI document says of the problems that a route can answer with."""

from litestar.openapi.datastructures import ResponseSpec

from ..problems import KEY_REUSED, MALFORMED_REQUEST, MEDIA_TYPE, NOT_LOGGED, Problem

WHEN = {
    400: "The body is not JSON in UTF-8, or has a key twice; or the `Idempotency-Key` is none.",
    401: "The server asks for an API key.",
    404: "There is no such thing here.",
    405: "The method is none of this address.",
    408: "The request did not arrive in time; the connection is closed.",
    409: "The first request with this `Idempotency-Key` is still being answered.",
    413: "The body is too large.",
    415: "The content type is not one that is taken.",
    422: "Values that cannot be accepted: all of them, each with its place.",
    431: "Request line and headers are too large; the connection is closed.",
    500: "The server failed.",
    503: "No run is served yet, or a required decision log does not take the answer.",
}
WHEN_OWN = {
    MALFORMED_REQUEST: "The request is not valid HTTP, or its `Idempotency-Key` is none.",
    KEY_REUSED: "This `Idempotency-Key` was used with another request.",
    NOT_LOGGED: "A required decision log does not take the answer, which does not leave without it.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The `responses` of a route that can answer so, and of any that can fail."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=WHEN[status],
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in (*statuses, 500)
    }
