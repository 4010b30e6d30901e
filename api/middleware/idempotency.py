"""`Idempotency-Key`: a repeated POST gets the stored answer, from any worker."""

import asyncio
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from ..answer_store import Answer, AnswerStore, State
from ..problems import KEY_REUSED, MALFORMED_REQUEST, TYPES, problem_of
from .api_keys import key_in
from .asgi_problem import send_problem

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
_RELEVANT = (b"accept", b"accept-language", b"content-type")


class Idempotency:
    """ASGI middleware; requests without the header pass unchanged."""

    def __init__(self, app: ASGIApp, store: AnswerStore, max_body_bytes: int) -> None:
        """Store the answers of an app; larger bodies are passed on for the app to refuse."""
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
        if body is None:  # too long: the app refuses it
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
        else:
            await self._answer_and_store(scope, _again(received, receive), send, name)

    async def _body(self, receive: Receive) -> tuple[list[Any], bytes | None]:
        """Return the messages and the body; None if the body is too long, or the client disconnected."""
        received: list[Any] = []
        size = 0
        while size <= self.max_body_bytes:
            message: Any = await receive()
            received.append(message)
            if message["type"] != "http.request":
                return received, None
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return received, b"".join(one.get("body", b"") for one in received)
        return received, None

    async def _answer_and_store(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        sent: list[Any] = []
        size, is_stored = 0, False

        async def store_and_send(message: Any) -> None:
            nonlocal size, is_stored
            size += len(message.get("body", b""))
            if size > MAX_ANSWER_BYTES:  # a stream may be longer than memory
                sent.clear()
                await send(message)
                return
            # Copied: Litestar may change the message after it was sent.
            sent.append({**message, "headers": list(message.get("headers", ()))})
            answer = _answer_of(sent, scope.get("path_template", ""))
            if answer is not None:
                # Before it is sent: a client that repeats at once gets the answer.
                await asyncio.to_thread(self.store.finish, name, answer)
                is_stored = True
            await send(message)

        try:
            await self.app(scope, receive, store_and_send)
        finally:
            if not is_stored:  # a failed request may be retried with the same key
                await asyncio.to_thread(self.store.finish, name, None)


def _answer_of(sent: list[Any], route: str) -> Answer | None:
    """Return the answer if it is complete and succeeded, else None."""
    if len(sent) == 1 or sent[-1].get("more_body") or sent[0]["status"] >= 300:
        return None
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], tuple(sent[0]["headers"]), body, route)


async def _replay(answer: Answer, send: Send) -> None:
    headers = [*answer.headers, (b"idempotency-replayed", b"true")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _again(received: list[Any], receive: Receive) -> Receive:
    """Return a `receive` that yields the received messages, then the rest."""
    waiting = iter(received)

    async def receive_again() -> Any:
        return next(waiting, None) or await receive()

    return receive_again


def _header(scope: Any, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


def _digest(parts: Iterable[bytes]) -> str:
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
