"""Reading and changing a log: one transaction, which records who did it."""

from collections.abc import Iterator
from contextlib import contextmanager

from planrec.errors import LogError
from planrec.serving.decision_log.chain import Content, EventKind, LoggedEvent
from planrec.serving.decision_log.database import Connection, Database, Mode
from planrec.serving.decision_log.tables import append_event, prepare


@contextmanager
def session(url: str, purpose: str, mode: Mode = "existing") -> Iterator[Connection]:
    """Yield a connection to a log, and commit at the end if nothing is raised.

    Args:
        url: see `Database`.
        purpose: the action in messages, such as `read`.
        mode: whether a log that does not exist is created.

    Raises:
        LogError: the log cannot be opened, read or written.
    """
    database = Database(url)
    try:
        connection = database.connect(mode)
        try:
            prepare(connection)
            yield connection
            connection.commit()
        finally:
            connection.close()
    except database.failures as error:
        raise LogError(f"cannot {purpose} the decision log {database.described(error)}") from None


def record_event(url: str, event: EventKind, content: Content) -> None:
    """Write an event to a log, which is created if it does not exist.

    Raises:
        LogError: the log cannot be written.
    """
    with session(url, "write", "create") as connection:
        append_event(connection, LoggedEvent.of(event, content))
