"""Headers that tell browsers and caches what not to do."""

from litestar.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
_DATA = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
# Pages load from our own files only; the styles that the page of the OpenAPI document sets are inline.
_PAGE = (
    b"content-security-policy",
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    b" base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
)


class SecurityHeaders:
    """ASGI middleware: adds what the answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_missing(dict(message["headers"]))]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _missing(headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    is_page = headers.get(b"content-type", b"").startswith(b"text/html")
    wanted = [*_ALWAYS, _PAGE if is_page else _DATA, (b"cache-control", b"no-store")]
    return [(name, value) for name, value in wanted if name not in headers]
