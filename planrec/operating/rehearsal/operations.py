"""The side with operations: what an operator's jobs do each day and each month, with the real functions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planrec.operating.rehearsal.advice import Advice
from planrec.operating.rehearsal.month_files import MonthFile, name_of
from planrec.operating.rehearsal.pinned_runs import PinnedRuns, why_refused
from planrec.operating.rehearsal.promotions import Promotion
from planrec.operating.rehearsal.side import Side
from planrec.operating.rehearsal.timeline import Timeline
from planrec.operating.rehearsal.world import World
from planrec.runs.read import SavedRun

FAULT_DAY = 10
"Day of a fault that is not about the beginning of a month."
CORRECTED_ON = 12
"Day on which a file that was refused arrives again, in order."


class WithOperations(Side):
    """Checks what arrives, retrains every month, watches what is served."""

    def __init__(self, world: World, folder: Path, first: SavedRun, timeline: Timeline) -> None:
        """Pin the first run."""
        super().__init__("on", world, folder)
        self.folder, self.timeline = folder, timeline
        self.runs = PinnedRuns(folder / "outputs", first)
        self.waits_for: MonthFile | None = None
        "The right form of a file that was refused."
        self.promotions: list[Promotion] = []

    def receive(self, month: int, true: MonthFile, arrived: MonthFile) -> None:
        """Update the plans, then take the file if its hard gates pass."""
        self._update_plans(month)
        problems = self._problems_of(arrived)
        if not problems:
            self._take(month, 1, arrived)
            return
        self.waits_for = true
        fault = "missing_column" if any("is missing" in problem for problem in problems) else "wrong_unit"
        self.timeline.noticed(month, 1, fault, f"the file of {name_of(month - 1)} is refused: {problems[0]}")
        self.timeline.done(month, 1, "the sender is asked for the file; advice goes on from earlier months")
