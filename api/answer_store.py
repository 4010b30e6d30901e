"""Answers kept for a while in an SQLite file that all workers share; bounded in time and size."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock
from time import time

KEPT_SECONDS = 24 * 3600
IN_PROGRESS_SECONDS = 60
"A worker that was killed while it answered holds its key no longer than this."
MAX_PAGES = 65_536
"Of 4 KiB each: 256 MiB; the oldest answers make room."
_TABLE = """CREATE TABLE IF NOT EXISTS answer (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, request TEXT NOT NULL, until REAL NOT NULL,
    status INTEGER, headers TEXT, body BLOB, route TEXT)"""


class State(Enum):
    """What is known of a key."""

    NEW = "new"
    ANSWERED = "answered"
    IN_PROGRESS = "in progress"
    OTHER_REQUEST = "other request"


@dataclass(frozen=True)
class Answer:
    """A whole answer, as it was sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    route: str
    "Template of the address."


class AnswerStore:
    """Safe for threads and processes; opened when the first key comes."""

    def __init__(self, file: Path | None, max_pages: int = MAX_PAGES) -> None:
        """Without a file, the answers are kept for this process alone."""
        self._file, self._max_pages = file, max_pages
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None

    def begin(self, name: str, request: str) -> tuple[State, Answer | None]:
        """Claim a key for a request, or say what is known of it."""
        with self._transaction() as database:
            database.execute("DELETE FROM answer WHERE until < ?", (time(),))
            row = database.execute(
                "SELECT request, status, headers, body, route FROM answer WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                claim = (name, request, time() + IN_PROGRESS_SECONDS)
                self._write(database, "INSERT INTO answer (name, request, until) VALUES (?, ?, ?)", claim)
                return State.NEW, None
        if row[0] != request:
            return State.OTHER_REQUEST, None
        if row[1] is None:
            return State.IN_PROGRESS, None
        headers = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in json.loads(row[2]))
        return State.ANSWERED, Answer(row[1], headers, row[3], row[4])

    def finish(self, name: str, answer: Answer | None) -> None:
        """Keep the answer of a claimed key, or free the key."""
        with self._transaction() as database:
            if answer is None:
                database.execute("DELETE FROM answer WHERE name = ?", (name,))
                return
            headers = json.dumps([(n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers])
            values = (time() + KEPT_SECONDS, answer.status, headers, answer.body, answer.route, name)
            self._write(
                database,
                "UPDATE answer SET until = ?, status = ?, headers = ?, body = ?, route = ? WHERE name = ?",
                values,
            )

    def close(self) -> None:
        """Give the file back."""
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
            # SQLite rolled the transaction back: begin anew with the older half gone.
            database.execute("BEGIN IMMEDIATE") if not database.in_transaction else None
            database.execute("DELETE FROM answer WHERE id <= (SELECT (min(id) + max(id)) / 2 FROM answer)")
            database.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            database = self._opened = self._opened or self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.rollback()
                raise
            database.commit()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._file or "", timeout=10, isolation_level=None, check_same_thread=False
        )
        database.execute("PRAGMA journal_mode = WAL")
        # Nothing has to outlive the machine: after a crash a request is answered anew.
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA max_page_count = {self._max_pages}")
        database.execute(_TABLE)
        return database
