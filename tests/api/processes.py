"""Real servers in processes of their own, stopped by their pid."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any

SECONDS = 60
"After this time a test gives up."


class Server:
    """`planrec serve` on a free port; a thread reads its log."""

    def __init__(self, outputs: Path, *options: str, **environment: str) -> None:
        """Start the server."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PLANREC_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api", "--outputs", str(outputs), "--port", "0", *options],
            env=kept | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[str] = []
        self._port: Future[int] = Future()
        self._new: Queue[str | None] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._port.result(SECONDS)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            for line in self.process.stderr:
                self.log.append(line)
                self._new.put(line)
                if found := re.search(r"running on http://.*?:(\d+) ", line):
                    self._port.set_result(int(found[1]))
        self._new.put(None)

    def wait_for(self, text: str) -> str:
        """Return the next line of the log with this text."""
        deadline = monotonic() + SECONDS  # for all lines: requests are logged all the time
        while True:
            try:
                line = self._new.get(timeout=max(0.0, deadline - monotonic()))
            except Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line with {text!r} in the log:\n{''.join(self.log)}")
            if text in line:
                return line

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """Yield a connection that stays open."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            yield connection
        finally:
            connection.close()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request over a connection of its own; return status, headers and body."""
        with self.connection() as connection:
            return asked(connection, method, path, body, headers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server; return its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return code


def asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Send a request; return status, headers in lower case, and body."""
    content = None if body is None else json.dumps(body).encode()
    connection.request(method, path, content, {"content-type": "application/json"} | (headers or {}))
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@contextmanager
def serving(outputs: Path, *options: str, **environment: str) -> Iterator[Server]:
    """Yield a server, and stop it afterwards."""
    server = Server(outputs, *options, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                server.stop()
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
