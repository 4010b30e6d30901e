"""Decisions for tests of the log, and a process that logs until it is killed."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from planrec.serving.decision_log import DecisionLog, LoggedAnswer, LoggedRun
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.log_tables import column_names
from planrec.serving.decision_log.logged_answer import row_of
from planrec.serving.decision_log.session import session
from planrec.serving.decision_log.store import Store

KEY = b"0123456789abcdef0123456789abcdef"
RUN = LoggedRun(
    run_id="2030-01-31/12-00-00-abc123",
    run_sha256="a" * 64,
    version="0.1.0",
    catalogue_id="ladder",
    catalogue_version="1",
    catalogue_sha256="b" * 64,
    policy="best_bill",
)
DECISION = LoggedAnswer(
    recommendation_id="one",
    request_id="of-one",
    subscriber="+34 600 000 000",
    request=b'{"months":[{"month":"2030-01","sms":3.0}],"attributes":{},"plan_held":null}',
    language="es",
    answer='{"sentence":"Quédese"}'.encode(),
    arm="stay",
    latency_ms=1.5,
    run=RUN,
)


def decision(recommendation_id: object, **changes: Any) -> LoggedAnswer:
    """Return a decision with this id and other changes."""
    return replace(DECISION, recommendation_id=str(recommendation_id), **changes)


def logged_ids(url: str) -> set[str]:
    """Return the ids in the log, read over a separate connection."""
    return {name for (name,) in rows_of(url, "SELECT recommendation_id FROM decisions")}


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, read over a separate connection that records nothing."""
    connection = Database(url).connect("existing")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def change(url: str, statement: str) -> None:
    """Change a log behind its back."""
    connection = Database(url).connect("existing")
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def copy_log(url: str, target: str) -> None:
    """Copy all rows of answers, events and the chain to a new log."""
    source = Database(url).connect("existing")
    with session(target, "write") as connection:
        connection.execute("DELETE FROM decision_chain")
        for table in ("decisions", "decision_events", "decision_chain"):
            found = source.execute(f"SELECT * FROM {table}")
            names = column_names(found)
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            for row in found:
                connection.execute(statement, row)
    source.close()


def log_rows(url: str, *decisions: LoggedAnswer, key: bytes = KEY) -> None:
    """Write these rows, one transaction each."""
    log = DecisionLog(url, key, queue_size=1_000)
    for each in decisions:
        log.write(each).result(20)
    log.close()


def url_of(file: Path) -> str:
    """Return the URL of a log in a file."""
    return f"sqlite:///{file}"


def log_forever(url: str, name: str) -> None:
    """Log as fast as possible; print after each thousand how many rows count as written."""
    log = DecisionLog(url, KEY, queue_size=5_000)
    number = 0
    while True:
        if log.record(decision(f"{name}-{number}")):
            number += 1
        else:
            time.sleep(0.001)
        if number % 1_000 == 0:
            print(log.counts.written, flush=True)


def log_some(url: str, name: str, n_rows: int) -> None:
    """Log this many rows; print how many count as written."""
    log = DecisionLog(url, KEY, queue_size=n_rows)
    for number in range(n_rows):
        assert log.record(decision(f"{name}-{number}"))
    log.close(60)
    print(log.counts.written, flush=True)


def grow(url: str) -> None:
    """Write batches of 1 to 120 rows; print by how many MiB the process grew."""
    store = Store(url)
    rows = [row_of(decision(number, answer=b"x" * 7_000), KEY) for number in range(120)]
    store.insert(rows[:1])
    before = _resident_mib()
    for n_rows in range(2, len(rows) + 1):
        store.insert([row._replace(recommendation_id=f"{n_rows}-{n}") for n, row in enumerate(rows[:n_rows])])
    print(_resident_mib() - before, flush=True)


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    url, name, *n_rows = sys.argv[1:]
    if name == "grow":
        grow(url)
    elif n_rows:
        log_some(url, name, int(n_rows[0]))
    else:
        log_forever(url, name)
