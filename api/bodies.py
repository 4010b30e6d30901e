"""Bodies of requests: bytes -> requests whose values were checked."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from json import JSONDecodeError
from typing import Annotated, Any, TypeVar

from litestar import Request
from litestar.exceptions import HTTPException
from pydantic import BaseModel, Field, TypeAdapter

from api.requests import plain_request

T = TypeVar("T")
JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_BODY_BYTES = 1_000_000
"Of one request, and of one line."
MAX_BATCH_BYTES = 16_000_000
"Of a batch, which is read whole before the first answer."
MAX_BATCH = 1_000
"Requests of a JSON list, and of lines."
MAX_UNKNOWN = 1_000
"Keys that no request has, all objects together: pydantic makes an error of half a kilobyte of each."


class DuplicateKeyError(ValueError):
    """An object has a key twice: readers of JSON do not agree on what that means."""


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
    return plain_request(_checked(model, body, model.model_validate_json))


def read_list(model: type[BaseModel], body: bytes) -> list[dict[str, Any]]:
    """The requests of a JSON list; raises as `read_one` does, over all of them at once."""
    requests = _checked(model, body, _list_of(model).validate_json)
    return [plain_request(request) for request in requests]


def lines_of(body: bytes) -> list[bytes]:
    """The lines that are not blank. Raises HTTPException (413) where there are too many."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > MAX_BATCH:
        raise HTTPException(
            status_code=413, detail=f"a batch must have at most {MAX_BATCH:,} lines, got {len(lines):,}"
        )
    return lines


def _checked(model: type[BaseModel], body: bytes, validate: Callable[[bytes], T]) -> T:
    try:
        check_keys(body, known_keys(model))
    except DuplicateKeyError as error:
        # Told only where nothing else is wrong: values have places, keys given twice have none.
        validate(body)
        raise error
    return validate(body)


@lru_cache(maxsize=8)
def _list_of(model: type[BaseModel]) -> TypeAdapter[list[BaseModel]]:
    return TypeAdapter(Annotated[list[model], Field(min_length=1, max_length=MAX_BATCH)])  # type: ignore[arg-type,valid-type]


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
        raise UnknownKeysError(f"the body has {keys.n_unknown:,} keys that no request has")
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
