"""uvicorn's HTTP protocol with limits of headers and time, problem responses and a stop without loss."""

from asyncio import TimerHandle, Transport
from typing import Any, Literal
from uuid import uuid4

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .http_framing import fault_of_head, head_without_upgrade
from .language.requested import language_of
from .middleware.request_id import request_id_of
from .middleware.request_logging import log_request
from .middleware.security_headers import SECURITY_HEADERS
from .problems import MALFORMED_REQUEST, MEDIA_TYPE, problem_of
from .state import ServerState, state_of

MAX_HEAD_BYTES = 65_536
"Maximum size of the request line and the headers: they are read before the API key is checked."
LINGER_SECONDS = 1.0
"After a signal to stop, idle connections stay open for this time: a request may be on its way."
STOP_SECONDS = 20
"After a signal to stop, a started request must arrive in this time, which is less than the grace period."
_PIECE = 4_096
"Bytes that the parser gets at once; it limits nothing itself."
_NOT_HTTP = "the request is not valid HTTP"


class _BrokenHeadError(Exception):
    """The headers of a request break a rule; raised inside the parser."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Start without a request."""
        super().__init__(*args, **options)
        self._head_bytes = 0
        "Bytes since the last piece of a body, or since the last end of headers or of a body."
        self._arriving: Literal["begin", "head", "body"] | None = "begin"
        "The part of a request that is awaited: its first byte or the rest; None between requests."
        self._answering: RequestResponseCycle | None = None
        "The cycle that is answered; `cycle` is the newest request, which may wait in the `pipeline`."
        self._timeout: TimerHandle | None = None
        self._is_stopping = False
        self._fault = _NOT_HTTP
        "The rule that the refused request breaks."

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._update_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._arriving = None
        self._update_timeout()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser until headers are too long."""
        for start in range(0, len(data), _PIECE):
            # An earlier piece may have closed the connection.
            if self.parser is None or self.transport.is_closing():
                break
            piece = data[start : start + _PIECE]
            self._head_bytes += len(piece)
            self._parse(piece)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self._refuse(431, f"the headers must have at most {MAX_HEAD_BYTES:,} bytes")
        if self._arriving is None and self._head_bytes and self.cycle.response_complete:
            # Blank lines: uvicorn no longer treats the connection as idle.
            self._arriving = "begin"
        self._update_timeout()

    def _parse(self, piece: bytes) -> None:
        """Feed the parser; a request that asks for another protocol is answered over HTTP/1.1."""
        self._unset_keepalive_if_required()
        while piece:
            try:
                self.parser.feed_data(piece)
                return
            except HttpParserUpgrade as upgrade:
                if self._is_tunnel:
                    self.parser = None  # type: ignore[assignment]
                    return
                # The parser has skipped the body: it gets the head again without the upgrade, then the rest.
                version = self.parser.get_http_version()
                head = head_without_upgrade(self.scope["method"], self.url, version, self.headers)
                piece = head + piece[upgrade.args[0] :]
                self.parser = _new_parser(self)
            except HttpParserError:
                self._refuse(400, self._fault, type_=MALFORMED_REQUEST)
                return

    def on_message_begin(self) -> None:
        """Start the time of a request at its first byte."""
        self._cancel_timeout()
        self._arriving = "head"
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers after the body are read and dropped (RFC 9110, 6.5.1)."""
        if self._arriving != "body":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Handle the end of the headers."""
        if fault := fault_of_head(self.parser.get_http_version(), self.headers):
            self._fault = fault
            raise _BrokenHeadError(fault)
        if self._asks_for_upgrade:
            self.scope["method"] = self.parser.get_method().decode("ascii")
            return
        self._head_bytes, self._arriving = 0, "body"
        super().on_headers_complete()
        if not self.pipeline:
            self._answering = self.cycle
        if self._is_stopping or self._is_tunnel:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Handle a piece of the body."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        if self._asks_for_upgrade:
            return
        self._head_bytes, self._arriving = 0, None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Continue with the next request in the pipeline, and resume reading it."""
        if self.pipeline:
            self._answering = self.pipeline[-1][0]
        super().on_response_complete()
        self._update_timeout()

    def shutdown(self) -> None:
        """Send `Connection: close` with the current response, or with the next one."""
        self._is_stopping = True
        self._cancel_timeout()
        self._update_timeout()
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def _update_timeout(self) -> None:
        """Run the timeout while data is awaited and read: a request in the pipeline is not read."""
        if self._arriving is None or self.pipeline or self.transport.is_closing():
            self._cancel_timeout()
        elif self._timeout is None:
            self._timeout = self.loop.call_later(self._seconds, self._time_out)

    def _cancel_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _time_out(self) -> None:
        is_answered = self._arriving == "body" and self.cycle.response_complete
        if self._arriving == "begin" or is_answered:
            # The client does not expect a response.
            self.transport.close()
        else:
            self._refuse(408, f"a request must arrive within {self._seconds} s")

    @property
    def _is_tunnel(self) -> bool:
        # Bytes after CONNECT are not HTTP: its answer is the last one.
        return bool(self.parser.get_method() == b"CONNECT")

    @property
    def _asks_for_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and not self._is_tunnel

    @property
    def _state(self) -> ServerState:
        return state_of(self.app)

    @property
    def _seconds(self) -> int:
        most = self._state.limits.seconds
        return min(most, STOP_SECONDS) if self._is_stopping else most

    def _refuse(self, status: int, detail: str, type_: str | None = None) -> None:
        if self.pipeline and self.cycle.more_body:
            # The request with the fault waits in the pipeline: those before it are answered.
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._answering  # type: ignore[assignment]
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self.cycle.more_body:
            # The fault follows a complete request. Its response comes first, and is the last one.
            self.cycle.keep_alive = False
            self.parser = None  # type: ignore[assignment]
            self._arriving = None
            return
        # A response that has started cannot be replaced.
        if not (is_answering and self.cycle.response_started):
            # Without a cycle, the header with the id may be the fault.
            request_id = self._refused_by_app(status) if is_answering else uuid4().hex
            language = language_of(self.cycle.scope["headers"]) if is_answering else "en"
            problem = problem_of(status, detail, type_=type_, request_id=request_id, language=language)
            body = msgspec.json.encode(problem)
            self.transport.write(STATUS_LINE[status] + _head_of_problem(request_id, len(body)) + body)
            if not is_answering:
                log_request(self._state.metrics, request_id, status)
        self.transport.close()

    def _refused_by_app(self, status: int) -> str:
        """Let the app, which has started the request, log and count it; return the id of the request."""
        state = self.cycle.scope["state"]
        state["refused"] = status
        request_id: str = state.setdefault("request_id", request_id_of(self.cycle.scope["headers"]))
        return request_id


def _head_of_problem(request_id: str, length: int) -> bytes:
    lines = [f"content-type: {MEDIA_TYPE}", f"content-length: {length}", "connection: close"]
    always = [f"{name.decode()}: {value.decode()}" for name, value in SECURITY_HEADERS]
    return "\r\n".join([*lines, *always, f"x-request-id: {request_id}", "", ""]).encode()


def _new_parser(protocol: Protocol) -> HttpRequestParser:
    parser = HttpRequestParser(protocol)
    # As uvicorn: a request after the last one of a connection gets no answer, and no error either.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
