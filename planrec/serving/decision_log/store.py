"""The table `decisions` in SQLite or PostgreSQL: the statements are the same, only the connections differ.

A row counts as written when its transaction is on the disk and not only in the disk's cache. SQLite syncs its
write-ahead log at every commit (`synchronous=FULL`; the usual NORMAL may lose the last commits when the power
fails). PostgreSQL does so with `synchronous_commit=on`.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from planrec.errors import LogError
from planrec.serving.decision_log.logged_answer import LoggedDecision

ROWS_AT_ONCE = 250
"Maximum number of rows of one transaction."
SECONDS_TO_CONNECT = 5
"After this time a PostgreSQL server counts as lost, and a locked SQLite file as busy."

# TEXT, not JSON: PostgreSQL's JSON types normalise their values. ISO times sort as text in both databases.
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
    """The table of a log, for use by one thread.

    It connects when it is first used, and again after every failure.
    """

    def __init__(self, url: str) -> None:
        """Check the URL; no message shows its password.

        Args:
            url: `sqlite:///relative.sqlite`, `sqlite:////absolute.sqlite` or `postgresql://...`.

        Raises:
            LogError: the URL is not one of these, or psycopg is missing.
        """
        self._url = url
        self._file = _sqlite_file(url)
        self._driver: Any = sqlite3 if self._file is not None else _psycopg(url)
        self._connection: Any = None

    @property
    def bad_row(self) -> tuple[type[Exception], ...]:
        """Exceptions that `insert` raises if the database will never accept a row."""
        return (self._driver.DataError, self._driver.IntegrityError, UnicodeError)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Exceptions of a database that cannot be reached, read or written."""
        return (self._driver.Error, OSError, UnicodeError)

    def described(self, error: Exception) -> str:
        """Name the log, and why it failed, without its password."""
        return self.without_password(f"{self._url}: {str(error).strip()}")

    def _connect(self) -> None:
        """Connect, and create the table if it does not exist."""
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
        """Write these rows in one transaction and sync them to the disk; without rows, only connect."""
        try:
            self._connect()
            if not rows:
                return
            # One statement for all rows releases the interpreter lock once and not once per row. A commit
            # whose confirmation was lost is repeated, so a row may exist already.
            row = ", ".join([self._placeholder] * len(LoggedDecision._fields))
            values = ", ".join([f"({row})"] * len(rows))
            statement = f"INSERT INTO decisions ({_COLUMNS}) VALUES {values} ON CONFLICT DO NOTHING"
            self._connection.execute(statement, list(chain.from_iterable(rows)))
            self._connection.commit()
        except BaseException:
            self.close()
            raise

    def find(self, recommendation_id: str) -> LoggedDecision | None:
        """Return the row of an answer, or None; exceptions of the driver pass through."""
        with closing(self._connected(read_only=True)) as connection:
            statement = f"SELECT {_COLUMNS} FROM decisions WHERE recommendation_id = {self._placeholder}"
            found = connection.execute(statement, (recommendation_id,)).fetchone()
        return None if found is None else LoggedDecision(*found)

    def close(self) -> None:
        """Close the connection and roll back uncommitted rows."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def without_password(self, text: str) -> str:
        """Return a text in which the URL's password is replaced by `***`.

        >>> Store("sqlite:///decisions.sqlite").without_password("unable to open")
        'unable to open'
        """
        password = urlsplit(self._url).password if self._file is None else None
        for secret in {password, unquote(password)} if password else ():
            text = text.replace(secret, "***")
        return text

    @property
    def _placeholder(self) -> str:
        return "?" if self._file is not None else "%s"

    def _connected(self, *, read_only: bool = False) -> Any:
        if self._file is not None:
            return _sqlite_connection(self._file, read_only=read_only)
        return self._driver.connect(
            self._url,
            connect_timeout=SECONDS_TO_CONNECT,
            tcp_user_timeout=SECONDS_TO_CONNECT * 1_000,
            application_name="planrec",
            options="-c synchronous_commit=on",
            prepare_threshold=None,  # as for SQLite: there is one statement for each number of rows
        )


def write_rows(url: str, rows: Iterable[LoggedDecision]) -> None:
    """Write rows of a scored file; those that the log has already are skipped.

    Raises:
        LogError: the log cannot be written; rows of earlier transactions are in it.
    """
    store, remaining = Store(url), iter(rows)
    try:
        while some := list(islice(remaining, ROWS_AT_ONCE)):
            store.insert(some)
    except store.failures as error:
        raise LogError(f"cannot write the decision log {store.described(error)}") from None
    finally:
        store.close()


def find_decision(url: str, recommendation_id: str) -> LoggedDecision:
    """Return the logged answer with this id.

    Raises:
        LogError: the log cannot be read, or does not contain the answer.
    """
    store = Store(url)
    try:
        found = store.find(recommendation_id)
    except store.failures as error:
        raise LogError(f"cannot read the decision log {store.described(error)}") from None
    if found is None:
        raise LogError(f"no answer {recommendation_id!r} in {store.without_password(url)}")
    return found


def _sqlite_connection(file: Path, *, read_only: bool) -> sqlite3.Connection:
    if read_only:
        return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_CONNECT)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Created by the thread that opens the log, used by the thread that writes. A cached statement keeps the
    # rows that it wrote, and there is one for each number of rows: together they would take megabytes.
    connection = sqlite3.connect(
        file, timeout=SECONDS_TO_CONNECT, check_same_thread=False, cached_statements=0
    )
    # Write-ahead log: readers do not block the writer, and a commit is one sync of one file.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    # Small checkpoints: on a single core, requests wait while pages are copied back to the database.
    connection.execute("PRAGMA wal_autocheckpoint=100")
    return connection


def _sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None for a PostgreSQL one."""
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
        # The message of libpq repeats parts of the URL, perhaps the password.
        raise LogError("PostgreSQL cannot parse the URL of the decision log") from None
    return psycopg
