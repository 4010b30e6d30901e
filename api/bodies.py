"""Bodies of requests: bytes -> requests whose values were checked."""

import json
from collections import Counter
from collections.abc import Sequence
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
    try:
        check_keys(body, known_keys(model))
    except DuplicateKeyError as error:
        # Told only where nothing else is wrong: values have places, keys given twice have none.
        model.model_validate_json(body)
        raise error
    return plain_request(model.model_validate_json(body))


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


def check_keys(body: bytes, known: frozenset[str]) -> None:
    """Look at the keys before pydantic does, which takes the last of equal ones and reports each unknown one.

    Raises:
        DuplicateKeyError: an object has a key twice.
        UnknownKeysError: more than `MAX_UNKNOWN` keys are none of the known ones.
    """
    keys = _Keys(known)
    # Whatever is no JSON is left to pydantic. As floats, numbers may have any length.
    with suppress(JSONDecodeError, UnicodeDecodeError, RecursionError):
        json.loads(body, object_pairs_hook=keys.look_at, parse_int=float)
    if keys.n_unknown > MAX_UNKNOWN:
        raise UnknownKeysError(f"the request has {keys.n_unknown:,} unknown keys")
    if keys.twice is not None:
        raise DuplicateKeyError(
            f"each key of an object may be given once, got {keys.twice[:100]!r} more than once"
        )


class _Keys:
    """What is found while a body is read."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known, self.n_unknown = known, 0
        self.twice: str | None = None

    def look_at(self, pairs: list[tuple[str, Any]]) -> None:
        """Called with the keys and values of each object."""
        keys = {key for key, _ in pairs}
        if len(keys) < len(pairs) and self.twice is None:
            names = Counter(key for key, _ in pairs)
            self.twice = next(name for name, count in names.items() if count > 1)
        if not keys <= self.known:
            self.n_unknown += sum(key not in self.known for key, _ in pairs)
