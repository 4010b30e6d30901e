"""The tables of a log, and how logs of earlier versions get them."""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from planrec.errors import LogError
from planrec.serving.decision_log.chain import GENESIS, LoggedEvent, chained, digest
from planrec.serving.decision_log.database import Connection, Cursor
from planrec.serving.decision_log.logged_answer import LoggedDecision

# TEXT, not JSON: PostgreSQL's JSON types normalise their values. ISO times sort as text in both databases.
_TYPES = {"propensity": "DOUBLE PRECISION NOT NULL", "latency_ms": "DOUBLE PRECISION NOT NULL"}
_NULLABLE = ("subscriber", "catalogue_id", "catalogue_version", "catalogue_sha256", "key_id", "trace_id")
_OF_SQLITE = {"recommendation_id": "TEXT NOT NULL UNIQUE", "position": "INTEGER PRIMARY KEY"}
"A row is stored under its position, which needs no index of its own."
_OF_POSTGRESQL = {"recommendation_id": "TEXT PRIMARY KEY", "position": "BIGINT"}
DECISION_COLUMNS = ", ".join(LoggedDecision._fields)
EVENT_COLUMNS = ", ".join(LoggedEvent._fields)
CHAIN_COLUMNS = ("position", "chain")
OUTCOMES = "outcomes"
"The table of outcomes, if there is one: its rows belong to answers and are removed with them."


def _decisions(*, is_sqlite: bool) -> str:
    """Return the statement that creates the table of answers."""
    types = dict.fromkeys(LoggedDecision._fields, "TEXT NOT NULL") | dict.fromkeys(_NULLABLE, "TEXT")
    types |= _TYPES | (_OF_SQLITE if is_sqlite else _OF_POSTGRESQL) | {"chain": "TEXT"}
    return f"CREATE TABLE IF NOT EXISTS decisions ({', '.join(f'{name} {types[name]}' for name in types)})"


TABLES = (
    "CREATE TABLE IF NOT EXISTS decision_events (position BIGINT PRIMARY KEY, chain TEXT NOT NULL,"
    f" {', '.join(f'{column} TEXT NOT NULL' for column in LoggedEvent._fields)})",
    "CREATE TABLE IF NOT EXISTS decision_chain"
    " (one INTEGER PRIMARY KEY CHECK (one = 1), position BIGINT NOT NULL, chain TEXT NOT NULL)",
)
LATER_COLUMNS = {"key_id": "TEXT", "trace_id": "TEXT", "position": "BIGINT", "chain": "TEXT"}
"Columns of `decisions` that logs of PlanRec 0.2 lack, or a log that an earlier build of this version began."
POSITION_INDEX = "CREATE INDEX IF NOT EXISTS decisions_position ON decisions (position)"
INDEXES = (
    # Time first: pseudonyms come in random order, so an index that begins with them touches another page
    # with every row. A search reads the entries of its days, and only the rows that it finds. The name of the
    # key is in it too: the rows whose key is missing are counted without reading any.
    "CREATE INDEX IF NOT EXISTS decisions_subscriber ON decisions (time, subscriber, key_id)",
    "DROP INDEX IF EXISTS decisions_time",  # of PlanRec 0.2
)


class Place(NamedTuple):
    """The place of an entry in the chain."""

    position: int
    chain: str

    def __str__(self) -> str:
        """Show the place as the option `--contains` takes it.

        >>> str(Place(7, "a1b2"))
        '7:a1b2'
        """
        return f"{self.position}:{self.chain}"


def prepare(connection: Connection) -> None:
    """Create the tables, or add what a log of an earlier version lacks; its rows stay without a chain.

    `decision_chain` is created with everything else in one transaction: if it is there, only columns of later
    builds can be missing.

    Raises:
        LogError: the log has a chain whose end was removed.
    """
    if not connection.has_table("decision_chain"):
        connection.begin_alone()
        # Another process may have been faster. Changing tables that it writes to could end in a deadlock.
        if not connection.has_table("decision_chain"):
            _create(connection)
    elif _missing_columns(connection):
        # The table must not stay locked by this reading while another process changes it.
        connection.commit()
        connection.begin_alone()
        _add_columns(connection)
    connection.commit()


def _create(connection: Connection) -> None:
    _check_is_unchained(connection)
    is_new = not connection.has_table("decisions")
    for statement in (_decisions(is_sqlite=connection.is_sqlite), *TABLES):
        connection.execute(statement)
    _add_columns(connection)
    has_position_as_key = is_new and connection.is_sqlite
    for statement in INDEXES if has_position_as_key else (*INDEXES, POSITION_INDEX):
        connection.execute(statement)
    connection.execute("INSERT INTO decision_chain (one, position, chain) VALUES (1, 0, ?)", (GENESIS,))
    unchained = count_unchained(connection)
    if unchained:
        append_event(connection, LoggedEvent.of("opened", {"unchained": unchained}))


def _missing_columns(connection: Connection) -> list[str]:
    there = column_names(connection.execute("SELECT * FROM decisions LIMIT 0"))
    return [name for name in LATER_COLUMNS if name not in there]


def _add_columns(connection: Connection) -> None:
    for name in _missing_columns(connection):
        connection.execute(f"ALTER TABLE decisions ADD COLUMN {name} {LATER_COLUMNS[name]}")


def _check_is_unchained(connection: Connection) -> None:
    """Raise LogError if rows have a chain already: a new one would hide that they were changed."""
    has_chain = connection.has_table("decisions") and "chain" in column_names(
        connection.execute("SELECT * FROM decisions LIMIT 0")
    )
    if has_chain or connection.has_table("decision_events"):
        raise LogError(
            "the decision log has a hash chain, but its table decision_chain is missing: it was removed;"
            " restore the log from a backup"
        )


def column_names(cursor: Cursor) -> list[str]:
    """Return the names of the columns of a result."""
    return [str(column[0]) for column in cursor.description]


def count_unchained(connection: Connection) -> int:
    """Count the rows without a place in the chain, which earlier versions of PlanRec wrote."""
    found = connection.execute("SELECT COUNT(*) FROM decisions WHERE position IS NULL").fetchone()
    return int(found[0]) if found else 0


def take_places(connection: Connection, digests: Sequence[bytes]) -> list[Place]:
    """Append entries to the chain: return their places.

    The row of `decision_chain` stays locked until the transaction ends, so that writers follow each other.
    """
    before = _locked_end(connection)
    chains = list(chained(before.chain, digests))
    places = list(map(Place, count(before.position + 1), chains))
    connection.execute("UPDATE decision_chain SET position = ?, chain = ?", places[-1])
    return places


def _locked_end(connection: Connection) -> Place:
    """Return the end of the chain, and lock it until the transaction ends. Raises LogError."""
    end = connection.lock_row("SELECT position, chain FROM decision_chain")
    if end is None:
        raise LogError("decision_chain must have one row, the end of the chain, got 0")
    return Place(*end)


def lock_chain(connection: Connection) -> None:
    """Lock the end of the chain until the transaction ends: no other process writes or removes rows."""
    connection.execute("UPDATE decision_chain SET position = position")


def append_event(connection: Connection, event: LoggedEvent) -> None:
    """Write an event; it is on the disk after the next commit."""
    (place,) = take_places(connection, [digest(event)])
    marks = ", ".join("?" * (len(place) + len(event)))
    statement = f"INSERT INTO decision_events (position, chain, {EVENT_COLUMNS}) VALUES ({marks})"
    connection.execute(statement, (*place, *event))
