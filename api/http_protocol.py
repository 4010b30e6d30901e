"""uvicorn's HTTP protocol, and what it lacks: limits of headers and time, problems, a stop without loss."""

import json
from asyncio import TimerHandle, Transport
from typing import Any, Literal
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .middleware.request_id import request_id_of
from .problems import MALFORMED_REQUEST, MEDIA_TYPE, TYPES, content

MAX_HEAD_BYTES = 65_536
"Of the request line and the headers: they come before any key is asked for."
LINGER_SECONDS = 1.0
"After a signal to stop, an idle connection is kept as long: a request may be on its way already."
STOP_SECONDS = 20
"After it, a request that is on its way must arrive within as many: less than the server waits for answers."
_PIECE = 4_096
"Bytes that the parser gets at once; it bounds nothing itself."


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        "Since the last piece of a body, or the last end of headers or of a body."
        self._arriving: Literal["begin", "head", "body"] | None = "begin"
        "What is awaited: the beginning of a request, or the rest of it; None between requests."
        self._answering: RequestResponseCycle | None = None
        "What is answered now; `cycle` is the newest request, which may wait behind it in the `pipeline`."
        self._too_late: TimerHandle | None = None
        self._is_stopping = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """The first request is awaited."""
        super().connection_made(transport)
        self._set_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._arriving = None
        self._set_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser until it has had more than headers may be long."""
        for start in range(0, len(data), _PIECE):
            # Closed for what came before, by the parser or by us.
            if self.parser is None or self.transport.is_closing():
                break
            piece = data[start : start + _PIECE]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431, TYPES[431], f"the headers must have at most {MAX_HEAD_BYTES:,} bytes")
        if self._arriving is None and self._head_bytes and self.cycle.response_complete:
            # Blank lines, after which uvicorn no longer takes the connection for an idle one.
            self._arriving = "begin"
        self._set_clock()

    def on_message_begin(self) -> None:
        """The parser has the first byte of a request, from which its time counts."""
        self._stop_clock()
        self._arriving = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser has all headers."""
        self._head_bytes, self._arriving = 0, "body"
        super().on_headers_complete()
        if not self.pipeline:
            self._answering = self.cycle
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """The parser has a piece of the body."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser has the whole request."""
        self._head_bytes, self._arriving = 0, None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The next request in line is answered; what it lacks is read again."""
        if self.pipeline:
            self._answering = self.pipeline[-1][0]
        super().on_response_complete()
        self._set_clock()

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read is a problem like any other."""
        self._refuse(400, MALFORMED_REQUEST, "the request is not valid HTTP")

    def shutdown(self) -> None:
        """The answer under way, or the next one, says `Connection: close`."""
        self._is_stopping = True
        self._stop_clock()
        self._set_clock()
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def _set_clock(self) -> None:
        """It runs while something is awaited and read: nothing is read of a request that waits in line."""
        if self._arriving is None or self.pipeline or self.transport.is_closing():
            self._stop_clock()
        elif self._too_late is None:
            self._too_late = self.loop.call_later(self._seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _give_up(self) -> None:
        is_answered = self._arriving == "body" and self.cycle.response_complete
        if self._arriving == "begin" or is_answered:
            # Nobody waits for an answer.
            self.transport.close()
        else:
            self._refuse(408, TYPES[408], f"a request must arrive within {self._seconds} s")

    @property
    def _seconds(self) -> int:
        most: int = self.app.state.limits.seconds
        return min(most, STOP_SECONDS) if self._is_stopping else most

    def _refuse(self, status: int, kind: str, detail: str) -> None:
        if self.pipeline and self.cycle.more_body:
            # It waits in line, and its body is what cannot be read: those before it are answered.
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._answering  # type: ignore[assignment]
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self.cycle.more_body:
            # What cannot be read came behind a whole request, whose answer comes first, and is the last.
            self.cycle.keep_alive = False
            self.parser = None  # type: ignore[assignment]
            self._arriving = None
            return
        # In the middle of an answer there is no place for another one.
        if not (is_answering and self.cycle.response_started):
            # Without a cycle, what names the request may be what cannot be read.
            request_id = self._told_by_app(status) if is_answering else uuid4().hex
            body = json.dumps(content(status, detail, type=kind, request_id=request_id)).encode()
            lines = [f"content-type: {MEDIA_TYPE}", f"content-length: {len(body)}", "connection: close"]
            head = "\r\n".join([*lines, f"x-request-id: {request_id}", "", ""])
            self.transport.write(STATUS_LINE[status] + head.encode() + body)
            if not is_answering:
                told = {"request_id": request_id, "status": status, "run_id": None}
                self.app.asgi_handler.note({"method": "other"}, told, seconds=None)
        self.transport.close()

    def _told_by_app(self, status: int) -> str:
        """Have the app, which has begun with the request, tell of it and count it; the id of the request."""
        state = self.cycle.scope["state"]
        state["refused"] = status
        request_id: str = state.setdefault("request_id", request_id_of(self.cycle.scope["headers"]))
        return request_id
