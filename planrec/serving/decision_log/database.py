"""A connection to SQLite or PostgreSQL: the statements are the same, only the connections differ.

A row counts as written when its transaction is on the disk and not only in the disk's cache. SQLite syncs its
write-ahead log at every commit (`synchronous=FULL`; the usual NORMAL may lose the last commits when the power
fails). PostgreSQL does so with `synchronous_commit=on`.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol, cast
from urllib.parse import unquote, urlsplit

from planrec.errors import LogError

SECONDS_TO_CONNECT = 5
"After this time a PostgreSQL server counts as lost, and a locked SQLite file as busy."
ADVISORY_LOCK = 7526411783
"Key of the lock in PostgreSQL under which tables are changed and rows removed."
OWNER_ONLY = 0o600
STATEMENTS_TO_KEEP = 16
"Compiled statements of a connection to SQLite. Each keeps the values that it wrote last."
ROWS_OF_INSERT = 16
"Rows of one statement for SQLite: its copies of their values stay in the processor's cache."
SECRETS = ("password", "sslpassword", "oauth_client_secret")
"Parameters of a PostgreSQL URL that no message shows."

Row = tuple[Any, ...]
Mode = Literal["create", "existing"]
"`existing` fails if there is no SQLite file."


class Cursor(Protocol):
    """The result of a statement, of either driver."""

    rowcount: int
    description: Sequence[Sequence[object]]
    "One sequence per column; its name is the first item."

    def fetchone(self) -> Row | None:
        """Return the next row."""

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""

    def __iter__(self) -> Iterator[Row]:
        """Yield the remaining rows."""


class RawConnection(Protocol):
    """A connection of either driver."""

    in_transaction: bool
    "Of SQLite only."

    def execute(self, statement: str, values: Sequence[object] = ()) -> Cursor:
        """Run a statement."""

    def commit(self) -> None:
        """End the transaction and sync it to the disk."""

    def rollback(self) -> None:
        """Undo the transaction."""

    def close(self) -> None:
        """Close the connection, which undoes an open transaction."""


class Connection:
    """An open connection; statements have `?` for each value."""

    def __init__(self, raw: RawConnection, *, is_sqlite: bool) -> None:
        """Wrap a connection of a driver."""
        self._raw, self.is_sqlite = raw, is_sqlite
        self.commit, self.rollback, self.close = raw.commit, raw.rollback, raw.close

    def execute(self, statement: str, values: Sequence[object] = ()) -> Cursor:
        """Run a statement; the first one that writes begins a transaction."""
        return self._raw.execute(statement if self.is_sqlite else numbered(statement), values)

    def rows_of_inserts(self, n_rows: int) -> list[int]:
        """Split rows into statements: few different ones for SQLite, which keeps them compiled."""
        if not self.is_sqlite:
            return [n_rows]
        whole, rest = divmod(n_rows, ROWS_OF_INSERT)
        powers_of_two = [1 << bit for bit in reversed(range(rest.bit_length())) if rest >> bit & 1]
        return [ROWS_OF_INSERT] * whole + powers_of_two

    def lock_row(self, statement: str) -> Row | None:
        """Return the row of a query, and lock it until the transaction ends."""
        if not self.is_sqlite:
            return self.execute(f"{statement} FOR UPDATE").fetchone()
        if not self._raw.in_transaction:
            self.begin_alone()
        return self.execute(statement).fetchone()

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Yield the rows of a query in constant memory."""
        if self.is_sqlite:
            yield from self.execute(statement, values)
            return
        # A named cursor stays on the server; without a name all rows would come at once.
        with cast(Any, self._raw).cursor(name="planrec") as cursor:
            yield from cursor.execute(numbered(statement), values)

    def has_table(self, name: str) -> bool:
        """Return whether there is a table with this name."""
        of_sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"
        of_postgresql = (
            "SELECT tablename FROM pg_tables WHERE tablename = ? AND schemaname = current_schema()"
        )
        return bool(self.execute(of_sqlite if self.is_sqlite else of_postgresql, (name,)).fetchall())

    def begin_alone(self) -> None:
        """Begin a transaction in which no other process changes tables or removes rows."""
        if self.is_sqlite:
            self.execute("BEGIN IMMEDIATE")
        else:
            self.execute("SELECT pg_advisory_xact_lock(?)", (ADVISORY_LOCK,))

    def begin_snapshot(self) -> None:
        """Begin a transaction that sees nothing of what others write from now on."""
        self.execute("BEGIN" if self.is_sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def overwrite_deleted(self) -> None:
        """Let SQLite write zeros over rows that are deleted from now on; PostgreSQL's VACUUM frees them."""
        if self.is_sqlite:
            self.execute("PRAGMA secure_delete=ON").fetchall()

    def clear_write_ahead_log(self) -> None:
        """Copy SQLite's write-ahead log back, which may hold old versions of pages, and empty it."""
        if self.is_sqlite:
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@lru_cache(maxsize=64)
def numbered(statement: str) -> str:
    """Return a statement with PostgreSQL's own placeholders.

    >>> numbered("DELETE FROM decisions WHERE position > ? AND time < ?")
    'DELETE FROM decisions WHERE position > $1 AND time < $2'
    """
    number = count(1)
    return re.sub(r"\?", lambda _: f"${next(number)}", statement)


class Database:
    """The place of a log, and the driver for it; no message shows a password of its URL."""

    def __init__(self, url: str) -> None:
        """Check the URL.

        Args:
            url: `sqlite:///relative.sqlite`, `sqlite:////absolute.sqlite` or `postgresql://...`.

        Raises:
            LogError: the URL is not one of these, or psycopg is missing.
        """
        self._url = url
        self._file = _sqlite_file(url)
        self._driver: Any = sqlite3 if self._file is not None else _psycopg(url)

    @property
    def bad_row(self) -> tuple[type[Exception], ...]:
        """Exceptions if the database will never accept a row."""
        return (self._driver.DataError, self._driver.IntegrityError, UnicodeError)

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Exceptions if the database cannot be reached, read or written."""
        return (self._driver.Error, OSError, UnicodeError)

    @property
    def exists(self) -> bool:
        """Whether the file of a SQLite log exists; a PostgreSQL log needs no file."""
        return self._file is None or self._file.exists()

    def described(self, error: Exception) -> str:
        """Name the log and the reason of a failure."""
        return self.without_password(f"{self._url}: {str(error).strip()}")

    def connect(self, mode: Mode) -> Connection:
        """Open a connection; exceptions of the driver pass through."""
        if self._file is not None:
            return Connection(cast(RawConnection, _sqlite_connection(self._file, mode)), is_sqlite=True)
        raw = self._driver.connect(
            self._url,
            connect_timeout=SECONDS_TO_CONNECT,
            tcp_user_timeout=SECONDS_TO_CONNECT * 1_000,
            application_name="planrec",
            options="-c synchronous_commit=on",
            prepare_threshold=None,  # as for SQLite: there is one statement for each number of rows
            # Raw: psycopg would search a statement of many rows for `%s`, which takes longer than writing it.
            cursor_factory=self._driver.RawCursor,
        )
        raw.server_cursor_factory = self._driver.RawServerCursor
        return Connection(raw, is_sqlite=False)

    def without_password(self, text: str) -> str:
        """Return a text in which the passwords of the URL are replaced by `***`.

        >>> Database("sqlite:///decisions.sqlite").without_password("unable to open")
        'unable to open'
        """
        secrets = self._secrets() if self._file is None else set()
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = re.sub("".join(map(_plain_or_encoded, secret)), "***", text)
        return text

    def _secrets(self) -> set[str]:
        """Return the passwords before `@` and among the parameters, decoded."""
        parameters = self._driver.conninfo.conninfo_to_dict(self._url)
        before_host = unquote(urlsplit(self._url).password or "")
        return {before_host, *(str(parameters.get(name, "")) for name in SECRETS)}


def _plain_or_encoded(character: str) -> str:
    """Return a pattern for a character of a URL.

    >>> _plain_or_encoded("/")
    '(?:/|(?i:%2f))'
    """
    encoded = "".join(f"%{byte:02x}" for byte in character.encode())
    return f"(?:{re.escape(character)}|(?i:{encoded}))"


def _sqlite_connection(file: Path, mode: Mode) -> sqlite3.Connection:
    if mode == "create":
        file.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its write-ahead log the permissions of the database.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, OWNER_ONLY))
    with suppress(PermissionError, FileNotFoundError):
        # A log of an earlier version; another user's file keeps its permissions.
        file.chmod(OWNER_ONLY)
    # Created by the thread that opens the log, used by the thread that writes. A transaction locks the file
    # when it begins: it reads the end of the chain before it writes.
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=SECONDS_TO_CONNECT,
        check_same_thread=False,
        cached_statements=STATEMENTS_TO_KEEP,
        isolation_level="IMMEDIATE",
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
