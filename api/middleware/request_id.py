"""The id of the current request."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from uuid import uuid4

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"Set by the middleware `RequestLogging`; None outside of a request."

# Ids of proxies look like this; other text could carry arbitrary content into the log.
_SAFE = re.compile(rb"[A-Za-z0-9._~+/=-]{1,128}")


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the X-Request-ID of a request; a new id if it is missing or has other characters.

    >>> request_id_of([(b"x-request-id", b"abc-1")])
    'abc-1'
    """
    for name, value in headers:
        if name == b"x-request-id" and _SAFE.fullmatch(value):
            return value.decode("ascii")
    return uuid4().hex
