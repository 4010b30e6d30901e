"""A problem as an answer of a middleware, which stands before Litestar's own handling of errors."""

import json
from collections.abc import Iterable

from litestar.types import Send

from ..problems import MEDIA_TYPE, content

Header = tuple[bytes, bytes]


async def send_problem(
    send: Send, status: int, detail: str, headers: Iterable[Header] = (), **members: str
) -> None:
    """Answer with this problem; `members` are put in, or in place of its own."""
    body = json.dumps(content(status, detail, **members)).encode()
    fixed = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
