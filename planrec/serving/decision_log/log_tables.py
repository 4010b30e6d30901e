"""The tables of a log, and how logs of earlier versions get them."""

from collections.abc import Sequence
from typing import NamedTuple

from planrec.errors import LogError
from planrec.serving.decision_log.chain import GENESIS, LoggedEvent, chained, digest
from planrec.serving.decision_log.database import Connection, Cursor
from planrec.serving.decision_log.logged_answer import LoggedDecision

# TEXT, not JSON: PostgreSQL's JSON types normalise their values. ISO times sort as text in both databases.
_TYPES = {"propensity": "DOUBLE PRECISION NOT NULL", "latency_ms": "DOUBLE PRECISION NOT NULL"}
_NULLABLE = ("subscriber", "catalogue_id", "catalogue_version", "catalogue_sha256", "key_id")
DECISION_COLUMNS = ", ".join(LoggedDecision._fields)
EVENT_COLUMNS = ", ".join(LoggedEvent._fields)
CHAIN_COLUMNS = ("position", "chain")
OUTCOMES = "outcomes"
"The table of outcomes, if there is one: its rows belong to answers and are removed with them."


def _definition(column: str) -> str:
    type_ = _TYPES.get(column, "TEXT" if column in _NULLABLE else "TEXT NOT NULL")
    return f"{column} {type_}{' PRIMARY KEY' if column == 'recommendation_id' else ''}"


TABLES = (
    f"CREATE TABLE IF NOT EXISTS decisions ({', '.join(map(_definition, LoggedDecision._fields))},"
    " position BIGINT, chain TEXT)",
    "CREATE TABLE IF NOT EXISTS decision_events (position BIGINT PRIMARY KEY, chain TEXT NOT NULL,"
    f" {', '.join(f'{column} TEXT NOT NULL' for column in LoggedEvent._fields)})",
    "CREATE TABLE IF NOT EXISTS decision_chain"
    " (one INTEGER PRIMARY KEY CHECK (one = 1), position BIGINT NOT NULL, chain TEXT NOT NULL)",
)
LATER_COLUMNS = {"key_id": "TEXT", "position": "BIGINT", "chain": "TEXT"}
"Columns of `decisions` that logs of PlanRec 0.2 lack."
INDEXES = (
    # Time first: pseudonyms come in random order, so an index that begins with them touches another page
    # with every row. A search reads the entries of its days, and only the rows that it finds.
    "CREATE INDEX IF NOT EXISTS decisions_subscriber ON decisions (time, subscriber)",
    "CREATE INDEX IF NOT EXISTS decisions_position ON decisions (position)",
    "CREATE INDEX IF NOT EXISTS decisions_key ON decisions (key_id)",  # counts the rows without their key
    "DROP INDEX IF EXISTS decisions_time",  # of PlanRec 0.2
)


class Place(NamedTuple):
    """The place of an entry in the chain."""

    position: int
    chain: str


def prepare(connection: Connection) -> None:
    """Create the tables, or add what a log of an earlier version lacks; its rows stay without a chain.

    `decision_chain` is created with everything else in one transaction: if it is there, nothing is missing.

    Raises:
        LogError: the log has a chain whose end was removed.
    """
    if not connection.has_table("decision_chain"):
        connection.begin_alone()
        # Another process may have been faster. Changing tables that it writes to could end in a deadlock.
        if not connection.has_table("decision_chain"):
            _create(connection)
    connection.commit()


def _create(connection: Connection) -> None:
    _check_is_unchained(connection)
    for statement in TABLES:
        connection.execute(statement)
    there = column_names(connection.execute("SELECT * FROM decisions LIMIT 0"))
    for name, type_ in LATER_COLUMNS.items():
        if name not in there:
            connection.execute(f"ALTER TABLE decisions ADD COLUMN {name} {type_}")
    for statement in INDEXES:
        connection.execute(statement)
    connection.execute("INSERT INTO decision_chain (one, position, chain) VALUES (1, 0, ?)", (GENESIS,))
    unchained = count_unchained(connection)
    if unchained:
        append_event(connection, LoggedEvent.of("opened", {"unchained": unchained}))


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
    statement = "UPDATE decision_chain SET position = position + ? RETURNING position, chain"
    (last, chain), *_ = connection.execute(statement, (len(digests),)).fetchall()
    chains = list(chained(chain, digests))
    connection.execute("UPDATE decision_chain SET chain = ?", (chains[-1],))
    first = last - len(digests) + 1
    return [Place(first + number, value) for number, value in enumerate(chains)]


def lock_chain(connection: Connection) -> None:
    """Lock the end of the chain until the transaction ends: no other process writes or removes rows."""
    connection.execute("UPDATE decision_chain SET position = position")


def append_event(connection: Connection, event: LoggedEvent) -> None:
    """Write an event; it is on the disk after the next commit."""
    (place,) = take_places(connection, [digest(event)])
    marks = ", ".join("?" * (len(place) + len(event)))
    statement = f"INSERT INTO decision_events (position, chain, {EVENT_COLUMNS}) VALUES ({marks})"
    connection.execute(statement, (*place, *event))
