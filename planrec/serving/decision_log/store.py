"""Writing rows: one transaction for many rows, each in its place of the chain."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice

from planrec.errors import LogError
from planrec.serving.decision_log.chain import digest
from planrec.serving.decision_log.database import Connection, Database
from planrec.serving.decision_log.log_tables import DECISION_COLUMNS, Place, prepare, take_places
from planrec.serving.decision_log.logged_answer import LoggedDecision

ROWS_AT_ONCE = 250
"Maximum number of rows of one transaction."
_ROW = f"({', '.join('?' * (len(LoggedDecision._fields) + 2))})"


class Store:
    """The rows of a log, for use by one thread.

    It connects when it is first used, and again after every failure.
    """

    def __init__(self, url: str) -> None:
        """Check the URL, see `Database`. Raises LogError."""
        self.database = Database(url)
        self._connection: Connection | None = None

    def insert(self, rows: Sequence[LoggedDecision]) -> None:
        """Write these rows in one transaction and sync them to the disk; without rows, only connect."""
        try:
            connection = self._connected()
            if rows:
                _append(connection, rows)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection and roll back uncommitted rows."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Connection:
        """Connect if there is no connection, and create the tables if they do not exist."""
        if self._connection is None:
            connection = self.database.connect("create")
            try:
                prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _append(connection: Connection, rows: Sequence[LoggedDecision]) -> None:
    # Hashed before the chain is locked: other writers wait for the lock.
    places = take_places(connection, [digest(row) for row in rows])
    n_written = sum(
        connection.execute(statement, values).rowcount
        for statement, values in _inserts(rows, places, connection.rows_of_inserts(len(rows)))
    )
    if n_written == len(rows):
        connection.commit()
        return
    # A commit whose confirmation was lost is repeated, and a file may be scored again: skip known rows.
    connection.rollback()
    new = _unknown(connection, rows)
    if new:
        _append(connection, new)


def _inserts(
    rows: Sequence[LoggedDecision], places: Sequence[Place], sizes: Sequence[int]
) -> Iterator[tuple[str, list[object]]]:
    """Yield statements that write so many rows each, and their values."""
    start = 0
    for size in sizes:
        some = zip(rows[start : start + size], places[start : start + size], strict=True)
        yield _insert(size), list(chain.from_iterable(chain.from_iterable(some)))
        start += size


@lru_cache(maxsize=ROWS_AT_ONCE)
def _insert(n_rows: int) -> str:
    """Return the statement that writes so many rows.

    One statement for many rows releases the interpreter lock once and not once per row.
    """
    columns, marks = f"{DECISION_COLUMNS}, position, chain", ", ".join([_ROW] * n_rows)
    return f"INSERT INTO decisions ({columns}) VALUES {marks} ON CONFLICT (recommendation_id) DO NOTHING"


def _unknown(connection: Connection, rows: Sequence[LoggedDecision]) -> list[LoggedDecision]:
    """Return the rows whose id is not in the log, each id once."""
    by_id = {row.recommendation_id: row for row in rows}
    marks = ", ".join("?" * len(by_id))
    statement = f"SELECT recommendation_id FROM decisions WHERE recommendation_id IN ({marks})"
    known = {name for (name,) in connection.execute(statement, list(by_id)).fetchall()}
    connection.rollback()
    return [row for name, row in by_id.items() if name not in known]


def write_rows(url: str, rows: Iterable[LoggedDecision]) -> None:
    """Write rows of a scored file; those that the log has already are skipped.

    Raises:
        LogError: the log cannot be written; rows of earlier transactions are in it.
    """
    store, remaining = Store(url), iter(rows)
    try:
        while some := list(islice(remaining, ROWS_AT_ONCE)):
            store.insert(some)
    except store.database.failures as error:
        raise LogError(f"cannot write the decision log {store.database.described(error)}") from None
    finally:
        store.close()
