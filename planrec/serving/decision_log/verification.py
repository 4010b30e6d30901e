"""Following the chain from its first entry to its last: changed, missing and added rows are found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

from planrec.errors import LogError
from planrec.serving.decision_log.chain import GENESIS, LAST_POSITION, LoggedEvent, Removed, chained, digest
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.log_tables import DECISION_COLUMNS, EVENT_COLUMNS, Place, count_unchained
from planrec.serving.decision_log.search import count_unreadable
from planrec.serving.decision_log.session import session
from planrec.wording import counted


class Entry(NamedTuple):
    """A decision or an event, in its place."""

    position: int
    chain: str
    values: Sequence[str | float | None]
    "All columns but the place."
    is_event: bool

    @property
    def name(self) -> str:
        """The entry in messages."""
        of, kind = ("event", 1) if self.is_event else ("answer", 0)
        return f"{of} {self.values[kind]}"

    @property
    def is_readable(self) -> bool:
        """Whether the content of an event is one that PlanRec wrote."""
        if not self.is_event:
            return True
        return len(self.values) == len(LoggedEvent._fields) and logged_event(self).facts is not None


@dataclass(frozen=True)
class Verified:
    """Findings about a whole log."""

    decisions: int
    events: int
    removed: int
    "Rows that were pruned or deleted, and left a stub."
    unchained: int
    "Rows of PlanRec 0.2, which has no chain."
    unreadable: int
    "Rows whose pseudonym key is missing."
    end: Place
    "The last place of the chain. Note it elsewhere: a later log must contain it."
    problems: Sequence[str]


@dataclass
class ChainCheck:
    """Entries in the order of their positions, checked one by one."""

    gaps: Mapping[int, Removed]
    "The stubs by the position of their first entry."
    position: int = 0
    chain: str = GENESIS
    n_removed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Check the next entry; after a problem, the check goes on from this entry."""
        self.skip_stubs()
        if entry.position != self.position + 1:
            self._report_gap(entry)
        elif not entry.is_readable or next(chained(self.chain, [digest(entry.values)])) != entry.chain:
            self.problems.append(f"{entry.name} at position {entry.position} was changed")
        self.position, self.chain = entry.position, entry.chain

    def skip_stubs(self) -> None:
        """Move over the entries that were removed here and left a stub.

        A stub that ends before it begins was forged, and is ignored.
        """
        while (stub := self.gaps.get(self.position + 1)) and stub.last > self.position:
            self.n_removed += stub.last - stub.first + 1
            self.position, self.chain = stub.last, stub.chain

    def end(self, recorded: Place) -> None:
        """Check that the chain ends at the recorded place."""
        self.skip_stubs()
        if self.position < recorded.position:
            self.problems.append(
                f"positions {self.position + 1} to {recorded.position} are missing at the end"
            )
        elif (self.position, self.chain) != recorded:
            place = f"position {recorded.position} with {recorded.chain}"
            self.problems.append(f"the chain must end at {place}")

    def _report_gap(self, entry: Entry) -> None:
        if entry.position <= self.position:
            self.problems.append(f"{entry.name} has position {entry.position}, which another entry has")
        else:
            last = entry.position - 1
            self.problems.append(f"positions {self.position + 1} to {last} are missing without a stub")


def verify(url: str, key_ids: Mapping[str, bytes], noted: Place | None = None) -> Verified:
    """Follow the chain of a log, while servers may go on writing.

    Args:
        url: see `Database`.
        key_ids: the pseudonym keys that are there, by their names.
        noted: an earlier end of the chain, which the log must contain. It is the only protection against a
            log that was rewritten as a whole.

    Raises:
        LogError: the log cannot be read.
    """
    with session(url, "read") as connection:
        connection.begin_snapshot()
        events = list(events_in(connection))
        check, counts = ChainCheck(gaps_of(events)), [0, 0]
        for entry in merge(decisions_in(connection), events, key=lambda entry: entry.position):
            check.add(entry)
            counts[entry.is_event] += 1
        end = end_of(connection)
        check.end(end)
        outside = _outside(connection, end)
        rewritten = [] if noted is None else _rewritten(connection, noted, check.gaps)
        unchained = count_unchained(connection)
        unreadable = count_unreadable(connection, dict(key_ids))
    problems = [*rewritten, *check.problems, *outside, *_unchained_problems(events, unchained)]
    return Verified(counts[0], counts[1], check.n_removed, unchained, unreadable, end, problems)


