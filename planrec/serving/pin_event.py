"""The event of a pin in the decision log."""

from planrec.serving.decision_log.chain import LoggedEvent
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.log_tables import append_event
from planrec.serving.decision_log.session import session
from planrec.serving.pin import Pinned

FIELDS = {"run", "run_json_sha256", "pinned_at", "reason"}


def record_pin(url: str, pinned: Pinned, *, is_rollback: bool) -> None:
    """Write a pin to a log, if there is a log; a pin that it has already is not written again.

    Raises:
        LogError: the log cannot be written.
    """
    if not Database(url).exists:
        return
    event = LoggedEvent.of("pin", pinned.model_dump(include=FIELDS) | {"is_rollback": is_rollback})
    with session(url, "write") as connection:
        statement = "SELECT 1 FROM decision_events WHERE event = ? AND content = ?"
        if connection.execute(statement, (event.event, event.content)).fetchone() is None:
            append_event(connection, event)
