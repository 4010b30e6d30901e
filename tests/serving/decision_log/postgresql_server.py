"""A real PostgreSQL server for tests, started on a socket and stopped by its pid."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "hunter2"


class Server:
    """A cluster in a folder. PostgreSQL refuses to run as root, so root starts it as nobody."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """Create the cluster."""
        self._programs, self._folder = programs, folder
        self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(folder, "nobody", "nogroup")
        self.url = f"postgresql://planrec:{PASSWORD}@/postgres?host={folder}"
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        self._call("initdb", "-A", "scram-sha-256", "-U", "planrec", f"--pwfile={folder}/password", "-N")

    def start(self) -> None:
        """Start the server and wait for it."""
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c synchronous_commit=off"
        )
        self._call("pg_ctl", "-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def kill(self) -> None:
        """Stop it at once, as a crash would, and wait for its end."""
        self._call("pg_ctl", "-w", "-m", "immediate", "stop")

    def database(self, name: str, template: str = "template1") -> str:
        """Create a database, and return its URL."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url.replace("/postgres?", f"/{name}?")

    def end(self) -> None:
        """Stop it at the end of the tests."""
        pid_file = self._folder / "data" / "postmaster.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)

    def _call(self, program: str, *options: str) -> None:
        command = [self._programs / program, "-D", self._folder / "data", *options]
        done = subprocess.run(
            command, **self._as, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()


def programs() -> Path | None:
    """Return the folder of the server's programs, or None; on Debian, they are not in PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    return found[-1] if found else None


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server, and stop it at the end; skip the test if PostgreSQL is not installed."""
    pytest.importorskip("psycopg", reason="psycopg is missing: install planrec[postgresql]")
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    # Not tmp_path: nobody may not enter its parents, and the path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="planrec-pg-", dir="/tmp"))
    server = Server(found, folder)
    try:
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)
