"""Finding rows in a log; every reading is an event of the log."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, NamedTuple

import msgspec

from planrec.errors import LogError
from planrec.serving.decision_log.chain import EventKind, LoggedEvent
from planrec.serving.decision_log.database import Connection, Database
from planrec.serving.decision_log.log_tables import DECISION_COLUMNS, OUTCOMES, append_event
from planrec.serving.decision_log.logged_answer import LoggedDecision
from planrec.serving.decision_log.pseudonym import Keys
from planrec.serving.decision_log.session import session

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True)
class Days:
    """Days in UTC, both included."""

    first: date = FIRST_DAY
    last: date = LAST_DAY

    @property
    def limits(self) -> tuple[str, str]:
        """Times as the log writes them: from the first on, before the second.

        >>> Days(date(2026, 3, 3), date.max).limits
        ('2026-03-03', '9999-01-01')
        """
        return self.first.isoformat(), (min(self.last, LAST_DAY) + timedelta(days=1)).isoformat()

    def __str__(self) -> str:
        """Show the days as the option `--on` takes them.

        >>> str(Days(date(2026, 3, 3), date(2026, 3, 3)))
        '2026-03-03'
        """
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


class AdviceCount(NamedTuple):
    """The number of answers with one action of one run."""

    run_id: str
    catalogue_version: str | None
    arm: str
    "Id of the plan advised, `stay` or `abstain`."
    answers: int
    subscribers: int
    "Different subscribers among them; rows without a subscriber count as none."


class FoundDecisions(NamedTuple):
    """The result of a search."""

    decisions: list[LoggedDecision]
    "The oldest first."
    unreadable: int
    "Rows that were not searched, because the key of their pseudonym is missing."


class LoggedOutcome(NamedTuple):
    """A row of the table of outcomes, as `planrec.monitoring.outcomes` writes it."""

    recommendation_id: str
    event: str
    month: str
    content: str
    "JSON."
    form: int
    received: str


class _Rotation(msgspec.Struct, frozen=True):
    """The content of an event `rotate_key`."""

    keys: Annotated[list[str], msgspec.Meta(min_length=1)]
    "Names of the keys, the new one first; the first rotation of a log has one other."


def find_decision(url: str, recommendation_id: str) -> LoggedDecision:
    """Return the logged answer with this id.

    Raises:
        LogError: the log cannot be read, or does not contain the answer.
    """
    found = decision_with_id(url, recommendation_id)
    if found is None:
        raise LogError(f"no answer {recommendation_id!r} in {Database(url).without_password(url)}")
    return found


def decision_with_id(url: str, recommendation_id: str) -> LoggedDecision | None:
    """Return the logged answer with this id, or None. Raises LogError if the log cannot be read."""
    with session(url, "read") as connection:
        statement = f"SELECT {DECISION_COLUMNS} FROM decisions WHERE recommendation_id = ?"
        found = connection.execute(statement, (recommendation_id,)).fetchone()
        event = LoggedEvent.of("replay", {"recommendation_id": recommendation_id, "found": bool(found)})
        append_event(connection, event)
    return None if found is None else LoggedDecision(*found)


def newest_decisions(url: str, run_sha256: str, most: int) -> list[LoggedDecision]:
    """Return the newest answers of a run, the newest first.

    Args:
        url: see `Database`.
        run_sha256: hash of its run.json.
        most: number of answers.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        statement = (
            f"SELECT {DECISION_COLUMNS} FROM decisions WHERE run_sha256 = ? ORDER BY time DESC LIMIT {most:d}"
        )
        found = connection.execute(statement, (run_sha256,)).fetchall()
        content = {"run_sha256": run_sha256, "newest": most, "found": len(found)}
        append_event(connection, LoggedEvent.of("replay", content))
    return [LoggedDecision(*row) for row in found]


def decisions_of(
    url: str, subscriber: str, keys: Keys, days: Days | None = None, event: EventKind = "replay"
) -> list[LoggedDecision]:
    """Return the answers to a subscriber, the oldest first.

    Raises:
        LogError: the log cannot be read, or has no such answer; with the number of rows whose key is missing.
    """
    days = days or Days()
    found = search_decisions(url, subscriber, keys, days, event)
    if not found.decisions:
        place = Database(url).without_password(url)
        missing = f"; the key of {found.unreadable:,} row(s) is missing: {keys.file}.*"
        raise LogError(
            f"no answer to {subscriber!r} on {days} in {place}{missing if found.unreadable else ''}"
        )
    return found.decisions


def search_decisions(
    url: str, subscriber: str, keys: Keys, days: Days, event: EventKind = "replay", most: int | None = None
) -> FoundDecisions:
    """Search the answers to a subscriber.

    Args:
        url: see `Database`.
        subscriber: name in the requests.
        keys: the pseudonym keys.
        days: days of the answers.
        event: the kind of reading that the log records.
        most: return only so many answers, the newest.

    Raises:
        LogError: the log cannot be read.
    """
    pseudonyms = keys.pseudonyms(subscriber)
    with session(url, "read") as connection:
        marks = ", ".join("?" * len(pseudonyms))
        statement = (
            f"SELECT {DECISION_COLUMNS} FROM decisions WHERE subscriber IN ({marks})"
            " AND time >= ? AND time < ? ORDER BY time DESC" + ("" if most is None else f" LIMIT {most:d}")
        )
        found = connection.execute(statement, (*pseudonyms, *days.limits)).fetchall()[::-1]
        unreadable = count_unreadable(connection, keys.ids)
        # The ids of the rows and not the pseudonym: when the rows are deleted, the event names no subscriber.
        names = [row[0] for row in found]
        content = {"recommendation_ids": names, "days": str(days), "found": len(found)}
        append_event(connection, LoggedEvent.of(event, content))
    return FoundDecisions([LoggedDecision(*row) for row in found], unreadable)


