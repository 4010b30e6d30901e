"""Every error as RFC 9457 problem+json; no stack trace or path leaves the server."""

import logging
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from msgspec import UNSET, Meta, Struct, UnsetType
from pydantic import ValidationError

from planrec.errors import DataError, LogError, RequestError

from .middleware.request_id import REQUEST_ID
from .parsing.request_body import (
    DuplicateKeyError,
    MalformedJsonError,
    RequestTooLargeError,
    UnknownKeysError,
    misfits_of,
    refused,
)

MEDIA_TYPE = "application/problem+json"
TYPES = {
    400: "urn:planrec:problem:malformed_body",
    401: "urn:planrec:problem:key_needed",
    404: "urn:planrec:problem:not_found",
    405: "urn:planrec:problem:method_not_allowed",
    408: "urn:planrec:problem:request_too_slow",
    409: "urn:planrec:problem:answer_under_way",
    413: "urn:planrec:problem:body_too_large",
    415: "urn:planrec:problem:unsupported_content_type",
    422: "urn:planrec:problem:values_refused",
    431: "urn:planrec:problem:headers_too_large",
    500: "urn:planrec:problem:server_failed",
    503: "urn:planrec:problem:not_ready",
}
"""Status -> what programs compare: stable, whatever the wording of `detail`."""
MALFORMED_REQUEST = "urn:planrec:problem:malformed_request"
KEY_REUSED = "urn:planrec:problem:key_reused"
NOT_LOGGED = "urn:planrec:problem:not_logged"
OWN_TYPES = {MALFORMED_REQUEST: 400, KEY_REUSED: 422, NOT_LOGGED: 503}
"Types that are not the first one of their status."
log = logging.getLogger("planrec.api")


class ProblemError(Struct, frozen=True):
    """One value that cannot be accepted."""

    pointer: Annotated[
        str, Meta(description="JSON pointer (RFC 6901) into the body.", examples=["/months/0/sms"])
    ]
    detail: Annotated[str, Meta(description="What must hold.")]


class Problem(Struct, frozen=True):
    """Why there is no answer (RFC 9457)."""

    type: Annotated[
        str, Meta(description="Stable code of the problem.", examples=sorted({*TYPES.values(), *OWN_TYPES}))
    ]
    title: str
    status: int
    detail: Annotated[str, Meta(description="What must hold, and what was found.")]
    request_id: Annotated[str, Meta(description="As in the header X-Request-ID and in the log.")]
    errors: Annotated[
        list[ProblemError] | UnsetType, Meta(description="Every value that cannot be accepted.")
    ] = UNSET


def problem(status: int, detail: str, **extra: Any) -> Response[dict[str, Any]]:
    """An answer with this status; `detail` says what must hold and what was found."""
    return Response(content(status, detail, **extra), status_code=status, media_type=MEDIA_TYPE)


def content(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem."""
    named = {"type": TYPES.get(status, "about:blank"), "title": HTTPStatus(status).phrase}
    request_id = REQUEST_ID.get()
    known = {"request_id": request_id} if request_id else {}
    return named | {"status": status, "detail": detail} | known | extra


def of_error(error: Exception) -> dict[str, Any]:
    """The problem that an error of reading or answering a request is; 500 where nobody expected it."""
    if isinstance(error, ValidationError):
        try:
            error = refused(misfits_of(error))
        except MalformedJsonError as malformed:
            error = malformed
    if isinstance(error, MalformedJsonError):
        return content(400, f"the body must be JSON: {error}")
    if isinstance(error, DuplicateKeyError):
        return content(400, str(error))
    if isinstance(error, UnknownKeysError):
        return content(422, str(error), errors=[])
    if isinstance(error, RequestTooLargeError):
        return content(413, str(error))
    if isinstance(error, RequestError):
        return content(
            422,
            error.message,
            errors=[{"pointer": pointer, "detail": text} for _, pointer, text in error.misfits],
        )
    if isinstance(error, LogError):
        detail = f"no answer leaves without its row in the decision log: {error.message}"
        return content(503, detail, type=NOT_LOGGED)
    if isinstance(error, DataError):
        return content(
            422, error.message, errors=[{"pointer": "", "detail": text} for text in error.problems]
        )
    log.error("unexpected error while answering", exc_info=error)
    return content(500, "the server failed; the error is in its log")


def _from_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    answer = problem(error.status_code, error.detail)
    # A 405 says which methods are allowed.
    answer.headers.update(error.headers or {})
    return answer


def _too_large(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    limit = request.route_handler.resolve_request_max_body_size()
    return problem(413, f"the body must have at most {limit:,} bytes")


def _from_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    found = of_error(error)
    return Response(found, status_code=found["status"], media_type=MEDIA_TYPE)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    RequestEntityTooLarge: _too_large,
    HTTPException: _from_http,
    Exception: _from_error,
}
