"""A problem as the response of a middleware, which runs before Litestar's error handling."""

from collections.abc import Iterable

import msgspec
from litestar.types import Send

from ..problems import MEDIA_TYPE, Problem

Header = tuple[bytes, bytes]


async def send_problem(send: Send, problem: Problem, headers: Iterable[Header] = ()) -> None:
    """Send a problem as the whole response."""
    body = msgspec.json.encode(problem)
    fixed = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
