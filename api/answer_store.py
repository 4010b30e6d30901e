"""Stored answers in an SQLite file that all workers share, limited in time and size."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from time import time

from .failed_claims import FailedClaims
from .outage_log import OutageLog

STORED_SECONDS = 24 * 3600
IN_PROGRESS_SECONDS = 60
"After this time, the key of a worker that was killed while it answered is free again."
MAX_PAGES = 65_536
"Pages of 4 KiB, 256 MiB in total; the oldest answers are removed."
log = logging.getLogger("planrec.api.idempotency")
_TABLE = """CREATE TABLE IF NOT EXISTS answer (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, request TEXT NOT NULL, until REAL NOT NULL,
    status INTEGER, headers TEXT, body BLOB, route TEXT)"""


class State(Enum):
    """The state of a key."""

    NEW = "new"
    ANSWERED = "answered"
    IN_PROGRESS = "in progress"
    OTHER_REQUEST = "other request"
    NOT_KEPT = "not kept"


@dataclass(frozen=True)
class StoredAnswer:
    """A complete response, as it was sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    route: str
    "Template of the path."


class AnswerStore:
    """The stored answers; safe for threads and processes, opened at the first key."""

    def __init__(self, file: Path | None, max_pages: int = MAX_PAGES) -> None:
        """Store answers in a file; without one, only for this process."""
        self._file, self._max_pages = file, max_pages
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None
        self._failed = FailedClaims(file and file.with_name(f"{file.name}-failed"))
        self._outage = OutageLog(log, "requests are answered, but not kept for their Idempotency-Key")

    def begin(self, name: str, request: str) -> tuple[State, StoredAnswer | None]:
        """Claim a key for a request; if it is claimed already, return its state and its answer.

        The key is not kept if the file cannot be written, because its disk is full for example.
        """
        try:
            return self._begin(name, request)
        except sqlite3.Error as error:
            self._outage.report(error)
            return State.NOT_KEPT, None

    def finish(self, name: str, answer: StoredAnswer | None) -> None:
        """Store the answer of a claimed key, or free the key."""
        try:
            self._finish(name, answer)
        except sqlite3.Error as error:
            self._outage.report(error)
            self._failed.add(name, time())

    def _begin(self, name: str, request: str) -> tuple[State, StoredAnswer | None]:
        with self._transaction() as database:
            database.execute("DELETE FROM answer WHERE until < ?", (time(),))
            row = database.execute(
                "SELECT request, status, headers, body, route, until FROM answer WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                claim = (name, request, time() + IN_PROGRESS_SECONDS)
                self._write(database, "INSERT INTO answer (name, request, until) VALUES (?, ?, ?)", claim)
                return State.NEW, None
        if row[0] != request:
            return State.OTHER_REQUEST, None
        if row[1] is None:
            # A request that is over in any worker: its repetition must not wait until the claim ends.
            is_over = self._failed.last(name) > row[5] - IN_PROGRESS_SECONDS
            return State.NOT_KEPT if is_over else State.IN_PROGRESS, None
        headers = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in json.loads(row[2]))
        return State.ANSWERED, StoredAnswer(row[1], headers, row[3], row[4])

    def _finish(self, name: str, answer: StoredAnswer | None) -> None:
        with self._transaction() as database:
            if answer is None:
                database.execute("DELETE FROM answer WHERE name = ?", (name,))
                return
            headers = json.dumps([(n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers])
            values = (time() + STORED_SECONDS, answer.status, headers, answer.body, answer.route, name)
            self._write(
                database,
                "UPDATE answer SET until = ?, status = ?, headers = ?, body = ?, route = ? WHERE name = ?",
                values,
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _write(self, database: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> None:
        try:
            database.execute(statement, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            # SQLite rolled the transaction back: begin again, and remove the older half.
            if not database.in_transaction:
                database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM answer WHERE id <= (SELECT (min(id) + max(id)) / 2 FROM answer)")
            database.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            database = self._opened = self._opened or self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.commit()
            except BaseException:
                database.rollback()
                raise

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._file or "", timeout=10, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            # Nothing has to survive a crash of the machine: a request is answered again then.
            database.execute("PRAGMA synchronous = OFF")
            database.execute(f"PRAGMA max_page_count = {self._max_pages}")
            database.execute(_TABLE)
        except sqlite3.Error:
            database.close()
            raise
        return database
