"""uvicorn's HTTP protocol, and what it lacks: limits of headers and time, problems, a stop without loss."""

import json
from asyncio import TimerHandle, Transport
from typing import Any
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.problems import MALFORMED_REQUEST, MEDIA_TYPE, TYPES, content

MAX_HEAD_BYTES = 65_536
"Of the request line and the headers: they come before any key is asked for."
LINGER_SECONDS = 1.0
"After a signal to stop, an idle connection is kept as long: a request may be on its way already."
_PIECE = 4_096
"Bytes that the parser gets at once; it bounds nothing itself."


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        "Since the last piece of a body, or the last end of headers or of a body."
        self._is_stopping = False
        self._too_late: TimerHandle | None = None
        "Runs while a request is on its way, and before the first one."

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """The first request is awaited."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser until it has had more than headers may be long."""
        self._await_request()
        for start in range(0, len(data), _PIECE):
            # Closed for what came before, by the parser or by us.
            if self.parser is None or self.transport.is_closing():
                return
            piece = data[start : start + _PIECE]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431, TYPES[431], f"the headers must have at most {MAX_HEAD_BYTES:,} bytes")

    def on_headers_complete(self) -> None:
        """The parser has all headers."""
        self._head_bytes = 0
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """The parser has a piece of the body."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser has the whole request."""
        self._head_bytes = 0
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read is a problem like any other."""
        self._refuse(400, MALFORMED_REQUEST, "the request is not valid HTTP")

    def shutdown(self) -> None:
        """The answer under way, or the next one, says `Connection: close`."""
        self._is_stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def _await_request(self) -> None:
        if self._too_late is None:
            self._too_late = self.loop.call_later(self._seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _give_up(self) -> None:
        is_body = self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete
        if self._head_bytes or is_body:
            self._refuse(408, TYPES[408], f"a request must arrive within {self._seconds} s")
        else:
            # Of nobody who waits for an answer.
            self.transport.close()

    @property
    def _seconds(self) -> int:
        seconds: int = self.app.state.limits.seconds
        return seconds

    def _refuse(self, status: int, kind: str, detail: str) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self.cycle.more_body:
            # What cannot be read came behind a whole request, whose answer comes first, and is the last.
            self.cycle.keep_alive = False
            self.parser = None  # type: ignore[assignment]
            return
        # In the middle of an answer there is no place for another one.
        if not (is_answering and self.cycle.response_started):
            # What names the request may be what cannot be read.
            request_id = uuid4().hex
            body = json.dumps(content(status, detail, type=kind, request_id=request_id)).encode()
            lines = [f"content-type: {MEDIA_TYPE}", f"content-length: {len(body)}", "connection: close"]
            head = "\r\n".join([*lines, f"x-request-id: {request_id}", "", ""])
            self.transport.write(STATUS_LINE[status] + head.encode() + body)
            told = {"request_id": request_id, "status": status, "run_id": None}
            self.app.asgi_handler.note({"method": "other"}, told, seconds=None)
        self.transport.close()