def chain_at(connection: Connection, position: int, gaps: Mapping[int, Removed]) -> str | None:
    """Return the chain value at a position; None if no entry is there and no stub ends there.

    Every chain begins at position 0, also the one of a log without entries.
    """
    if position == 0:
        return GENESIS
    found = (
        row
        for table in ("decisions", "decision_events")
        for row in connection.execute(f"SELECT chain FROM {table} WHERE position = ?", (position,)).fetchall()
    )
    ends = {stub.last: stub.chain for stub in gaps.values()}
    return next((str(chain) for (chain,) in found), ends.get(position))


def _rewritten(connection: Connection, noted: Place, gaps: Mapping[int, Removed]) -> list[str]:
    """Return the problem of a log that does not contain a noted end."""
    found = chain_at(connection, noted.position, gaps)
    if found == noted.chain:
        return []
    if found is not None:
        return [
            f"position {noted.position} has the chain value {found}, not the noted one: the log was rewritten"
        ]
    if any(stub.first <= noted.position < stub.last for stub in gaps.values()):
        return [
            f"position {noted.position} was pruned or deleted, so the noted end cannot be verified:"
            " use an end that was noted later"
        ]
    return [
        f"the log has no position {noted.position}, which was noted: its end was removed or it was rewritten"
    ]


def end_of(connection: Connection) -> Place:
    """Return the recorded end of the chain. Raises LogError if it is missing."""
    places = connection.execute("SELECT position, chain FROM decision_chain").fetchall()
    if len(places) != 1:
        raise LogError(f"decision_chain must have one row, the end of the chain, got {len(places)}")
    return Place(*places[0])


def _outside(connection: Connection, end: Place) -> list[str]:
    """Name the rows whose position is not one of the chain's."""
    found = [
        (f"{of} {name}", position)
        for of, column, table in (
            ("answer", "recommendation_id", "decisions"),
            ("event", "event", "decision_events"),
        )
        for name, position in connection.execute(
            f"SELECT {column}, position FROM {table} WHERE position < 1 OR position > ?", (end.position,)
        ).fetchall()
    ]
    return [f"{name} has position {position}, outside 1 to {end.position}" for name, position in found]


def decisions_in(connection: Connection, first: int = 1, last: int = LAST_POSITION) -> Iterator[Entry]:
    """Yield the decisions at these positions, in constant memory."""
    statement = (
        f"SELECT position, chain, {DECISION_COLUMNS} FROM decisions WHERE position BETWEEN ? AND ?"
        " ORDER BY position"
    )
    for position, chain, *values in connection.stream(statement, (first, last)):
        yield Entry(position, str(chain), values, is_event=False)


def events_in(connection: Connection) -> Iterator[Entry]:
    """Yield all events in their order."""
    statement = (
        f"SELECT position, chain, {EVENT_COLUMNS} FROM decision_events WHERE position BETWEEN 1 AND ?"
        " ORDER BY position"
    )
    for position, chain, *values in connection.execute(statement, (LAST_POSITION,)):
        yield Entry(position, str(chain), values, is_event=True)


def gaps_of(events: Iterable[Entry]) -> dict[int, Removed]:
    """Return the stubs that events left, by the position of their first entry."""
    return {stub.first: stub for entry in events for stub in logged_event(entry).removed}


def logged_event(entry: Entry) -> LoggedEvent:
    """Return the event in an entry."""
    return LoggedEvent._make(entry.values)


def _unchained_problems(events: Iterable[Entry], unchained: int) -> Iterator[str]:
    expected = sum(logged_event(entry).unchained for entry in events)
    if unchained != expected:
        yield (
            f"{counted(unchained, 'row')} without a chain value, {expected:,} when the chain began:"
            " rows were added or deleted, or a server of PlanRec 0.2 still writes"
        )
