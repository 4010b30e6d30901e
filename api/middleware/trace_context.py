"""The trace that a request belongs to, from the header `traceparent` (W3C Trace Context)."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from typing import NamedTuple

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


class Trace(NamedTuple):
    """The names of a trace and of the span in it that sent the request, hexadecimal."""

    trace_id: str
    span_id: str


TRACE: ContextVar[Trace | None] = ContextVar("TRACE", default=None)
"Set by the middleware `RequestLogging`; None if the request names no trace."


def trace_of(headers: Iterable[tuple[bytes, bytes]]) -> Trace | None:
    """Return the trace of a request; None if the header is missing or breaks the standard.

    Ids of zeros are no ids; later versions than 00 may add fields at the end.

    >>> trace_of([(b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")]).span_id
    'bbbbbbbbbbbbbbbb'
    """
    values = [value for name, value in headers if name == b"traceparent"]
    found = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or values[0].startswith(b"ff"):
        return None
    if values[0].startswith(b"00") and len(values[0]) != 55:
        return None
    trace_id, span_id = (name.decode("ascii") for name in found.groups())
    return Trace(trace_id, span_id) if trace_id.strip("0") and span_id.strip("0") else None
