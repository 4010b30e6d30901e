"""The waiting line between the requests and the disk, and the one thread that empties it."""

import logging
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import NamedTuple

from planrec.errors import LogError
from planrec.serving.decision_log.logged_answer import Decision, LoggedDecision, row_of
from planrec.serving.decision_log.store import Store

ROWS_AT_ONCE = 250
"Most rows of one transaction."
SECONDS_TO_GATHER = 0.01
"""How long a row that nobody waits for may wait for others, to share one sync of the disk. On a single core
requests wait while rows are written, so few at a time."""
LONGEST_PAUSE = 5.0
"Seconds between two attempts while the database is lost or the disk full; the first pause is a fiftieth."

log = logging.getLogger("planrec.decision_log")


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one process since its log was opened."""

    written: int
    "On the disk: counted after the commit, never before."
    dropped: int
    "Not taken, because the waiting line was full or the log closed."
    failed: int
    "Taken and lost: refused by the database, somebody waited in vain, or left over when the log was closed."
    errors: int
    "Attempts that failed: the disk is full, or the database lost. Their rows are tried again or failed."
    waiting: int
    "Taken and not yet written: the length of the queue."


class _Entry(NamedTuple):
    row: LoggedDecision
    written: "Future[None] | None"
    "Settled when the row is on the disk, or will not be; None where nobody waits."


class DecisionLog:
    """Takes answers without waiting and writes them in the background; one per process.

    `record` is for answers that must not wait for the log, `write` for those that must not leave before they
    are on the disk. Both may be called from any thread.
    """

    def __init__(self, url: str, key: bytes, queue_size: int) -> None:
        """`queue_size`: most rows that wait for the disk.

        Raises:
            LogError: the URL names no log. A database out of reach is no error: it is tried again.
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
        """What became of the rows so far."""
        with self._changed:
            return Counts(self._written, self._dropped, self._failed, self._errors, self._waiting)

    def record(self, decision: Decision) -> bool:
        """Take an answer if there is room; whether there was. Never waits."""
        return self._take(_Entry(row_of(decision, self._key), None))

    def write(self, decision: Decision) -> "Future[None]":
        """Take an answer; done when it is on the disk.

        The future raises LogError where there is no room, or where the row could not be written: it is not
        tried again then, since the answer is refused.
        """
        written: Future[None] = Future()
        if not self._take(_Entry(row_of(decision, self._key), written)):
            written.set_exception(LogError("the decision log takes no more rows: too many wait for the disk"))
        return written

    def close(self, seconds: float = 10.0) -> None:
        """Write what waits, but for no longer than this; rows left over are counted as failed."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.error("decision log: not done after %g s, %d rows may be lost", seconds, self._waiting)

    def _take(self, entry: _Entry) -> bool:
        is_urgent = entry.written is not None
        with self._changed:
            if self._is_closing or self._waiting >= self._queue_size:
                self._dropped += 1
                return False
            self._entries.append(entry)
            self._waiting += 1
            # Waking the writer for every row would cost the request more than the row does.
            if is_urgent or len(self._entries) in (1, ROWS_AT_ONCE):
                self._is_urgent |= is_urgent
                self._changed.notify()
        return True

    def _run(self) -> None:
        # A wrong path or host is told at the start, not at the first answer.
        self._write([])
        pause = 0.0
        while entries := self._gathered(pause):
            again = self._write(entries)
            pause = min(max(2 * pause, LONGEST_PAUSE / 50), LONGEST_PAUSE) if again else 0.0
            if again:
                self._put_back(again)
        self._store.close()

    def _gathered(self, pause: float) -> list[_Entry]:
        """The next entries, once they are enough or have waited long enough; none when the log is closed."""
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
        """Write these rows, or say why not; those to try again."""
        try:
            self._store.insert([entry.row for entry in entries])
        except self._store.bad_row as error:
            if len(entries) > 1:
                return [again for entry in entries for again in self._write([entry])]
            log.error("decision log: a row was refused: %s", self._text(error))
            self._settle(entries, "the database refused the row")
        except Exception as error:  # whatever a driver raises: the thread must outlive it
            self._tell_broken(error)
            return entries
        else:
            self._settle(entries, None)
            if self._is_broken:
                self._is_broken = False
                log.warning("decision log: written again")
        return []

    def _put_back(self, again: list[_Entry]) -> None:
        """Rows wait for the next attempt; those that somebody waits for, or of a closed log, have failed."""
        with self._changed:
            waiting = [*again, *self._entries]
            failed = [entry for entry in waiting if entry.written or self._is_closing]
            self._entries = deque(entry for entry in waiting if not (entry.written or self._is_closing))
            self._is_urgent = False
        self._settle(failed, "the decision log cannot be written")

    def _settle(self, entries: list[_Entry], why_not: str | None) -> None:
        """Count these rows as written or failed, and tell whoever waits for them."""
        with self._changed:
            self._waiting -= len(entries)
            if why_not is None:
                self._written += len(entries)
            else:
                self._failed += len(entries)
        for entry in entries:
            # Whoever gave up waiting has cancelled it.
            if entry.written and entry.written.set_running_or_notify_cancel():
                if why_not is None:
                    entry.written.set_result(None)
                else:
                    entry.written.set_exception(LogError(why_not))

    def _tell_broken(self, error: Exception) -> None:
        """Once per outage: an attempt every few seconds would fill the server's log as well."""
        with self._changed:
            self._errors += 1
        if not self._is_broken:
            self._is_broken = True
            log.error("decision log: cannot be written, rows wait: %s", self._text(error))

    def _text(self, error: Exception) -> str:
        return self._store.without_password(f"{type(error).__name__}: {error}".strip())
