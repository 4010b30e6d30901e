"""Parse the body of a request: bytes -> a request whose values were checked."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from json import JSONDecodeError

from litestar.exceptions import HTTPException
from pydantic import BaseModel, ValidationError

from planrec.errors import Misfit, RequestError
from planrec.files.validation_errors import message_of
from planrec.schema.request import Request

from ..http_request import HttpRequest
from .request_model import request_from

JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_UNKNOWN = 1_000
"Maximum number of unknown keys of a request: Pydantic creates an error of half a kilobyte for each."


class MalformedJsonError(ValueError):
    """A body that is not JSON in UTF-8."""


class DuplicateKeyError(ValueError):
    """An object with the same key twice: JSON parsers do not agree on its meaning."""


class RequestTooLargeError(ValueError):
    """A request of a batch that is larger than the limit for one request."""


class UnknownKeysError(ValueError):
    """A request with more than `MAX_UNKNOWN` unknown keys."""


def check_content_type(request: HttpRequest, *allowed: str) -> str:
    """Return the content type of the body.

    Raises:
        HTTPException: 415, if it is not one of the allowed ones.
    """
    given = request.content_type[0].strip().lower()
    if given not in allowed:
        raise HTTPException(
            status_code=415, detail=f"the content type must be {' or '.join(allowed)}, got {given!r}"
        )
    return given


def parse_request(model: type[BaseModel], body: bytes) -> Request:
    """Return the request in a body.

    Args:
        model: see `request_model`.
        body: A JSON object.

    Raises:
        ValidationError: the body is not JSON, or values cannot be accepted; it lists all of them.
        DuplicateKeyError: an object has the same key twice.
        UnknownKeysError: there are more than `MAX_UNKNOWN` unknown keys.

    For example, with a model of a run without attributes:

    >>> from pydantic import create_model
    >>> model = create_model("PredictRequest", attributes=(dict[str, float], {}), top_k=(int | None, None))
    >>> parse_request(model, b'{"top_k": 1}').top_k
    1
    """
    # Each key has a colon. If there are as many colons as keys, no key was given twice, and the body need
    # not be parsed a second time by `KeyScan`. Pydantic keeps the last one of equal keys.
    n_colons, scan = body.count(b":"), None
    if n_colons > MAX_UNKNOWN:
        scan = KeyScan(body, known_keys(model))
        if scan.n_unknown > MAX_UNKNOWN:
            raise UnknownKeysError(f"the request has {scan.n_unknown:,} unknown keys")
    checked = model.model_validate_json(body)
    if n_colons != _n_keys(checked):
        scan = scan or KeyScan(body, known_keys(model))
        if scan.duplicate is not None:
            raise DuplicateKeyError(
                f"each key of an object may be given once, got {scan.duplicate[:100]!r} more than once"
            )
    return request_from(checked)


def misfits_of(error: ValidationError) -> list[Misfit]:
    """Return each value of a request that cannot be accepted.

    Raises:
        MalformedJsonError: the body is not JSON.
    """
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        raise MalformedJsonError(found[0]["msg"].removeprefix("Invalid JSON: "))
    return [Misfit(0, json_pointer(item["loc"]), message_of(item)) for item in found]


def values_refused(misfits: Sequence[Misfit]) -> RequestError:
    """Return the error of values that cannot be accepted.

    >>> values_refused([Misfit(0, "/top_k", "must be 1 or more")]).message
    '1 value cannot be accepted'
    """
    values = "1 value" if len(misfits) == 1 else f"{len(misfits):,} values"
    return RequestError(f"{values} cannot be accepted", misfits)


def json_pointer(place: Sequence[int | str]) -> str:
    """Return the JSON pointer (RFC 6901) of a place.

    >>> json_pointer(["months", 0, "a/b"])
    '/months/0/a~1b'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


@lru_cache(maxsize=8)
def known_keys(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys of a request and of the objects in it."""
    schema = model.model_json_schema()
    objects = [schema, *schema.get("$defs", {}).values()]
    return frozenset(key for one in objects for key in one.get("properties", {}))


class KeyScan:
    """Duplicate and unknown keys of a body; a body that is not JSON has none.

    >>> KeyScan(b'[{"a": 1, "a": 2}]', frozenset()).duplicate
    'a'
    """

    def __init__(self, body: bytes, known: frozenset[str]) -> None:
        """Parse the body.

        Args:
            body: bytes of a request.
            known: see `known_keys`.
        """
        self._known, self.n_unknown = known, 0
        self.duplicate: str | None = None
        "The first key that an object has twice."
        with suppress(JSONDecodeError, UnicodeDecodeError, RecursionError):
            # Floats may have any number of digits; Python refuses to parse very long integers.
            json.loads(body, object_pairs_hook=self._scan, parse_int=float)

    def _scan(self, pairs: list[tuple[str, object]]) -> None:
        """Look at the keys of one object; called for each."""
        keys = {key for key, _ in pairs}
        if len(keys) < len(pairs) and self.duplicate is None:
            counts = Counter(key for key, _ in pairs)
            self.duplicate = next(name for name, count in counts.items() if count > 1)
        if not keys <= self._known:
            self.n_unknown += sum(key not in self._known for key, _ in pairs)


def _n_keys(checked: BaseModel) -> int:
    """Count the keys that were given in a request, in its objects and in the objects of its lists.

    Requests are not nested deeper. If one was, too few keys would be counted, and the body would be scanned
    for nothing.
    """
    found = len(checked.model_fields_set)
    for name in checked.model_fields_set:
        value = getattr(checked, name)
        for inner in value if isinstance(value, list) else (value,):
            if isinstance(inner, dict):
                found += len(inner)
    return found
