"""A connection that sends any bytes, and reads the responses one by one."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

SECONDS = 60


@dataclass(frozen=True)
class Response:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RawConnection:
    """An open connection."""

    socket: socket.socket
    received: BinaryIO

    def send(self, *pieces: bytes) -> None:
        """Send bytes, each piece in a packet of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.socket.sendall(piece)

    def response(self) -> Response | None:
        """Return the next response; None if the server closed the connection."""
        first = self.received.readline()
        if not first:
            return None
        lines = iter(self.received.readline, b"\r\n")
        headers = dict(line.decode().strip().lower().split(": ", 1) for line in lines)
        if headers.get("transfer-encoding") == "chunked":
            sizes = iter(self.received.readline, b"0\r\n")
            body = b"".join(self.received.read(int(size, 16) + 2)[:-2] for size in sizes)
            self.received.readline()
        else:
            body = self.received.read(int(headers.get("content-length", 0)))
        return Response(int(first.split()[1]), headers, body)


@contextmanager
def connected(port: int) -> Iterator[RawConnection]:
    """Yield a new connection."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as opened, opened.makefile("rb") as received:
        yield RawConnection(opened, received)


def post(body: bytes, *lines: str, path: str = "/predict", kind: str = "application/json") -> bytes:
    """Return a POST request; further header lines may replace its framing."""
    framing = (
        []
        if any(line.lower().startswith("transfer-enc") for line in lines)
        else [f"content-length: {len(body)}"]
    )
    head = [f"POST {path} HTTP/1.1", "host: a", f"content-type: {kind}", *framing, *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def chunked(body: bytes, *trailers: str) -> bytes:
    """Return a body in chunks of some bytes."""
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + b"0\r\n" + "".join(f"{line}\r\n" for line in trailers).encode() + b"\r\n"
