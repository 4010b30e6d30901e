"""The queue between the requests and the disk, and the thread that writes its rows."""

import logging
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import NamedTuple

from planrec.errors import LogError
from planrec.serving.decision_log.logged_answer import LoggedAnswer, LoggedDecision, row_of
from planrec.serving.decision_log.store import ROWS_AT_ONCE, Store

SECONDS_TO_GATHER = 0.02
"""Time in which rows gather before one sync of the disk, unless a request waits for one of them. It is short,
because on a single core requests wait while rows are written."""
LONGEST_PAUSE = 5.0
"Seconds between two attempts while the database is lost or the disk is full; the first pause is a fiftieth."

log = logging.getLogger("planrec.decision_log")


@dataclass(frozen=True)
class Counts:
    """Rows of one process since its log was opened, by outcome."""

    written: int
    "On the disk: counted after the commit, never before."
    dropped: int
    "Not taken, because the queue was full or the log was closed."
    failed: int
    "Taken and lost: refused by the database, too late for a waiting request, or left over at close."
    errors: int
    "Failed attempts: the disk is full, or the database is lost. Their rows are retried or count as failed."
    waiting: int
    "Taken and not written yet: the length of the queue."


class _Entry(NamedTuple):
    row: LoggedDecision
    written: "Future[None] | None"
    "Completed when the row is written or has failed; None if no request waits for it."


class DecisionLog:
    """A queue of answers and a background thread that writes them; one per process.

    `record` is for answers that must not wait for the log. `write` is for answers that must be on the disk
    before they are sent. Both may be called from any thread.
    """

    def __init__(self, url: str, key: bytes, queue_size: int) -> None:
        """Start the thread.

        Args:
            url: see `Database`.
            key: key of the pseudonyms.
            queue_size: maximum number of rows that wait for the disk.

        Raises:
            LogError: the URL is not one of a log. An unreachable database is no error: it is retried.
        """
        self._store, self._key, self._queue_size = Store(url), key, queue_size
        self._entries: deque[_Entry] = deque()
        self._written = self._dropped = self._failed = self._errors = self._waiting = 0
        self._changed = Condition()
        self._is_closing = self._is_urgent = self._is_broken = False
        self._thread = Thread(target=self._run, name="decision log", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """Return the numbers of rows so far."""
        with self._changed:
            return Counts(self._written, self._dropped, self._failed, self._errors, self._waiting)

    def record(self, decision: LoggedAnswer) -> bool:
        """Queue an answer without waiting; return False if the queue is full."""
        return self._take(_Entry(row_of(decision, self._key), None))

    def write(self, decision: LoggedAnswer) -> "Future[None]":
        """Queue an answer; the future is done when it is on the disk.

        The future raises LogError if the queue is full, or if the row could not be written. Such a row is not
        retried, since the caller refuses the answer.
        """
        written: Future[None] = Future()
        if not self._take(_Entry(row_of(decision, self._key), written)):
            written.set_exception(LogError("the queue of the decision log is full"))
        return written

    def close(self, seconds: float = 10.0) -> None:
        """Write the queued rows, for at most this time; rows that are left count as failed."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.error("decision log: not closed after %g s, %d rows may be lost", seconds, self._waiting)

    def _take(self, entry: _Entry) -> bool:
        is_urgent = entry.written is not None
        with self._changed:
            if self._is_closing or self._waiting >= self._queue_size:
                self._dropped += 1
                return False
            self._entries.append(entry)
            self._waiting += 1
            # Waking the writer for every row would take longer than queueing the row.
            if is_urgent or len(self._entries) in (1, ROWS_AT_ONCE):
                self._is_urgent |= is_urgent
                self._changed.notify()
        return True

    def _run(self) -> None:
        # Connect now: a wrong path or host is reported at the start, not at the first answer.
        self._write([])
        pause = 0.0
        while entries := self._gather(pause):
            again = self._write(entries)
            pause = min(max(2 * pause, LONGEST_PAUSE / 50), LONGEST_PAUSE) if again else 0.0
            if again:
                self._put_back(again)
        self._store.close()

    def _gather(self, pause: float) -> list[_Entry]:
        """Wait for enough entries or long enough, then return them; none if the log is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_urgent or self._is_closing, pause)
            self._changed.wait_for(lambda: self._entries or self._is_closing)
            self._changed.wait_for(
                lambda: self._is_urgent or self._is_closing or len(self._entries) >= ROWS_AT_ONCE,
                SECONDS_TO_GATHER,
            )
            entries = [self._entries.popleft() for _ in range(min(ROWS_AT_ONCE, len(self._entries)))]
            self._is_urgent = any(entry.written for entry in self._entries)
            return entries

    def _write(self, entries: list[_Entry]) -> list[_Entry]:
        """Write these rows; return those that are to be retried."""
        try:
            self._store.insert([entry.row for entry in entries])
        except self._store.database.bad_row as error:
            if len(entries) > 1:
                return [again for entry in entries for again in self._write([entry])]
            log.error("decision log: a row was refused: %s", self._describe(error))
            self._settle(entries, "the database refused the row")
        except Exception as error:  # of any driver: the thread must survive it
            self._report_outage(error)
            return entries
        else:
            self._settle(entries)
            if self._is_broken:
                self._is_broken = False
                log.warning("decision log: rows are written again")
        return []

    def _put_back(self, again: list[_Entry]) -> None:
        """Queue rows for the next attempt; rows of a waiting request or of a closed log fail."""
        with self._changed:
            waiting = [*again, *self._entries]
            failed = [entry for entry in waiting if entry.written or self._is_closing]
            self._entries = deque(entry for entry in waiting if not (entry.written or self._is_closing))
            self._is_urgent = False
        self._settle(failed, "cannot write the decision log")

    def _settle(self, entries: list[_Entry], failure: str | None = None) -> None:
        """Count these rows as written or failed, and complete their futures."""
        with self._changed:
            self._waiting -= len(entries)
            if failure is None:
                self._written += len(entries)
            else:
                self._failed += len(entries)
        for entry in entries:
            # A request that timed out has cancelled its future.
            if entry.written and entry.written.set_running_or_notify_cancel():
                if failure is None:
                    entry.written.set_result(None)
                else:
                    entry.written.set_exception(LogError(failure))

    def _report_outage(self, error: Exception) -> None:
        """Log an outage once: there is an attempt every few seconds."""
        with self._changed:
            self._errors += 1
        if not self._is_broken:
            self._is_broken = True
            log.error("decision log: cannot write, rows wait: %s", self._describe(error))

    def _describe(self, error: Exception) -> str:
        return self._store.database.without_password(f"{type(error).__name__}: {error}".strip())
