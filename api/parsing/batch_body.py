"""Bodies of batches: bytes -> requests or lines, as many and as long as the limits allow."""

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
    read_one,
    refused,
)

MAX_ERRORS = 10_000
"Of a batch; each costs half a kilobyte and some microseconds."

_LINE = re.compile(rb"\S[^\n]*")
# Behind a quote that nothing closes all is text: tried again at each quote in it, it would take for ever.
_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|(NaN)|(Infinity)', re.DOTALL)


def read_list(model: type[BaseModel], body: bytes, limits: Limits) -> list[Request]:
    """The requests of a JSON list, each read on its own: other threads have their turn between.

    Raises:
        MalformedJsonError: it is no JSON.
        RequestTooLargeError: one of the requests is.
        RequestError: values cannot be accepted, at most `MAX_ERRORS` of them with their places.
        DuplicateKeyError: nothing is wrong but keys that are given twice.
    """
    requests: list[Request] = []
    misfits: list[Misfit] = []
    twice: DuplicateKeyError | None = None
    for number, element in enumerate(_elements(body, limits)):
        try:
            requests.append(read_one(model, element))
        except ValidationError as error:
            misfits += _in_list(error, number)
        except UnknownKeysError as error:
            misfits.append(Misfit(number, f"/{number}", str(error)))
        except DuplicateKeyError as error:
            twice = twice or DuplicateKeyError(f"{error}, in /{number}")
        if len(misfits) > MAX_ERRORS:
            told = f"more than {MAX_ERRORS:,} values cannot be accepted; the first {MAX_ERRORS:,} are listed"
            raise RequestError(told, misfits[:MAX_ERRORS])
    if misfits:
        raise refused(misfits)
    if twice is not None:
        raise twice
    return requests


def lines_of(body: bytes, limits: Limits) -> list[bytes]:
    """The lines that are not blank. Raises HTTPException (413) where there are too many."""
    lines: list[bytes] = []
    for found in _LINE.finditer(body):
        if len(lines) == limits.batch_requests:
            told = f"a batch must have at most {limits.batch_requests:,} lines, got more"
            raise HTTPException(status_code=413, detail=told)
        lines.append(found[0])
    return lines


def _in_list(error: ValidationError, number: int) -> list[Misfit]:
    try:
        return [Misfit(number, f"/{number}{misfit.pointer}", misfit.detail) for misfit in misfits_of(error)]
    except MalformedJsonError as malformed:
        raise MalformedJsonError(f"{malformed}, in /{number}") from error


def _elements(body: bytes, limits: Limits) -> list[bytes]:
    """The texts of the elements, of which there is at least one."""
    elements = [element for element in map(bytes, _split(body, limits.batch_requests)) if element]
    if not elements:
        raise _no_list(limits.batch_requests, "none")
    if len(elements) > limits.batch_requests:
        raise _no_list(limits.batch_requests, "more")
    for number, element in enumerate(elements):
        if len(element) > limits.body_bytes:
            raise RequestTooLargeError(
                f"a request must have at most {limits.body_bytes:,} bytes, got {len(element):,}, in /{number}"
            )
    return elements


def _split(body: bytes, most: int) -> tuple[msgspec.Raw, ...]:
    """The elements, one more than `most` where there are more, then empty ones."""
    try:
        return msgspec.structs.astuple(_splitter(most).decode(_with_numbers(body)))
    except RecursionError:
        raise MalformedJsonError("recursion limit exceeded") from None
    except msgspec.ValidationError as error:
        raise _no_list(most, str(error).rpartition("got ")[2]) from None
    except msgspec.DecodeError as error:
        raise MalformedJsonError(str(error).removeprefix("JSON is malformed: ")) from None


@lru_cache(maxsize=4)
def _splitter(most: int) -> msgspec.json.Decoder[Any]:
    # A limit of a list's length is looked at when the whole list is there: 600 MB of them for 16 MB of JSON.
    # Of a struct that is written as a list, whatever follows the last field is skipped.
    fields = [(f"element_{number}", msgspec.Raw, msgspec.Raw(b"")) for number in range(most + 1)]
    return msgspec.json.Decoder(msgspec.defstruct("Elements", fields, array_like=True))


def _with_numbers(body: bytes) -> bytes | bytearray:
    """NaN and infinity, which are no JSON, as values that every field refuses: each gets its place so."""
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    written = bytearray(body)
    for found in _NO_NUMBER.finditer(body):
        if found[1]:
            written[slice(*found.span())] = b"[0]"
        elif found[2]:
            written[slice(*found.span())] = b"1e999999"
    return written


def _no_list(most: int, got: str) -> RequestError:
    return refused([Misfit(0, "", f"must be a list of 1 to {most:,} requests, got {got}")])
