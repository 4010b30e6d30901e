"""Every error as RFC 9457 problem+json; no stack trace or path leaves the server."""

import logging
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from pydantic import ValidationError

from api.request_id import REQUEST_ID
from planrec.errors import DataError

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("planrec.api")


def problem(status: int, detail: str, **extra: Any) -> Response[dict[str, Any]]:
    """An answer with this status; `detail` says what must hold and what was found."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if request_id := REQUEST_ID.get():
        content["request_id"] = request_id
    return Response(content | extra, status_code=status, media_type=MEDIA_TYPE)


def _from_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    return problem(error.status_code, error.detail)


def _from_validation(request: Request[Any, Any, Any], error: ValidationError) -> Response[dict[str, Any]]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return problem(400, f"the body must be JSON: {found[0]['msg']}")
    errors = [
        {"pointer": _pointer(item["loc"]), "detail": item["msg"].removeprefix("Value error, ")}
        for item in found
    ]
    values = "1 value" if len(errors) == 1 else f"{len(errors)} values"
    return problem(422, f"{values} cannot be accepted", errors=errors)


def _from_data(request: Request[Any, Any, Any], error: DataError) -> Response[dict[str, Any]]:
    return problem(422, error.message, errors=[{"detail": text} for text in error.problems])


def _from_anything(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    log.error("unexpected error while answering %s", request.url.path, exc_info=error)
    return problem(500, "the server failed; the error is in its log")


def _pointer(loc: tuple[int | str, ...]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    HTTPException: _from_http,
    ValidationError: _from_validation,
    DataError: _from_data,
    Exception: _from_anything,
}
