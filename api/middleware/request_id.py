"""The id of the request that is being answered: accepted where it is sane, else made."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from uuid import uuid4

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"Read it anywhere below the middleware; None outside a request."

# What a proxy's id looks like; anything else could carry text of the caller's choice into the log.
_SANE = re.compile(rb"[A-Za-z0-9._~+/=-]{1,128}")


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The X-Request-ID of a request, or a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _SANE.fullmatch(value):
            return value.decode("ascii")
    return uuid4().hex
