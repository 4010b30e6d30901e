"""Rows that break a rule: reported all at once, or dropped and listed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from planrec.commands.advice import typed
from planrec.data.option_types import OnBadRows
from planrec.data.reading.raw_table import Places
from planrec.data.reading.rules import NOT_BLANK, NOT_NEGATIVE
from planrec.errors import DataError
from planrec.schema.columns import Columns

NEGATIVE_HINT = "an amount below 0 is a correction: net it with the month that it corrects"

ALSO = 3
"Places shown beside the first."


@dataclass(frozen=True)
class BadRows:
    """The rows that break one rule; a row that breaks two rules is in both."""

    rule: str
    "The condition that must hold."
    value: str | None
    "The cell of the first row, if showing it helps."
    where: Sequence[str]
    "Their places, in order: all of them, or the first few if none will be dropped."
    count: int

    def __str__(self) -> str:
        """Name the rule, the value found and the first places.

        Examples:
            >>> str(BadRows("column 'sms' must be >= 0", "-4", ["line 7", "line 9"], count=2))
            "column 'sms' must be >= 0, got '-4' at line 7 (2 such rows, also line 9)"
        """
        found = "" if self.value is None else f", got {self.value!r}"
        others = ", ".join(self.where[1 : 1 + ALSO])
        such = f" ({self.count:,} such rows, also {others})" if others else ""
        return f"{self.rule}{found} at {self.where[0]}{such}"


@dataclass
class _Broken:
    value: str | None
    positions: list[int] = field(default_factory=list)
    count: int = 0


class BrokenRules:
    """Rules that rows break, gathered column by column and part by part.

    Memory grows with the rules, and with the bad rows only if `keeps_all` is true.
    """

    def __init__(self, *, keeps_all: bool = False) -> None:
        """Begin without broken rules; `keeps_all` keeps the positions of all bad rows, to drop them."""
        self._broken: dict[str, _Broken] = {}
        self._kept = None if keeps_all else ALSO + 1

    def __bool__(self) -> bool:
        """Return whether any rule is broken."""
        return bool(self._broken)

    def add(self, rule: str, positions: np.ndarray, value: object = None) -> None:
        """Note that the rows at these positions of the file, (k,) int64 from 0, break a rule."""
        if len(positions):
            broken = self._broken.setdefault(rule, _Broken(None if value is None else str(value)))
            kept = [*broken.positions, *positions[: self._kept].tolist()]
            broken.positions = sorted(kept)[: self._kept]
            broken.count += len(positions)

    @property
    def positions(self) -> np.ndarray:
        """Positions of the bad rows, sorted, each once, int64: of all of them if `keeps_all` is true."""
        return np.unique([at for broken in self._broken.values() for at in broken.positions]).astype(np.int64)

    def absorb(self, other: "BrokenRules") -> None:
        """Add the rules of other rows of the same file, which kept all positions."""
        for rule, broken in other._broken.items():
            self.add(rule, np.array(broken.positions), broken.value)

    def take_over(self, other: "BrokenRules", place: str) -> None:
        """Add the rules that others found, with the place in front of each."""
        self._broken |= {f"{place}{rule}": broken for rule, broken in other._broken.items()}

    def bad_rows(self, places: Places) -> list[BadRows]:
        """List the bad rows of every rule, with the names of their places."""
        named = places({position for broken in self._broken.values() for position in broken.positions})
        return [
            BadRows(rule, broken.value, [named[at] for at in broken.positions], broken.count)
            for rule, broken in self._broken.items()
        ]


def hints(bad: Sequence[BadRows]) -> list[str]:
    """Say what to do about cells whose cause is known, one line each.

    Examples:
        >>> hints([BadRows("column 'sms' must be >= 0", "-4", ["line 7"], count=1)])
        ['an amount below 0 is a correction: net it with the month that it corrects']
    """
    blanks = {group.value for group in bad if NOT_BLANK in group.rule and group.value}
    negative = any(group.rule.endswith(NOT_NEGATIVE) for group in bad)
    return [
        *([NEGATIVE_HINT] if negative else []),
        *(
            f"{cell!r} is read as blank: if it is a value, list the cells that are blank in this file without"
            f" it, for example {typed({'data.blank': ['NA']})}"
            for cell in sorted(blanks)
        ),
    ]


def check_rows(
    bad: Sequence[BadRows], on_bad_rows: OnBadRows, source: str, problems: Sequence[str] = ()
) -> None:
    """Stop if the source does not fit its options, or if it has bad rows that are not to be dropped.

    Raises:
        DataError: lists every problem and every rule that rows break, with counts and the first places.
    """
    stops = on_bad_rows == "error"
    if problems or (bad and stops):
        hint = (
            f"; {typed({'data.on_bad_rows': 'drop_and_report'})} leaves bad rows out" if bad and stops else ""
        )
        raise DataError(
            f"{source} does not fit the options data.*{hint}", [*problems, *map(str, bad), *hints(bad)]
        )


def dropped_rows(bad: Iterable[BadRows]) -> Columns:
    """List `where` and `reason` of every row that is left out, once for each rule that it breaks."""
    pairs = [(place, group.rule) for group in bad for place in group.where]
    where, reason = zip(*pairs, strict=True) if pairs else ((), ())
    return {"where": np.array(where, dtype=object), "reason": np.array(reason, dtype=object)}


def dropped_notes(bad: Iterable[BadRows]) -> tuple[str, ...]:
    """Say how many rows are left out and why, one sentence per rule."""
    return tuple(f"{group.count:,} row(s) dropped: {group}" for group in bad)
