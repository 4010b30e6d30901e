"""The real server in a process of its own."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from planrec.serving.pin_run import pin_run
from tests.conftest import REPOSITORY

READY_WITHIN = 60
"Seconds; a start takes two or three on an idle machine."


@contextmanager
def serving(run: Path, folder: Path) -> Iterator[str]:
    """Serve a copy of this run from `folder` until the context ends; yield the address."""
    copy = folder / "2030-01-31" / run.name
    shutil.copytree(run, copy)
    pin_run(copy, folder)
    port = free_port()
    command = [sys.executable, "-m", "api", "--outputs", str(folder), "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, process, folder / "server.log")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll /ready; fail with the log of the server if it ended."""
    end = time.monotonic() + READY_WITHIN
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{address}/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not get ready:\n{log.read_text()}")


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
