"""Cross-origin requests of browsers (CORS), from the origins that the settings name."""

from collections.abc import Iterable

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from .asgi_problem import Header

_VARY = (b"vary", b"origin")
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (
        b"access-control-allow-headers",
        b"accept-language, authorization, content-encoding, content-type, "
        b"idempotency-key, x-api-key, x-request-id",
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (b"access-control-expose-headers", b"idempotency-replayed, x-request-id")


class Cors:
    """ASGI middleware: a page of an allowed origin may read the responses, also those without a key.

    Cookies are never used, so credentials are not allowed.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        """Open an app to the pages of these origins, such as `https://shop.example`."""
        self.app, self.origins = app, frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or add the headers to the response of the app."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        allowed = [] if origin not in self.origins else [(b"access-control-allow-origin", origin or b"")]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [_VARY, *allowed, *([_EXPOSED] if allowed else [])]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        is_preflight = scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers
        if not (is_preflight and allowed):
            await self.app(scope, receive, send_with_headers)
            return
        await send({"type": "http.response.start", "status": 204, "headers": [_VARY, *allowed, *_PREFLIGHT]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
