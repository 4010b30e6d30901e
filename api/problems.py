"""Every error as RFC 9457 problem+json; no stack trace and no path of this machine is sent."""

import logging
from collections.abc import Sequence
from typing import Annotated

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Meta, Struct, UnsetType
from pydantic import ValidationError

from planrec.errors import DataError, LogError, RequestError
from planrec.sentences import Language

from .http_request import HttpRequest
from .language.requested import LANGUAGE
from .language.translate import title_of, translated
from .middleware.request_id import REQUEST_ID
from .not_readable import NotReadableError
from .parsing.request_body import (
    DuplicateKeyError,
    MalformedJsonError,
    RequestTooLargeError,
    UnknownKeysError,
    misfits_of,
    values_refused,
)

MEDIA_TYPE = "application/problem+json"
TYPES = {
    400: "urn:planrec:problem:malformed_body",
    401: "urn:planrec:problem:key_needed",
    403: "urn:planrec:problem:forbidden",
    404: "urn:planrec:problem:not_found",
    405: "urn:planrec:problem:method_not_allowed",
    408: "urn:planrec:problem:request_too_slow",
    409: "urn:planrec:problem:answer_under_way",
    413: "urn:planrec:problem:body_too_large",
    415: "urn:planrec:problem:unsupported_content_type",
    422: "urn:planrec:problem:values_refused",
    429: "urn:planrec:problem:too_many_campaigns",
    431: "urn:planrec:problem:headers_too_large",
    500: "urn:planrec:problem:server_failed",
    503: "urn:planrec:problem:not_ready",
}
"""Status -> the code that programs compare; it stays the same if `detail` is reworded."""
MALFORMED_REQUEST = "urn:planrec:problem:malformed_request"
KEY_REUSED = "urn:planrec:problem:key_reused"
NOT_LOGGED = "urn:planrec:problem:not_logged"
NOT_READABLE = "urn:planrec:problem:not_readable"
NOT_DONE = "urn:planrec:problem:campaign_not_done"
OWN_TYPES = {MALFORMED_REQUEST: 400, KEY_REUSED: 422, NOT_LOGGED: 503, NOT_READABLE: 409, NOT_DONE: 409}
"Further types of a status."
FORBIDDEN = (
    "logged answers are shown only to clients with an API key, and this server has no keys: make one with"
    " planrec serve --new-key, and set PLANREC_ACCESS__KEY_HASHES"
)
SERVER_FAILED = "internal server error; see the server's log"
log = logging.getLogger("planrec.api")


class NotDoneError(Exception):
    """A campaign exists, and has no advice."""


class ProblemError(Struct, frozen=True):
    """One value that cannot be accepted."""

    pointer: Annotated[
        str, Meta(description="JSON pointer (RFC 6901) into the body.", examples=["/months/0/sms"])
    ]
    detail: Annotated[str, Meta(description="The rule that the value breaks.")]


class Problem(Struct, frozen=True):
    """The reason why there is no answer (RFC 9457)."""

    type: Annotated[
        str, Meta(description="Stable code of the problem.", examples=sorted({*TYPES.values(), *OWN_TYPES}))
    ]
    title: Annotated[str, Meta(description="The status in words, in the language of the request.")]
    status: int
    detail: Annotated[str, Meta(description="The rule that was broken, and the value found.")]
    request_id: Annotated[str, Meta(description="As in the header X-Request-ID and in the log.")]
    errors: Annotated[
        list[ProblemError] | UnsetType, Meta(description="Every value that cannot be accepted.")
    ] = UNSET


def problem_of(
    status: int,
    detail: str,
    *,
    type_: str | None = None,
    errors: Sequence[ProblemError] | UnsetType = UNSET,
    request_id: str | None = None,
    language: Language | None = None,
) -> Problem:
    """Return the problem of a status, in the language of the request.

    Args:
        status: HTTP status.
        detail: the rule that was broken, and the value found, in English.
        type_: code of the problem; the first one of the status if it is not given.
        errors: values that cannot be accepted.
        request_id: the id of the current request if it is not given.
        language: the one of the current request if it is not given.

    >>> problem_of(404, "no such run").type
    'urn:planrec:problem:not_found'
    """
    language = language or LANGUAGE.get()
    if not isinstance(errors, UnsetType):
        errors = [ProblemError(error.pointer, translated(error.detail, language)) for error in errors]
    return Problem(
        type=type_ or TYPES.get(status, "about:blank"),
        title=title_of(status, language),
        status=status,
        detail=translated(detail, language),
        request_id=request_id or REQUEST_ID.get() or "",
        errors=errors,
    )


def problem_of_error(error: Exception) -> Problem:
    """Return the problem of an error in reading or answering a request; 500 if it is unexpected.

    >>> problem_of_error(RequestTooLargeError("a line must have at most 10 bytes, got 11")).status
    413
    """
    if isinstance(error, ValidationError):
        try:
            error = values_refused(misfits_of(error))
        except MalformedJsonError as malformed:
            error = malformed
    if isinstance(error, MalformedJsonError):
        return problem_of(400, f"the body must be JSON: {error}")
    if isinstance(error, DuplicateKeyError):
        return problem_of(400, str(error))
    if isinstance(error, UnknownKeysError):
        return problem_of(422, str(error), errors=[])
    if isinstance(error, RequestTooLargeError):
        return problem_of(413, str(error))
    if isinstance(error, RequestError):
        errors = [ProblemError(misfit.pointer, misfit.detail) for misfit in error.misfits]
        return problem_of(422, error.message, errors=errors)
    if isinstance(error, LogError):
        detail = f"the answer is not sent, because it cannot be logged: {error.message}"
        return problem_of(503, detail, type_=NOT_LOGGED)
    if isinstance(error, NotReadableError):
        return problem_of(409, str(error), type_=NOT_READABLE)
    if isinstance(error, NotDoneError):
        return problem_of(409, str(error), type_=NOT_DONE)
    if isinstance(error, DataError):
        return problem_of(422, error.message, errors=[ProblemError("", text) for text in error.problems])
    log.error("unexpected error while answering", exc_info=error)
    return problem_of(500, SERVER_FAILED)


def _response(problem: Problem) -> Response[Problem]:
    return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE)


def _of_http(request: HttpRequest, error: HTTPException) -> Response[Problem]:
    response = _response(problem_of(error.status_code, error.detail))
    # A 405 lists the allowed methods.
    response.headers.update(error.headers or {})
    return response


def _of_query(request: HttpRequest, error: ValidationException) -> Response[Problem]:
    """Name the parameters that break a rule. The message of Litestar repeats the whole query."""
    found = error.extra if isinstance(error.extra, list) else []
    broken = [f"{item['key']}: {item['message']}" for item in found if "key" in item and "message" in item]
    detail = (
        f"parameters cannot be accepted: {'; '.join(broken)}" if broken else "parameters cannot be accepted"
    )
    return _response(problem_of(400, detail, type_=MALFORMED_REQUEST))


def _of_body_size(request: HttpRequest, error: HTTPException) -> Response[Problem]:
    limit = request.route_handler.resolve_request_max_body_size()
    return _response(problem_of(413, f"the body must have at most {limit:,} bytes"))


def _of_error(request: HttpRequest, error: Exception) -> Response[Problem]:
    return _response(problem_of_error(error))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    RequestEntityTooLarge: _of_body_size,
    ValidationException: _of_query,
    HTTPException: _of_http,
    Exception: _of_error,
}
