"""Removing rows: a stub in the chain stays, with the number of the rows and the reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from planrec.serving.decision_log.chain import Content, EventKind, LoggedEvent, Removed
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.log_tables import OUTCOMES, append_event, lock_chain
from planrec.serving.decision_log.pseudonym import Keys
from planrec.serving.decision_log.search import count_unreadable
from planrec.serving.decision_log.session import session

ROWS_AT_ONCE = 1_000
"Rows of one transaction: servers write between two of them."

_Found = tuple[str, int | None, str | None]
"recommendation_id, position and chain value of a row."


class Deleted(NamedTuple):
    """The result of deleting the rows of a subscriber."""

    rows: int
    unreadable: int
    "Rows of any subscriber that cannot be searched, because the key of their pseudonym is missing."


def prune(url: str, older_than: timedelta) -> int:
    """Remove the rows that are older than this; return their number.

    Raises:
        LogError: the log cannot be changed; rows of earlier transactions are removed.
    """
    before = (datetime.now(UTC) - older_than).isoformat(timespec="microseconds")
    return _remove(url, "prune", "time < ?", [before], {"before": before})


def delete_subscriber(url: str, subscriber: str, keys: Keys) -> Deleted:
    """Remove all rows of a subscriber; a deletion that finds none is recorded too.

    The event does not have the pseudonym, from which the key would recover the subscriber.

    Raises:
        LogError: the log cannot be changed.
    """
    pseudonyms = keys.pseudonyms(subscriber)
    condition = f"subscriber IN ({', '.join('?' * len(pseudonyms))})"
    number = _remove(url, "delete", condition, pseudonyms, {})
    with session(url, "read") as connection:
        return Deleted(number, count_unreadable(connection, keys.ids))


def _remove(url: str, event: EventKind, condition: str, values: Sequence[str], about: Content) -> int:
    n_removed = 0
    with session(url, "change") as connection:
        connection.overwrite_deleted()
        while names := _next_names(connection, condition, values):
            found = _delete(connection, names, condition, values)
            if found:
                append_event(connection, LoggedEvent.of(event, {**about, **_stub(found)}))
            connection.commit()
            n_removed += len(found)
        if not n_removed:
            append_event(connection, LoggedEvent.of(event, {**about, **_stub([])}))
        connection.commit()
        connection.clear_write_ahead_log()
    return n_removed


def _next_names(connection: Connection, condition: str, values: Sequence[str]) -> list[str]:
    """Return the ids of the next rows to remove; nothing is locked while they are searched."""
    statement = (
        f"SELECT recommendation_id FROM decisions WHERE {condition} ORDER BY position LIMIT {ROWS_AT_ONCE}"
    )
    names = [name for (name,) in connection.execute(statement, values).fetchall()]
    connection.rollback()
    return names


def _delete(
    connection: Connection, names: Sequence[str], condition: str, values: Sequence[str]
) -> list[_Found]:
    """Begin a transaction, and delete the rows with these ids that still fulfil the condition."""
    connection.begin_alone()
    # The chain first, as writers do: in another order they would wait for each other.
    lock_chain(connection)
    marks = ", ".join("?" * len(names))
    statement = (
        f"DELETE FROM decisions WHERE recommendation_id IN ({marks}) AND {condition}"
        " RETURNING recommendation_id, position, chain"
    )
    rows = connection.execute(statement, [*names, *values]).fetchall()
    _delete_outcomes(connection, [name for name, _, _ in rows])
    return [(name, position, chain) for name, position, chain in rows]


def _delete_outcomes(connection: Connection, names: Sequence[str]) -> None:
    """Delete the outcomes of answers in the transaction that deletes the answers."""
    if names and connection.has_table(OUTCOMES):
        marks = ", ".join("?" * len(names))
        connection.execute(f"DELETE FROM {OUTCOMES} WHERE recommendation_id IN ({marks})", names)


def _stub(found: Sequence[_Found]) -> Content:
    """Return the facts that stay about removed rows."""
    in_chain = [(place, chain) for _, place, chain in found if place is not None and chain is not None]
    return {
        "rows": len(found),
        "unchained": len(found) - len(in_chain),
        "removed": runs_of(in_chain),
    }


def runs_of(places: Sequence[tuple[int, str]]) -> list[Removed]:
    """Join places that come one after the other.

    >>> runs_of([(3, "c"), (4, "d"), (7, "g")])
    [Removed(first=3, last=4, chain='d'), Removed(first=7, last=7, chain='g')]
    """
    runs: list[Removed] = []
    for position, chain in sorted(places):
        if runs and runs[-1].last == position - 1:
            runs[-1] = Removed(runs[-1].first, position, chain)
        else:
            runs.append(Removed(position, position, chain))
    return runs
