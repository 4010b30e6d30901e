"""The table `outcomes` in the database of the decision log: rows are added and never updated."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Literal, NamedTuple

from planrec.errors import LogError
from planrec.monitoring.outcomes.outcome import Content, Event, decoded
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.log_tables import OUTCOMES

FORM = 1
"Version of the rows; a later PlanRec that changes their meaning writes a higher one."
ROWS_AT_ONCE = 250
"Maximum number of rows of one transaction: servers write between two of them."
_DEFINITION = (
    f"CREATE TABLE IF NOT EXISTS {OUTCOMES} (recommendation_id TEXT NOT NULL, event TEXT NOT NULL,"
    " month TEXT NOT NULL, content TEXT NOT NULL, form INTEGER NOT NULL, received TEXT NOT NULL,"
    " PRIMARY KEY (recommendation_id, event, month))"
)

Key = tuple[str, Event, str]
"recommendation_id, event and month: an outcome is stored once."


class Row(NamedTuple):
    """An outcome that belongs to a recommendation."""

    recommendation_id: str
    event: Event
    month: str
    content: str
    "JSON of `Content`."

    @property
    def key(self) -> Key:
        """The unique key."""
        return self[:3]


class StoredOutcome(NamedTuple):
    """A row of the table."""

    recommendation_id: str
    event: Event
    month: str
    content: Content
    received: str
    "UTC, ISO 8601 with microseconds."


State = Literal["new", "repeated", "conflict"]
"Of a row to add: stored now, stored before, or not stored because its key has another content."


def append(connection: Connection, rows: Sequence[Row]) -> list[State]:
    """Add the rows that are new, some per transaction, and return the state of each row."""
    _create(connection)
    states: list[State] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        inserted = _insert(connection, some)
        stored = _contents_of(connection, some)
        connection.commit()
        states += _states(some, inserted, stored)
    return states


def _states(rows: Sequence[Row], inserted: set[Key], stored: Mapping[Key, str]) -> Iterator[State]:
    """Yield the state of each row, given the keys that are stored now for the first time."""
    left = set(inserted)
    for row in rows:
        if stored[row.key] != row.content:
            yield "conflict"
        else:
            yield "new" if row.key in left else "repeated"
        left.discard(row.key)


def stored_outcomes(connection: Connection) -> Iterator[StoredOutcome]:
    """Yield all outcomes, the earliest received first.

    Raises:
        LogError: a row was written by a later version of PlanRec, or was changed.
    """
    if not connection.has_table(OUTCOMES):
        return
    statement = (
        f"SELECT recommendation_id, event, month, content, received, form FROM {OUTCOMES}"
        " ORDER BY received, recommendation_id, event, month"
    )
    for name, event, month, content, received, form in connection.stream(statement):
        if form > FORM:
            raise LogError(
                f"the outcome {name}, {event} {month} was written by a later version of PlanRec: form must be"
                f" at most {FORM}, got {form}; update PlanRec"
            )
        yield StoredOutcome(name, event, month, decoded(content), received)


def stored_rows(connection: Connection, names: Collection[str]) -> Iterator[Row]:
    """Yield the rows of these recommendations, the earliest received first."""
    if not names or not connection.has_table(OUTCOMES):
        return
    statement = f"SELECT recommendation_id, event, month, content FROM {OUTCOMES}"
    order = "ORDER BY received, recommendation_id, event, month"
    if len(names) <= ROWS_AT_ONCE:
        of_names = f"{statement} WHERE recommendation_id IN ({', '.join('?' * len(names))}) {order}"
        yield from (Row(*row) for row in connection.execute(of_names, list(names)).fetchall())
        return
    yield from (row for row in map(Row._make, connection.stream(f"{statement} {order}")) if row[0] in names)


def _create(connection: Connection) -> None:
    if connection.has_table(OUTCOMES):
        return
    connection.begin_alone()
    connection.execute(_DEFINITION)
    connection.commit()


def _insert(connection: Connection, rows: Sequence[Row]) -> set[Key]:
    """Add the rows whose key is new, and return their keys: another process may add the same rows now."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
    statement = (
        f"INSERT INTO {OUTCOMES} (recommendation_id, event, month, content, form, received) VALUES {marks}"
        " ON CONFLICT DO NOTHING RETURNING recommendation_id, event, month"
    )
    added = connection.execute(statement, [*chain.from_iterable((*row, FORM, now) for row in rows)])
    return {(name, event, month) for name, event, month in added.fetchall()}


def _contents_of(connection: Connection, rows: Sequence[Row]) -> dict[Key, str]:
    """Return the stored contents of the recommendations of these rows."""
    return {row.key: row.content for row in stored_rows(connection, {row.recommendation_id for row in rows})}
