"""Bodies of requests: bytes -> requests whose values were checked."""

import json
from functools import lru_cache
from typing import Annotated, Any

from litestar import Request
from litestar.exceptions import HTTPException
from pydantic import BaseModel, Field, TypeAdapter

from api.requests import plain_request

JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_BODY_BYTES = 1_000_000
"Of one request, and of one line."
MAX_BATCH_BYTES = 16_000_000
"Of a batch, which is read whole before the first answer."
MAX_BATCH = 1_000
"Requests of a JSON list."


class DuplicateKeyError(ValueError):
    """An object has a key twice: readers of JSON do not agree on what that means."""


def content_type(request: Request[Any, Any, Any], *allowed: str) -> str:
    """The content type of the body. Raises HTTPException (415) where it is none of these."""
    given = request.content_type[0].strip().lower()
    if given not in allowed:
        raise HTTPException(
            status_code=415, detail=f"the content type must be {' or '.join(allowed)}, got {given!r}"
        )
    return given


def read_one(model: type[BaseModel], body: bytes) -> dict[str, Any]:
    """One request. Raises pydantic's ValidationError with every error, or DuplicateKeyError."""
    request = model.model_validate_json(body)
    check_keys(body)
    return plain_request(request)


def read_list(model: type[BaseModel], body: bytes) -> list[dict[str, Any]]:
    """The requests of a JSON list; raises as `read_one` does, over all of them at once."""
    requests = _list_of(model).validate_json(body)
    check_keys(body)
    return [plain_request(request) for request in requests]


@lru_cache(maxsize=8)
def _list_of(model: type[BaseModel]) -> TypeAdapter[list[BaseModel]]:
    return TypeAdapter(Annotated[list[model], Field(min_length=1, max_length=MAX_BATCH)])  # type: ignore[arg-type,valid-type]


def check_keys(body: bytes) -> None:
    """Pydantic takes the last of two equal keys. Raises DuplicateKeyError, naming the key."""
    json.loads(body, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> None:
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateKeyError(
            f"each key of an object may be given once, got {twice[:100]!r} more than once"
        )
