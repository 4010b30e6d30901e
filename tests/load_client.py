"""Load over loopback: keep-alive connections that send one prepared request after the other."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter

import numpy as np


@dataclass(frozen=True)
class Load:
    """What a server did under load."""

    per_second: float
    seconds: np.ndarray
    "Shape (n,): from sending each request to the last byte of its answer."

    def percentile_ms(self, percent: float) -> float:
        """Latency that this share of the requests did not exceed."""
        return float(np.percentile(self.seconds, percent)) * 1e3


def requests_to(path: str, bodies: Sequence[bytes]) -> list[bytes]:
    """POSTs as they go over the wire."""
    head = "POST {} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    return [head.format(path, len(body)).encode() + body for body in bodies]


def saturate(port: int, requests: Sequence[bytes], n: int, connections: int = 8) -> Load:
    """Send `n` requests, each connection its next one as soon as it has its answer."""
    return asyncio.run(_load(port, requests, n, connections, rate=None))


def pace(port: int, requests: Sequence[bytes], n: int, rate: float) -> Load:
    """Send `n` requests, `rate` a second, whether or not earlier ones were answered."""
    return asyncio.run(_load(port, requests, n, connections=64, rate=rate))


async def _load(port: int, requests: Sequence[bytes], n: int, connections: int, rate: float | None) -> Load:
    loop = asyncio.get_running_loop()
    free: deque[_Connection] = deque()
    opened = [
        (await loop.create_connection(lambda: _Connection(free), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    seconds: list[float] = []
    waiting = cycle(requests)
    start, sent = perf_counter(), 0
    while len(seconds) < n:
        due = n if rate is None else min(n, int((perf_counter() - start) * rate) + 1)
        while free and sent < due:
            # In turn: a server closes connections that are idle for seconds.
            free.popleft().send(next(waiting), seconds)
            sent += 1
        # Woken by the selector; the timers of asyncio are a millisecond coarse.
        await asyncio.sleep(0)
    took = perf_counter() - start
    for connection in opened:
        connection.transport.close()
    return Load(n / took, np.array(seconds))


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, free: "deque[_Connection]") -> None:
        self.free = free
        self.answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.free.append(self)

    def send(self, request: bytes, seconds: list[float]) -> None:
        """Send one request; the time to its answer is added to `seconds`."""
        self.seconds, self.sent = seconds, perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return
        if not self.answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self.answer.decode())
        length = self.answer.index(b"content-length: ") + 16
        size = int(self.answer[length : self.answer.index(b"\r", length)])
        if len(self.answer) == end + 4 + size:
            self.seconds.append(perf_counter() - self.sent)
            self.answer = b""
            self.free.append(self)
