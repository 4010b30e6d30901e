"""API keys: the server stores their hashes only."""

import hmac
import secrets
from collections.abc import Iterable

from litestar.types import ASGIApp, Receive, Scope, Send

from planrec.files.hashing import sha256_of

from ..pages import PAGE_PATHS
from ..pages.asset_files import assets
from ..problems import problem_of
from .asgi_problem import send_problem

OPEN = frozenset({"/health", "/ready"}) | PAGE_PATHS
"""Paths without a key, besides the files of the pages: for load balancers, and pages that ask for a key. They
contain nothing protected."""


def new_key() -> str:
    """Return a random API key.

    256 random bits cannot be guessed, so an unsalted hash suffices.

    >>> new_key()[:8]
    'planrec_'
    """
    return f"planrec_{secrets.token_urlsafe(32)}"


def hash_of(key: bytes) -> str:
    """Return the hash that the server stores in place of a key.

    >>> hash_of(b"planrec_example")[:16]
    '1b872d237a2cef7f'
    """
    return sha256_of(key)


class ApiKeys:
    """ASGI middleware: requests without a known key get 401."""

    def __init__(self, app: ASGIApp, hashes: Iterable[str]) -> None:
        """Protect an app; `hashes` are those of the known keys."""
        self.app, self.hashes = app, tuple(hashes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        path = scope["path"]
        if path in OPEN or path in assets().paths or self._knows(key_in(scope["headers"])):
            await self.app(scope, receive, send)
            return
        detail = "an API key is required, as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        await send_problem(send, problem_of(401, detail), [(b"www-authenticate", b'Bearer realm="planrec"')])

    def _knows(self, key: bytes | None) -> bool:
        # Compare all hashes, each in constant time: the duration must not depend on the key.
        return key is not None and sum(hmac.compare_digest(hash_of(key), known) for known in self.hashes) > 0


def key_in(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the API key in the headers of a request, or None.

    >>> key_in([(b"authorization", b"Bearer planrec_example")])
    b'planrec_example'
    """
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip()
    return None
