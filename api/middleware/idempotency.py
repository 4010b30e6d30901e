"""`Idempotency-Key`: a repeated POST gets the stored answer, from any worker."""

import asyncio
import re
from collections.abc import Iterable

from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from planrec.files.hashing import sha256_of

from ..answer_store import AnswerStore, State, StoredAnswer
from ..problems import KEY_REUSED, MALFORMED_REQUEST, TYPES, problem_of
from .api_keys import key_in
from .asgi_problem import send_problem

_Received = HTTPReceiveMessage | WebSocketReceiveMessage

MAX_ANSWER_BYTES = 16_000_000
"Longer answers are not stored; if their requests are repeated, they are computed again."
_VALID = re.compile(rb"[\x21-\x7e]{1,255}")
_REFUSED = {
    State.OTHER_REQUEST: (
        "this Idempotency-Key was used with another request: use a new one",
        422,
        KEY_REUSED,
    ),
    State.IN_PROGRESS: (
        "the first request with this Idempotency-Key is still being answered: retry later",
        409,
        TYPES[409],
    ),
}
# Headers that change the answer, as the body does.
_RELEVANT = (b"accept", b"accept-language", b"content-encoding", b"content-type")


class Idempotency:
    """ASGI middleware; requests without the header pass unchanged."""

    def __init__(self, app: ASGIApp, store: AnswerStore, max_body_bytes: int) -> None:
        """Store the answers of an app; larger bodies are passed on, and their answers are not kept."""
        self.app, self.store, self.max_body_bytes = app, store, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a new answer or the stored one."""
        key = _header(scope, b"idempotency-key") if scope.get("method") == "POST" else None
        if key is None:
            await self.app(scope, receive, send)
        elif not _VALID.fullmatch(key):
            detail = "Idempotency-Key must be 1 to 255 visible ASCII characters"
            await send_problem(send, problem_of(400, detail, type_=MALFORMED_REQUEST))
        else:
            await self._answer(scope, receive, send, key)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, key: bytes) -> None:
        received, body = await self._body(receive)
        if body is None:  # too long: the app refuses it, or it is an upload
            await self.app(scope, _again(received, receive), send)
            return
        # Two callers may choose the same key; they must not get each other's answers.
        caller = key_in(scope["headers"]) or b""
        name = _digest([caller, scope["path"].encode(), key])
        request = _digest([body, *(_header(scope, header) or b"" for header in _RELEVANT)])
        state, answer = await asyncio.to_thread(self.store.begin, name, request)
        if answer is not None:
            scope["path_template"] = answer.route  # for the log and the metrics
            await _replay(answer, send)
        elif state in _REFUSED:
            detail, status, type_ = _REFUSED[state]
            await send_problem(send, problem_of(status, detail, type_=type_))
        elif state == State.NOT_KEPT:
            await self.app(scope, _again(received, receive), send)
        else:
            await self._answer_and_store(scope, _again(received, receive), send, name)

    async def _body(self, receive: Receive) -> tuple[list[_Received], bytes | None]:
        """Return the messages and the body; None if the body is too long, or the client disconnected."""
        received: list[_Received] = []
        chunks: list[bytes] = []
        size = 0
        while size <= self.max_body_bytes:
            message = await receive()
            received.append(message)
            if message["type"] != "http.request":
                return received, None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if not message.get("more_body", False):
                return received, b"".join(chunks)
        return received, None

    async def _answer_and_store(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        response, is_stored = _Response(), False

        async def store_and_send(message: Message) -> None:
            nonlocal is_stored
            response.add(message)
            if response.is_complete and response.status < 300:
                # Before it is sent: a client that repeats at once gets the answer.
                answer = response.answer(scope.get("path_template", ""))
                await asyncio.to_thread(self.store.finish, name, answer)
                is_stored = True
            await send(message)

        try:
            await self.app(scope, receive, store_and_send)
        finally:
            if not is_stored:  # a failed request may be retried with the same key
                await asyncio.to_thread(self.store.finish, name, None)


class _Response:
    """A response, gathered from its messages unless it becomes too long to store."""

    def __init__(self) -> None:
        self.status, self.is_complete = 0, False
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, message: Message) -> None:
        """Add the next message."""
        if message["type"] == "http.response.start":
            # Copied: middleware around this one adds headers.
            self.status, self._headers = message["status"], tuple(message["headers"])
        elif message["type"] == "http.response.body":
            self._chunks.append(message.get("body", b""))
            self._size += len(self._chunks[-1])
            if self._size > MAX_ANSWER_BYTES:  # a stream may be longer than memory
                self._chunks.clear()
            else:
                self.is_complete = not message.get("more_body", False)

    def answer(self, route: str) -> StoredAnswer:
        """Return the complete response."""
        return StoredAnswer(self.status, self._headers, b"".join(self._chunks), route)


async def _replay(answer: StoredAnswer, send: Send) -> None:
    headers = [*answer.headers, (b"idempotency-replayed", b"true")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _again(received: list[_Received], receive: Receive) -> Receive:
    """Return a `receive` that yields the received messages, then the rest."""
    waiting = iter(received)

    async def receive_again() -> _Received:
        return next(waiting, None) or await receive()

    return receive_again


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


def _digest(parts: Iterable[bytes]) -> str:
    return sha256_of("".join(map(sha256_of, parts)).encode())
