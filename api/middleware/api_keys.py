"""API keys: only their hashes are known to the server."""

import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

from litestar.types import ASGIApp, Receive, Scope, Send

from ..pages import FILES
from .asgi_problem import send_problem

OPEN = frozenset({"/health", "/ready", "/docs", *(f"/static/{name}" for name in FILES)})
"What load balancers ask, and the page that asks for a key; nothing that a key protects is in it."


def new_key() -> str:
    """256 bits of chance: too many to guess, hence a plain hash of it is enough."""
    return f"planrec_{secrets.token_urlsafe(32)}"


def hash_of(key: bytes) -> str:
    """What is stored in place of a key."""
    return sha256(key).hexdigest()


class KeyRequired:
    """ASGI middleware: nobody without a key comes further."""

    def __init__(self, app: ASGIApp, hashes: Iterable[str]) -> None:
        self.app, self.hashes = app, tuple(hashes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or 401."""
        if scope["path"] in OPEN or self._knows(key_in(scope["headers"])):
            await self.app(scope, receive, send)
            return
        detail = "an API key is needed, as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        await send_problem(send, 401, detail, [(b"www-authenticate", b'Bearer realm="planrec"')])

    def _knows(self, key: bytes | None) -> bool:
        # All are compared, each in constant time: how long it takes tells nothing.
        return key is not None and sum(hmac.compare_digest(hash_of(key), known) for known in self.hashes) > 0


def key_in(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The key of a request; None where it has none."""
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip()
    return None
