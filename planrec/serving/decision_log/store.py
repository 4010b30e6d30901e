"""The table `decisions` in SQLite or PostgreSQL: one statement each for both, only connecting differs.

A row is written when its transaction is on the disk, not in its cache: SQLite syncs its write-ahead log at
every commit (`synchronous=FULL`; the usual NORMAL may lose the last commits when the power fails), PostgreSQL
with `synchronous_commit=on`.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from planrec.errors import LogError
from planrec.serving.decision_log.logged_answer import LoggedDecision

SECONDS_TO_CONNECT = 5
"Until a PostgreSQL server that does not answer counts as lost, and a locked SQLite file as busy."

# TEXT, not JSON: PostgreSQL's JSON types change what they are given. ISO times sort as text in both.
_TYPES = {"propensity": "DOUBLE PRECISION NOT NULL", "latency_ms": "DOUBLE PRECISION NOT NULL"}
_NULLABLE = ("subscriber", "catalogue_id", "catalogue_version", "catalogue_sha256")
_COLUMNS = ", ".join(LoggedDecision._fields)


def _definition(column: str) -> str:
    type_ = _TYPES.get(column, "TEXT" if column in _NULLABLE else "TEXT NOT NULL")
    return f"{column} {type_}{' PRIMARY KEY' if column == 'recommendation_id' else ''}"


CREATE = (
    f"CREATE TABLE IF NOT EXISTS decisions ({', '.join(map(_definition, LoggedDecision._fields))})",
    "CREATE INDEX IF NOT EXISTS decisions_time ON decisions (time)",
)


class Store:
    """A log by its URL: `sqlite:///relative.sqlite`, `sqlite:////absolute.sqlite` or `postgresql://...`.

    One thread uses it. It connects when it is first used, and anew after every failure.

    Raises:
        LogError: the URL names no such log, or psycopg is missing. No message shows a password.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._file = _sqlite_file(url)
        self._driver: Any = sqlite3 if self._file is not None else _psycopg(url)
        self._connection: Any = None

    @property
    def bad_row(self) -> tuple[type[Exception], ...]:
        """What `insert` raises where a row itself is at fault: it would never be accepted."""
        return (self._driver.DataError, self._driver.IntegrityError, UnicodeError)

    def _connect(self) -> None:
        """Connect, and make the table where it is not there yet."""
        if self._connection is not None:
            return
        connection = self._connected()
        try:
            for statement in CREATE:
                connection.execute(statement)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def insert(self, rows: Sequence[LoggedDecision]) -> None:
        """Write these rows in one transaction; they are on the disk when it returns. None: only connect."""
        try:
            self._connect()
            if not rows:
                return
            # One statement for all rows: it lets go of the interpreter once, not once a row. A commit whose
            # answer was lost is repeated, so a row may be there already.
            values = ", ".join([f"({', '.join([self._mark] * len(LoggedDecision._fields))})"] * len(rows))
            statement = f"INSERT INTO decisions ({_COLUMNS}) VALUES {values} ON CONFLICT DO NOTHING"
            self._connection.execute(statement, list(chain.from_iterable(rows)))
            self._connection.commit()
        except BaseException:
            self.close()
            raise

    def find(self, recommendation_id: str) -> LoggedDecision | None:
        """The row of an answer. Raises what the driver raises."""
        with closing(self._connected(read_only=True)) as connection:
            statement = f"SELECT {_COLUMNS} FROM decisions WHERE recommendation_id = {self._mark}"
            found = connection.execute(statement, (recommendation_id,)).fetchone()
        return None if found is None else LoggedDecision(*found)

    def close(self) -> None:
        """Let go of the connection; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def without_password(self, text: str) -> str:
        """A text with the URL's password blacked out."""
        password = urlsplit(self._url).password if self._file is None else None
        for secret in {password, unquote(password)} if password else ():
            text = text.replace(secret, "***")
        return text

    @property
    def _mark(self) -> str:
        return "?" if self._file is not None else "%s"

    def _connected(self, read_only: bool = False) -> Any:
        if self._file is not None:
            return _sqlite_connection(self._file, read_only)
        return self._driver.connect(
            self._url,
            connect_timeout=SECONDS_TO_CONNECT,
            tcp_user_timeout=SECONDS_TO_CONNECT * 1_000,
            application_name="planrec",
            options="-c synchronous_commit=on",
            prepare_threshold=None,  # as for SQLite: a prepared statement for each number of rows
        )


def find_decision(url: str, recommendation_id: str) -> LoggedDecision:
    """The logged answer with this id.

    Raises:
        LogError: the log cannot be read, or holds no such answer.
    """
    store = Store(url)
    try:
        found = store.find(recommendation_id)
    except Exception as error:  # both drivers have a tree of their own
        why = store.without_password(str(error)).strip()
        raise LogError(f"the decision log {store.without_password(url)} cannot be read: {why}") from None
    if found is None:
        raise LogError(f"{store.without_password(url)} holds no answer {recommendation_id!r}")
    return found


def _sqlite_connection(file: Path, read_only: bool) -> sqlite3.Connection:
    if read_only:
        return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_CONNECT)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Made where the log is opened, used by the one thread that writes. A statement that is kept for its next
    # use keeps the rows that it wrote, and there is one for each number of rows: megabytes of them.
    connection = sqlite3.connect(
        file, timeout=SECONDS_TO_CONNECT, check_same_thread=False, cached_statements=0
    )
    # Write-ahead: readers do not hold up the writer, and a commit is one sync of one file.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    # Pages that are written ahead before they go to their place, all at once: on a single core requests wait.
    connection.execute("PRAGMA wal_autocheckpoint=100")
    return connection


def _sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for a PostgreSQL one."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return Path(unquote(rest[1:]))
    if scheme in ("postgresql", "postgres") and rest:
        return None
    raise LogError(
        "the URL of the decision log must be sqlite:///FILE (sqlite:////FILE for an absolute path)"
        f" or postgresql://USER:PASSWORD@HOST/DATABASE, got {scheme if '://' in url else 'no scheme'!r}"
    )


def _psycopg(url: str) -> ModuleType:
    try:
        import psycopg
    except ImportError as error:
        raise LogError(
            "a PostgreSQL decision log needs psycopg: pip install 'planrec[postgresql]'"
        ) from error
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # What libpq says repeats parts of the URL, and one of them is the password.
        raise LogError("the URL of the decision log is not one that PostgreSQL understands") from None
    return psycopg
