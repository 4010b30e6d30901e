"""Reading and changing a log: one transaction, which records who did it."""

from collections.abc import Iterator
from contextlib import contextmanager

from planrec.errors import LogError
from planrec.serving.decision_log.chain import Content, EventKind, LoggedEvent
from planrec.serving.decision_log.database import Connection, Database
from planrec.serving.decision_log.log_tables import append_event, prepare


@contextmanager
def session(url: str, purpose: str) -> Iterator[Connection]:
    """Yield a connection to a log that exists, and commit at the end if nothing is raised.

    Args:
        url: see `Database`.
        purpose: the action in messages, such as `read`.

    Raises:
        LogError: the log cannot be opened, read or written.
    """
    database = Database(url)
    try:
        connection = database.connect("existing")
        try:
            prepare(connection)
            yield connection
            connection.commit()
        finally:
            connection.close()
    except database.failures as error:
        raise LogError(f"cannot {purpose} the decision log {database.described(error)}") from None


def record_event(url: str, event: EventKind, content: Content) -> bool:
    """Write an event to a log; return False if there is no log yet.

    A log is created by its first answer only: the file belongs to the user who creates it, and this must be
    the user of the server.

    Raises:
        LogError: the log cannot be written.
    """
    if not Database(url).exists:
        return False
    with session(url, "write") as connection:
        append_event(connection, LoggedEvent.of(event, content))
    return True
