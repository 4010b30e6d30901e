"""What is wrong with a file that is read in parts: every rule that is broken, with its first places."""

from dataclasses import dataclass, field

import numpy as np

from planrec.data.bad_rows import ALSO, BadRows


@dataclass
class _Broken:
    value: str | None
    positions: list[int] = field(default_factory=list)
    count: int = 0


class BadValues:
    """Rules that rows break, gathered part by part; memory grows with the rules, not with the rows."""

    def __init__(self) -> None:
        self._broken: dict[str, _Broken] = {}

    def __bool__(self) -> bool:
        return bool(self._broken)

    def add(self, rule: str, positions: np.ndarray, value: object = None) -> None:
        """Note that the rows at these positions of the file, (k,) int64 from 0, break a rule."""
        if len(positions):
            broken = self._broken.setdefault(rule, _Broken(None if value is None else str(value)))
            broken.positions = sorted([*broken.positions, *positions[: ALSO + 1].tolist()])[: ALSO + 1]
            broken.count += len(positions)

    @property
    def positions(self) -> list[int]:
        """Of all rows that are to be named, sorted."""
        return sorted({position for broken in self._broken.values() for position in broken.positions})

    def told(self, places: dict[int, str]) -> list[str]:
        """One line per rule; `places` says what to call each of `positions`: `line 7`."""
        return [
            str(BadRows(rule, broken.value, [places[at] for at in broken.positions], broken.count))
            for rule, broken in self._broken.items()
        ]
