"""Run the cells of a sweep, a few at a time, for any executor and any source of cells."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from planrec.errors import RunError
from planrec.metrics import MetricValue
from planrec.runs.read import own_value
from planrec.sweeps.compose_cells import Cell
from planrec.sweeps.executors import Executor
from planrec.sweeps.run_cell import CellFailure, CellTask, failure_of, run_cell
from planrec.sweeps.sweep_folder import CellStore, Failure, SweepFolder

ENDED_ALONE = "a worker process died while it ran this cell alone: out of memory, or a crash of its libraries"


@dataclass(frozen=True)
class PlannedRun:
    """A cell that is ready to run."""

    cell: Cell
    task: CellTask | CellFailure
    "What a worker runs, or the error of reading the data of the cell."

    @property
    def identity(self) -> str:
        """The identity of the cell: its address, or its overrides if its data could not be read."""
        return self.task.address if isinstance(self.task, CellTask) else " ".join(self.cell.overrides)


@dataclass(frozen=True)
class EndedCell:
    """A cell that has ended."""

    cell: Cell
    status: Literal["done", "linked", "failed"]
    "linked: an earlier sweep, or this one before an interruption, has run it."
    value: MetricValue | None
    run: Path | None
    failure: Failure | None


@dataclass(frozen=True)
class SweepResult:
    """A sweep whose cells have ended, or which stopped at too many failures."""

    folder: Path
    rows: list[EndedCell]
    metric: str | None
    "First metric of the cells; None if they are not judged on the same data and folds."
    n_left: int
    "Cells that were not run."
    is_search: bool


class CellSource(Protocol):
    """A source of cells: a list, or a search that learns from the rows."""

    def __iter__(self) -> Iterator[PlannedRun]:
        """Yield the cells; a search proposes each one when it is requested."""

    def learn(self, row: EndedCell) -> None:
        """Learn from a cell that has ended."""


class Screen(Protocol):
    """An observer of the sweep."""

    def row(self, row: EndedCell) -> None:
        """Show a cell that has ended."""


@dataclass
class CellRuns:
    """The state of a running sweep."""

    sweep: SweepFolder
    store: CellStore
    executor: Executor
    n_jobs: int
    max_failures: int | None
    screen: Screen
    rows: list[EndedCell] = field(default_factory=list)
    _under_way: "dict[Future[CellFailure | None], tuple[Cell, CellTask]]" = field(default_factory=dict)
    _suspects: "deque[tuple[Cell, CellTask]]" = field(default_factory=deque)
    "Cells that ran when a worker died: each is tried again alone, to find the one that kills workers."

    @property
    def stopped(self) -> bool:
        """Whether more cells have failed than the sweep permits."""
        failed = sum(row.status == "failed" for row in self.rows)
        return self.max_failures is not None and failed > self.max_failures

    def run(self, source: CellSource) -> list[EndedCell]:
        """Run every cell of the source until too many have failed; return the rows as they ended."""
        cells = iter(source)
        more = True
        while more or self._under_way or self._suspects:
            while more and self._has_room():
                planned = next(cells, None)
                more = planned is not None
                if planned is not None and (row := self._start(planned)):
                    self._ended(row, source)
            if self.stopped:
                more = False
                self._suspects.clear()
            if self._suspects and not self._under_way:
                self._submit(*self._suspects.popleft())
            if self._under_way:
                self._collect(source)
        return self.rows

    def _has_room(self) -> bool:
        return len(self._under_way) < self.n_jobs and not self._suspects and not self.stopped

    def _start(self, planned: PlannedRun) -> EndedCell | None:
        """Submit a cell; return its row if it needs no run."""
        cell, task = planned.cell, planned.task
        if isinstance(task, CellFailure):
            return self._failed(cell, task)
        if self.store.is_complete(task.address):
            try:
                return self._complete(cell, task, "linked")
            except RunError as error:
                return self._failed(cell, failure_of(error))
        self._submit(cell, task)
        return None

    def _submit(self, cell: Cell, task: CellTask) -> None:
        self._under_way[self.executor.submit(run_cell, task)] = cell, task

    def _collect(self, source: CellSource) -> None:
        """Wait for a cell, and collect all that have ended."""
        ended, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        was_alone = len(self._under_way) == 1
        for future in ended:
            cell, task = self._under_way.pop(future)
            if (error := future.exception()) is None:
                failure = future.result()
            elif was_alone:
                failure = CellFailure(type(error).__name__, ENDED_ALONE, failure_of(error).traceback)
            else:
                self._suspects.append((cell, task))
                continue
            row = self._complete(cell, task, "done") if failure is None else self._failed(cell, failure)
            self._ended(row, source)

    def _ended(self, row: EndedCell, source: CellSource) -> None:
        self.rows.append(row)
        source.learn(row)
        self.screen.row(row)

    def _complete(self, cell: Cell, task: CellTask, status: Literal["done", "linked"]) -> EndedCell:
        run = self.store.folder(task.address)
        for name in {str(cell.number), cell.name or str(cell.number)}:
            self.sweep.link(name, run)
        self.sweep.forget_failure(cell.number)
        return EndedCell(cell, status, own_value(run, cell.config.metrics[0]), run, None)

    def _failed(self, cell: Cell, failure: CellFailure) -> EndedCell:
        log = str(self.sweep.log_of(cell.number))
        kept = Failure(cell.overrides, failure.type, failure.message, log)
        self.sweep.write_failure(cell.number, kept, failure.traceback)
        return EndedCell(cell, "failed", None, None, kept)


class FixedCells:
    """A fixed list of cells."""

    def __init__(self, planned: Iterable[PlannedRun]) -> None:
        self._planned = list(planned)

    def __iter__(self) -> Iterator[PlannedRun]:
        return iter(self._planned)

    def learn(self, row: EndedCell) -> None:
        """Do nothing: a list does not change."""
