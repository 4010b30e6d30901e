"""The timeline: what was planted, what was noticed, and what was done, in the order of the days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from planrec.operating.rehearsal.month_files import name_of
from planrec.operating.rehearsal.setting import HISTORY, RehearsalSetting

Kind = Literal["planted", "noticed", "other alarm", "promoted", "rolled back", "done"]


@dataclass(frozen=True)
class TimelineEvent:
    """One line of the timeline."""

    month: int
    "Counted from January 2018."
    day: int
    kind: Kind
    text: str
    fault: str | None = None
    "The fault that was planted or noticed."

    @property
    def date(self) -> str:
        """The day as text, such as 2019-02-01."""
        return f"{name_of(self.month)}-{self.day:02d}"

    def __str__(self) -> str:
        """Return the line.

        Examples:
            >>> str(TimelineEvent(12, 1, "done", "trained a challenger"))
            '2019-01-01  done         trained a challenger'
        """
        return f"{self.date}  {self.kind:<11}  {self.text}"


@dataclass(frozen=True)
class Noticed:
    """A planted fault, and the day on which operations noticed it."""

    fault: str
    planted: str
    noticed: str | None
    "None if it was missed."
    by: str | None


class Timeline:
    """Collects the events of one rehearsal."""

    def __init__(self, setting: RehearsalSetting) -> None:
        """Begin without events."""
        self.setting = setting
        self.events: list[TimelineEvent] = []

    def planted(self, month: int, day: int, fault: str, text: str) -> None:
        """Add a fault in its moment."""
        self.events.append(TimelineEvent(month, day, "planted", text, fault))

    def noticed(self, month: int, day: int, fault: str, text: str) -> None:
        """Add a signal about a kind of fault; it is another alarm if no such fault was planted before."""
        begins = self.setting.month_of(fault)
        is_true = begins is not None and begins <= month
        self.events.append(TimelineEvent(month, day, "noticed" if is_true else "other alarm", text, fault))

    def done(self, month: int, day: int, text: str, kind: Kind = "done") -> None:
        """Add an act of operations."""
        self.events.append(TimelineEvent(month, day, kind, text))

    def in_order(self) -> list[TimelineEvent]:
        """Return the events by day; those of a day in the order in which they happened."""
        return sorted(self.events, key=lambda event: event.date)

    def of(self, kind: Kind) -> list[TimelineEvent]:
        """Return the events of a kind."""
        return [event for event in self.events if event.kind == kind]

    def verdicts(self) -> list[Noticed]:
        """Return every planted fault with the first signal after it."""
        return [self._verdict(fault.name, HISTORY + fault.month - 1) for fault in self.setting.faults]

    def _verdict(self, fault: str, month: int) -> Noticed:
        planted = next(event for event in self.of("planted") if event.fault == fault)
        signals = [event for event in self.of("noticed") if event.fault == fault]
        if not signals:
            return Noticed(fault, planted.date, None, None)
        first = min(signals, key=lambda event: event.date)
        return Noticed(fault, planted.date, first.date, first.text)


def missed(verdicts: Sequence[Noticed]) -> list[str]:
    """List the faults that operations did not notice.

    Examples:
        >>> missed([Noticed("launch", "2019-05-01", None, None)])
        ['launch']
    """
    return [verdict.fault for verdict in verdicts if verdict.noticed is None]
