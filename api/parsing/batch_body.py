"""Parse the body of a batch: bytes -> requests or lines, within the limits of number and size."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from litestar.exceptions import HTTPException
from pydantic import BaseModel, ValidationError

from planrec.errors import Misfit, RequestError
from planrec.schema.request import Request

from ..settings import Limits
from .request_body import (
    DuplicateKeyError,
    MalformedJsonError,
    RequestTooLargeError,
    UnknownKeysError,
    misfits_of,
    parse_request,
    values_refused,
)

MAX_ERRORS = 10_000
"Maximum number of listed errors of a batch; each costs half a kilobyte and some microseconds."

_LINE = re.compile(rb"\S[^\n]*")
# Treat everything after an unterminated quote as a string; retrying at every later quote would be quadratic.
_NOT_A_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|(NaN)|(Infinity)', re.DOTALL)


def parse_batch(model: type[BaseModel], body: bytes, limits: Limits) -> list[Request]:
    """Return the requests of a JSON list.

    Each is parsed on its own, so that other threads run in between.

    Raises:
        MalformedJsonError: the body is not JSON.
        RequestTooLargeError: one of the requests is too large.
        RequestError: values cannot be accepted; it lists at most `MAX_ERRORS` of them with their places.
        DuplicateKeyError: the values can be accepted, but a key was given twice.

    For example, with a model of a run without attributes:

    >>> from pydantic import create_model
    >>> model = create_model("PredictRequest", attributes=(dict[str, float], {}), top_k=(int | None, None))
    >>> [request.top_k for request in parse_batch(model, b'[{"top_k": 1}, {}]', Limits())]
    [1, None]
    """
    requests: list[Request] = []
    misfits: list[Misfit] = []
    duplicate: DuplicateKeyError | None = None
    for number, element in enumerate(_elements(body, limits)):
        try:
            requests.append(parse_request(model, element))
        except ValidationError as error:
            misfits += _in_list(error, number)
        except UnknownKeysError as error:
            misfits.append(Misfit(number, f"/{number}", str(error)))
        except DuplicateKeyError as error:
            duplicate = duplicate or DuplicateKeyError(f"{error}, in /{number}")
        if len(misfits) > MAX_ERRORS:
            detail = (
                f"more than {MAX_ERRORS:,} values cannot be accepted; the first {MAX_ERRORS:,} are listed"
            )
            raise RequestError(detail, misfits[:MAX_ERRORS])
    if misfits:
        raise values_refused(misfits)
    if duplicate is not None:
        raise duplicate
    return requests


def split_lines(body: bytes, limits: Limits) -> list[bytes]:
    r"""Return the lines that are not blank.

    Raises:
        HTTPException: 413, if there are too many lines.

    >>> split_lines(b'{"top_k": 1}\n\n{}\n', Limits())
    [b'{"top_k": 1}', b'{}']
    """
    lines: list[bytes] = []
    for found in _LINE.finditer(body):
        if len(lines) == limits.batch_requests:
            detail = f"a batch must have at most {limits.batch_requests:,} lines, got more"
            raise HTTPException(status_code=413, detail=detail)
        lines.append(found[0])
    return lines


def _in_list(error: ValidationError, number: int) -> list[Misfit]:
    try:
        return [Misfit(number, f"/{number}{misfit.pointer}", misfit.detail) for misfit in misfits_of(error)]
    except MalformedJsonError as malformed:
        raise MalformedJsonError(f"{malformed}, in /{number}") from error


def _elements(body: bytes, limits: Limits) -> list[bytes]:
    """Return the texts of the elements, of which there is at least one."""
    elements = [element for element in map(bytes, _split(body, limits.batch_requests)) if element]
    if not elements:
        raise _not_a_list(limits.batch_requests, "none")
    if len(elements) > limits.batch_requests:
        raise _not_a_list(limits.batch_requests, "more")
    for number, element in enumerate(elements):
        if len(element) > limits.body_bytes:
            raise RequestTooLargeError(
                f"a request must have at most {limits.body_bytes:,} bytes, got {len(element):,}, in /{number}"
            )
    return elements


def _split(body: bytes, most: int) -> tuple[msgspec.Raw, ...]:
    """Return `most` elements and one more if there are more; empty ones fill up the tuple."""
    try:
        return msgspec.structs.astuple(_splitter(most).decode(_with_numbers(body)))
    except RecursionError:
        raise MalformedJsonError("recursion limit exceeded") from None
    except msgspec.ValidationError as error:
        raise _not_a_list(most, str(error).rpartition("got ")[2]) from None
    except msgspec.DecodeError as error:
        raise MalformedJsonError(str(error).removeprefix("JSON is malformed: ")) from None


@lru_cache(maxsize=4)
def _splitter(most: int) -> msgspec.json.Decoder[Any]:
    # A length limit of a list is checked after the whole list was decoded: 600 MB for 16 MB of JSON. If a
    # struct is decoded from a list, everything after its last field is skipped.
    fields = [(f"element_{number}", msgspec.Raw, msgspec.Raw(b"")) for number in range(most + 1)]
    return msgspec.json.Decoder(msgspec.defstruct("Elements", fields, array_like=True))


def _with_numbers(body: bytes) -> bytes | bytearray:
    """Replace NaN and infinity, which are not JSON, by values that every field refuses.

    Thus each of them is reported with its place.
    """
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    written = bytearray(body)
    for found in _NOT_A_NUMBER.finditer(body):
        if found[1]:
            written[slice(*found.span())] = b"[0]"
        elif found[2]:
            written[slice(*found.span())] = b"1e999999"
    return written


def _not_a_list(most: int, got: str) -> RequestError:
    return values_refused([Misfit(0, "", f"must be a list of 1 to {most:,} requests, got {got}")])
