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

from planrec.errors import Misfit, RequestError
from planrec.schema.field_errors import field_errors
from planrec.schema.request import Request as PlanRequest

from .request_model import request_from

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


def read_one(model: type[BaseModel], body: bytes) -> PlanRequest:
    """One request. Raises ValidationError with every error, DuplicateKeyError or UnknownKeysError."""
    # There is one after each key, so no more keys than colons, and if equally many, none twice: few bodies
    # have to be read once more, by `Keys`. Pydantic takes the last of equal keys.
    n_colons, keys = body.count(b":"), None
    if n_colons > MAX_UNKNOWN:
        keys = Keys(body, known_keys(model))
        if keys.n_unknown > MAX_UNKNOWN:
            raise UnknownKeysError(f"the request has {keys.n_unknown:,} unknown keys")
    request = model.model_validate_json(body)
    if n_colons != _n_keys(request):
        keys = keys or Keys(body, known_keys(model))
        if keys.twice is not None:
            raise DuplicateKeyError(
                f"each key of an object may be given once, got {keys.twice[:100]!r} more than once"
            )
    return request_from(request)


def misfits_of(error: ValidationError) -> list[Misfit]:
    """Each value of a request that cannot be accepted. Raises MalformedJsonError where it is no JSON."""
    errors = field_errors(error, with_values=False)
    if errors[0].kind == "json_invalid":
        raise MalformedJsonError(errors[0].message.removeprefix("Invalid JSON: "))
    return [Misfit(0, _pointer(found.path), found.message) for found in errors]


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


class Keys:
    """What is found out about the keys of a body; whatever is no JSON is left to pydantic."""

    def __init__(self, body: bytes, known: frozenset[str]) -> None:
        """`known`: the keys of a request and of the objects in it."""
        self._known, self.n_unknown = known, 0
        self.twice: str | None = None
        "The first key that an object has twice."
        with suppress(JSONDecodeError, UnicodeDecodeError, RecursionError):
            # As floats, numbers may have any length.
            json.loads(body, object_pairs_hook=self._look_at, parse_int=float)

    def _look_at(self, pairs: list[tuple[str, Any]]) -> None:
        """Called with the keys and values of each object."""
        keys = {key for key, _ in pairs}
        if len(keys) < len(pairs) and self.twice is None:
            names = Counter(key for key, _ in pairs)
            self.twice = next(name for name, count in names.items() if count > 1)
        if not keys <= self._known:
            self.n_unknown += sum(key not in self._known for key, _ in pairs)


def _n_keys(request: BaseModel) -> int:
    """How many keys were given, in a checked request and the objects that stand in it or in its lists.

    Requests are no deeper; of one that was, too few would be counted, and its keys looked at for nothing.
    """
    found = len(request.model_fields_set)
    for name in request.model_fields_set:
        value = getattr(request, name)
        for inner in value if isinstance(value, list) else (value,):
            if isinstance(inner, dict):
                found += len(inner)
    return found
