"""One side of the rehearsal: the months that it has, the plans that its subscribers hold, its advice."""

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from planrec.operating.rehearsal.advice import Adviser, DayOfAdvice
from planrec.operating.rehearsal.month_files import MonthFile, MonthStore, file_of
from planrec.operating.rehearsal.world import World
from planrec.runs.read import SavedRun

SPOILS = ("wrong_unit", "missing_column")
"Faults of the file that arrives in their month."


class Side(ABC):
    """The operator with or without operations, in one and the same world."""

    def __init__(self, name: str, world: World, folder: Path) -> None:
        """Begin before the first month; `folder` gets the decision log."""
        self.world = world
        self.store = MonthStore(world)
        self.held = world.people.plan_held.astype(np.int64)
        self.log_url = f"sqlite:///{folder / name}.db"
        self.adviser = Adviser(name, world, self.log_url)
        self.advice: list[DayOfAdvice] = []
        self.accepted: dict[int, int] = {}
        "Subscriber -> plan from the next month on."

    def start_month(self, month: int) -> None:
        """Receive the file of the month before, then let accepted offers begin."""
        file = file_of(self.world, month - 1, self.held)
        spoilt = [fault for fault in SPOILS if self.world.setting.happens(fault, month)]
        self.receive(month, file, file.spoiled(spoilt[0]) if spoilt else file)
        for subscriber, plan in self.accepted.items():
            self.held[subscriber] = plan
        self.accepted = {}

    def give_advice(self, month: int, day: int) -> None:
        """Advise those who ask on a day; some accept."""
        run = self.run_on(month, day)
        if run is None:
            advice = self.adviser.no_advice(self.held, month, day)
        else:
            advice = self.adviser.advise(run, self.store, self.held, month, day)
        self.advice.append(advice)
        can_be_had = self.world.offered(month, advice.held)[np.arange(len(advice.held)), advice.advised]
        offers = np.flatnonzero((advice.advised >= 0) & (advice.advised != advice.held) & can_be_had)
        moves = advice.held[offers], advice.advised[offers]
        who = advice.subscriber[offers]
        accepts = self.world.accepts(month, who, advice.saving[offers], moves)
        self.accepted |= dict(zip(who[accepts].tolist(), moves[1][accepts].tolist(), strict=True))
        self.after_advice(advice, set(who[accepts].tolist()))

    @abstractmethod
    def receive(self, month: int, true: MonthFile, arrived: MonthFile) -> None:
        """Take the file that arrived on the first day of a month; `true` is how it should be."""

    @abstractmethod
    def run_on(self, month: int, day: int) -> SavedRun | None:
        """Return the run that answers on a day; None for no advice."""

    @abstractmethod
    def after_advice(self, advice: DayOfAdvice, accepted: set[int]) -> None:
        """Do the work that is due after the advice of a day."""


class WithoutOperations(Side):
    """The first run answers all year from whatever arrives, with the plans that it was trained on."""

    def __init__(self, world: World, folder: Path, first: SavedRun) -> None:
        """Serve the first run."""
        super().__init__("off", world, folder)
        self.first = first

    def receive(self, month: int, true: MonthFile, arrived: MonthFile) -> None:
        """Take any file."""
        self.store.take(arrived)

    def run_on(self, month: int, day: int) -> SavedRun | None:
        """Return the first run: a served process keeps it in memory whatever happens to the pin."""
        return self.first

    def after_advice(self, advice: DayOfAdvice, accepted: set[int]) -> None:
        """Do nothing: no outcome is kept."""
