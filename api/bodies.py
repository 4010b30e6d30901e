"""Bodies of requests: bytes -> requests whose values were checked."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from json import JSONDecodeError
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from pydantic import BaseModel, ValidationError

from api.requests import plain_request
from planrec.errors import Misfit, RequestError

JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_UNKNOWN = 1_000
"Keys that no request has, all objects together: pydantic makes an error of half a kilobyte of each."


class MalformedJsonError(ValueError):
    """A body that is no JSON in UTF-8."""


class DuplicateKeyError(ValueError):
    """An object has a key twice: readers of JSON do not agree on what that means."""


class RequestTooLargeError(ValueError):
    """A request of a batch is larger than one alone may be."""


class UnknownKeysError(ValueError):
    """More keys that no request has than anybody reads errors of."""


def content_type(request: Request[Any, Any, Any], *allowed: str) -> str:
    """The content type of the body. Raises HTTPException (415) where it is none of these."""
    given = request.content_type[0].strip().lower()
    if given not in allowed:
        raise HTTPException(
            status_code=415, detail=f"the content type must be {' or '.join(allowed)}, got {given!r}"
        )
    return given


def read_one(model: type[BaseModel], body: bytes) -> dict[str, Any]:
    """One request. Raises ValidationError with every error, DuplicateKeyError or UnknownKeysError."""
    # There is one after each key; those inside of texts count as well.
    n_colons = body.count(b":")
    if n_colons > MAX_UNKNOWN:
        check_known(body, known_keys(model))
    request = model.model_validate_json(body)
    if n_colons != _n_keys(request):
        check_once(body)
    return plain_request(request)


def misfits_of(error: ValidationError) -> list[Misfit]:
    """Each value of a request that cannot be accepted. Raises MalformedJsonError where it is no JSON."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        raise MalformedJsonError(found[0]["msg"].removeprefix("Invalid JSON: "))
    return [Misfit(0, _pointer(item["loc"]), item["msg"].removeprefix("Value error, ")) for item in found]


def refused(misfits: Sequence[Misfit]) -> RequestError:
    """The error of values that cannot be accepted."""
    values = "1 value" if len(misfits) == 1 else f"{len(misfits):,} values"
    return RequestError(f"{values} cannot be accepted", misfits)


def _pointer(loc: tuple[int | str, ...]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


@lru_cache(maxsize=8)
def known_keys(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a request and of the objects in it."""
    schema = model.model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    return frozenset(key for one in objects for key in one.get("properties", {}))


def check_known(body: bytes, known: frozenset[str]) -> None:
    """Raises UnknownKeysError where more than `MAX_UNKNOWN` keys are none of the known ones."""
    n_unknown = 0

    def look_at(pairs: list[tuple[str, Any]]) -> None:
        nonlocal n_unknown
        n_unknown += sum(key not in known for key, _ in pairs)

    _read_objects(body, look_at)
    if n_unknown > MAX_UNKNOWN:
        raise UnknownKeysError(f"the request has {n_unknown:,} unknown keys")


def check_once(body: bytes) -> None:
    """Raises DuplicateKeyError where an object has a key twice: pydantic takes the last of them."""
    twice: list[str] = []

    def look_at(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            names = Counter(key for key, _ in pairs)
            twice.append(next(name for name, count in names.items() if count > 1))

    _read_objects(body, look_at)
    if twice:
        raise DuplicateKeyError(
            f"each key of an object may be given once, got {twice[0][:100]!r} more than once"
        )


def _read_objects(body: bytes, look_at: Callable[[list[tuple[str, Any]]], None]) -> None:
    """Show the keys and values of each object; whatever is no JSON is left to pydantic."""
    with suppress(JSONDecodeError, UnicodeDecodeError, RecursionError):
        # As floats, numbers may have any length.
        json.loads(body, object_pairs_hook=look_at, parse_int=float)


def _n_keys(request: BaseModel) -> int:
    """How many keys were given, in a checked request and the objects that stand in it or in its lists."""
    found = len(request.model_fields_set)
    for value in vars(request).values():
        for inner in value if isinstance(value, list) else (value,):
            found += len(getattr(inner, "model_fields_set", ()))
    return found
