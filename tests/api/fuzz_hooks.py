"""Hooks of Schemathesis: the serializer of lines."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    """Return the bytes of lines."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
