"""The doubt whether months were stored without their time zone, decided by all parts of a file."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.time_cells import OTHER_ZONE, other_zone


@dataclass
class ZoneDoubt:
    """The rows of a time column, as long as each holds the evening of the last day of a month."""

    broken: BrokenRules = field(default_factory=BrokenRules)
    is_refuted: bool = False

    def add(self, texts: Iterable[str | None], positions: np.ndarray) -> None:
        """Add a part: its distinct cells, and the positions of its rows, (k,) int64, that are not blank."""
        known = [text for text in texts if text is not None]
        problem = other_zone(known)
        self.is_refuted = self.is_refuted or (problem is None and bool(known))
        if problem is not None and not self.is_refuted:
            self.broken.add(OTHER_ZONE, positions, problem.text)

    def judge(self, column: str, bad: BrokenRules) -> None:
        """Add the broken rule if all rows of the file are in doubt."""
        if not self.is_refuted:
            bad.take_over(self.broken, f"column {column!r} ")