def outcomes_of(url: str, subscriber: str, keys: Keys) -> list[LoggedOutcome]:
    """Return the outcomes of all answers to a subscriber, the earliest received first.

    Raises:
        LogError: the log cannot be read.
    """
    pseudonyms = keys.pseudonyms(subscriber)
    statement = (
        f"SELECT {', '.join(LoggedOutcome._fields)} FROM {OUTCOMES} WHERE recommendation_id IN"
        f" (SELECT recommendation_id FROM decisions WHERE subscriber IN ({', '.join('?' * len(pseudonyms))}))"
        " ORDER BY received, month, recommendation_id, event"
    )
    with session(url, "read") as connection:
        found = connection.execute(statement, pseudonyms).fetchall() if connection.has_table(OUTCOMES) else []
    return [LoggedOutcome(*row) for row in found]


def count_advised(url: str, days: Days) -> list[AdviceCount]:
    """Count the answers of these days by run, catalogue version and action.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        counts = advised(connection, days)
        append_event(connection, LoggedEvent.of("count", {"days": str(days)}))
    return counts


def advised(connection: Connection, days: Days) -> list[AdviceCount]:
    """Count the answers of these days by run, catalogue version and action."""
    groups = "run_id, catalogue_version, arm"
    statement = (
        f"SELECT {groups}, COUNT(*), COUNT(DISTINCT subscriber) FROM decisions WHERE time >= ? AND time < ?"
        f" GROUP BY {groups} ORDER BY {groups}"
    )
    return [AdviceCount(*row) for row in connection.execute(statement, days.limits).fetchall()]


class AdviceInPeriod(NamedTuple):
    """The number of answers with one decision in one hour or day."""

    period: str
    "Beginning of the times of its answers, such as `2026-03-03T14` or `2026-03-03`."
    decision: str
    answers: int


def advice_over_time(url: str, since: str, n_letters: int, most: int) -> tuple[list[AdviceInPeriod], int]:
    """Count the newest answers by time and decision; the log records no event, because no row is shown.

    Args:
        url: see `Database`.
        since: time from which on answers count, as the log writes times.
        n_letters: letters of a time that name its period: 13 for hours, 10 for days.
        most: answers that are counted, the newest: rows are large, and more would take too long.

    Returns:
        The counts, the earliest first, and the number of all answers since then.

    Raises:
        LogError: the log cannot be read.
    """
    statement = (
        f"SELECT substr(time, 1, {n_letters:d}), CASE arm WHEN 'stay' THEN 'stay' WHEN 'abstain' THEN"
        " 'abstain' ELSE 'recommend' END, COUNT(*) FROM (SELECT time, arm FROM decisions WHERE time >= ?"
        f" ORDER BY time DESC LIMIT {most:d}) AS newest GROUP BY 1, 2 ORDER BY 1, 2"
    )
    with session(url, "read") as connection:
        (total,) = connection.execute("SELECT COUNT(*) FROM decisions WHERE time >= ?", (since,)).fetchall()
        counts = connection.execute(statement, (since,)).fetchall()
    return [AdviceInPeriod(*row) for row in counts], int(total[0])


def count_unreadable(connection: Connection, key_ids: Sequence[str] | dict[str, bytes]) -> int:
    """Count the rows whose subscriber cannot be searched, because the key of the pseudonym is missing."""
    statement = "SELECT key_id, COUNT(*) FROM decisions WHERE key_id IS NOT NULL GROUP BY key_id"
    counts = connection.execute(statement).fetchall()
    first = _first_key(connection)
    has_first = bool(key_ids) if first is None else first in key_ids
    n_unnamed = 0 if has_first else _count_unnamed(connection)
    return n_unnamed + sum(number for name, number in counts if name not in key_ids)


def _count_unnamed(connection: Connection) -> int:
    """Count the rows of PlanRec 0.2 with a subscriber: they do not name their key."""
    statement = "SELECT COUNT(*) FROM decisions WHERE position IS NULL AND subscriber IS NOT NULL"
    (row,) = connection.execute(statement).fetchall()
    return int(row[0])


def _first_key(connection: Connection) -> str | None:
    """Return the name of the oldest key of the log, which PlanRec 0.2 used; None if nothing names it.

    The first rotation names it, since it comes after the rows of 0.2. Without one, the first row does.
    """
    rotation = "SELECT content FROM decision_events WHERE event = 'rotate_key' ORDER BY position LIMIT 1"
    for (content,) in connection.execute(rotation).fetchall():
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(content, type=_Rotation).keys[-1]
    row = "SELECT key_id FROM decisions WHERE position > 0 AND key_id IS NOT NULL ORDER BY position LIMIT 1"
    return next((name for (name,) in connection.execute(row).fetchall()), None)
