"""Rows that break a rule: shown all at once, or dropped and listed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planrec.errors import DataError
from planrec.schema.columns import Columns

OnBadRows = Literal["error", "drop_and_report"]
"What `data.on_bad_rows` may say: stop, or leave them out and list them in the run folder."

ALSO = 3
"Places shown beside the first."


@dataclass(frozen=True)
class BadRows:
    """The rows that break one rule; a row that breaks two rules is in both."""

    rule: str
    "What must hold."
    value: str | None
    "What the first of them holds; None where the cell is blank or the rule says it."
    where: Sequence[str]
    "Their places, in order: all of them, or the first few where nothing is to be dropped."
    count: int

    def __str__(self) -> str:
        found = "" if self.value is None else f", got {self.value!r}"
        others = ", ".join(self.where[1 : 1 + ALSO])
        such = f" ({self.count:,} such rows, also {others})" if others else ""
        return f"{self.rule}{found} at {self.where[0]}{such}"


def check_rows(
    bad: Sequence[BadRows], on_bad_rows: OnBadRows, what: str, problems: Sequence[str] = ()
) -> None:
    """Stop where the source does not fit its options, or has bad rows and they are not to be dropped.

    Raises:
        DataError: every problem and every rule that rows break, with counts and the first places.
    """
    stops = on_bad_rows == "error"
    if problems or (bad and stops):
        hint = "; data.on_bad_rows=drop_and_report leaves bad rows out" if bad and stops else ""
        raise DataError(f"{what} does not fit the options data.*{hint}", [*problems, *map(str, bad)])


def dropped_rows(bad: Iterable[BadRows]) -> Columns:
    """`where` and `reason` of every row that is left out; a row that breaks two rules stands there twice."""
    pairs = [(place, group.rule) for group in bad for place in group.where]
    where, reason = zip(*pairs, strict=True) if pairs else ((), ())
    return {"where": np.array(where, dtype=object), "reason": np.array(reason, dtype=object)}


def dropped_notes(bad: Iterable[BadRows]) -> tuple[str, ...]:
    """How many rows are left out and why, one sentence per rule."""
    return tuple(f"{group.count:,} row(s) dropped: {group}" for group in bad)
