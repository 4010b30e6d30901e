"""Run a sweep: address each checked cell, run those that are not complete, print the closing table."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from planrec.commands.values import as_typed
from planrec.config.overrides import NOT_A_RUN
from planrec.config.run_config import SweepSettings
from planrec.errors import ConfigError, SweepError
from planrec.metrics import METRICS
from planrec.runs.address import address_of, data_key
from planrec.search import Search
from planrec.sweeps.cell_names import CellNames
from planrec.sweeps.compose_cells import Cell, CellComposer
from planrec.sweeps.executors import Executor, executor_of
from planrec.sweeps.run_cell import CellFailure, CellTask, failure_of, load_once
from planrec.sweeps.run_cells import CellRuns, CellSource, EndedCell, FixedCells, PlannedRun, SweepResult
from planrec.sweeps.sweep_folder import CellStore, SweepFolder, identity_of, open_sweep
from planrec.sweeps.sweep_terminal import SweepScreen, first_line
from planrec.sweeps.trials import Trials


@dataclass
class SweepArguments:
    """The arguments of a sweep."""

    cells: Sequence[Cell]
    root: Path
    "Folder of sweeps and their cells."
    command: str
    "The command line of the sweep."
    command_of: Callable[[Sequence[str]], str]
    "Overrides of a cell -> the command line that runs it alone."
    composer: CellComposer
    "Composes the trials of a search."
    names: CellNames
    show: Callable[[SweepResult], None]
    "Shows the result."

    @cached_property
    def executor(self) -> Executor:
        """The executor of the cells. Raises ConfigError if it is not installed."""
        return executor_of(self.settings.executor, self.settings.n_jobs)

    @property
    def settings(self) -> SweepSettings:
        """The settings that all cells share. Raises ConfigError if a cell has others."""
        settings = {cell.config.sweep for cell in self.cells}
        if len(settings) > 1:
            raise ConfigError(NOT_A_RUN, ["sweep.* says how all cells are run: give each key one value"])
        return settings.pop()


def run_sweep(arguments: SweepArguments) -> None:
    """Run the cells that are not complete. Raises SweepError if cells failed or were skipped."""
    _ = arguments.settings, arguments.executor  # report their errors before any data is read
    searches = [cell.config.search for cell in arguments.cells if cell.config.searches]
    if search := next(iter(searches), None):
        run_search(arguments, search)
    else:
        run_fixed_cells(arguments)


def run_fixed_cells(arguments: SweepArguments) -> None:
    """Run a sweep with a fixed list of cells."""
    planner = Planner(arguments)
    planned = [planner.plan(cell) for cell in arguments.cells]
    identity = identity_of([run.identity for run in planned])
    sweep = open_sweep(arguments.root, identity, {"command": arguments.command})
    run_source(arguments, FixedCells(by_data(planned)), sweep, len(planned), common_metric(planned))


def run_search(arguments: SweepArguments, search: Search) -> None:
    """Run a sweep whose cells are the trials of a search. Raises ConfigError for several searches."""
    if len(arguments.cells) > 1:
        several = f"give every key one value, got {arguments.cells[0].label} and others"
        raise ConfigError(NOT_A_RUN, [f"a search is a sweep of its own: {several}"])
    (cell,), planner = arguments.cells, Planner(arguments)
    metric = cell.config.metrics[0]
    overrides = without_search(arguments.composer, cell)
    alone = Cell(0, overrides, cell.config.model_copy(update={"search": None}), "")
    space = search.model_dump_json(exclude={"n_trials"})
    identity = identity_of(["search", planner.plan(alone, selected=True).identity, space])
    sweep = open_sweep(arguments.root, identity, {"command": arguments.command})

    def plan(number: int, values: Mapping[str, Any]) -> PlannedRun:
        chosen = tuple(f"model.{name}={as_typed(value)}" for name, value in values.items())
        whole = (*overrides, *chosen)
        trial = Cell(number, whole, arguments.composer.config(whole), " ".join(chosen))
        return planner.plan(arguments.names.named(trial), selected=True)

    # A second process would use the study at the same time and treat open trials as interrupted ones.
    with sweep.claimed():
        higher_is_better = METRICS[metric].higher_is_better is True
        at_once = arguments.settings.n_jobs
        trials = Trials(sweep.study, search, cell.config.seed, higher_is_better, at_once, plan)
        run_source(arguments, trials, sweep, trials.n_cells, metric)


def without_search(composer: CellComposer, cell: Cell) -> tuple[str, ...]:
    """Return the overrides of a search cell without its search, for the same model."""
    model = composer.choice(cell.overrides, "model")
    kept = [text for text in cell.overrides if text.lstrip("+").partition("=")[0].split(".")[0] != "search"]
    kept = [text for text in kept if not text.startswith("model=")]
    through_an_experiment = composer.choice(kept, "search") is not None
    return (*(["~search"] if through_an_experiment else []), f"model={model}", *kept)


def run_source(
    arguments: SweepArguments, source: CellSource, sweep: SweepFolder, n_cells: int, metric: str | None
) -> None:
    """Run the cells and print the result. In every case the workers end with the sweep."""
    settings, executor = arguments.settings, arguments.executor
    try:
        with SweepScreen(n_cells, metric) as screen:
            store = CellStore(arguments.root)
            runs = CellRuns(sweep, store, executor, settings.n_jobs, settings.max_failures, screen)
            rows = runs.run(source)
    finally:
        executor.close()
    is_search = any(cell.config.searches for cell in arguments.cells)
    arguments.show(SweepResult(sweep.path, rows, metric, n_cells - len(rows), is_search))
    raise_failures(rows, n_cells, settings)


class Planner:
    """Turns cells into runs; the data of each is read once to find its fingerprint."""

    def __init__(self, arguments: SweepArguments) -> None:
        self._arguments = arguments
        # As many threads as cores in all: more would slow every worker down.
        self._threads = max(1, n_cores() // arguments.settings.n_jobs)
        self._fingerprints: dict[str, str | CellFailure] = {}

    def plan(self, cell: Cell, *, selected: bool = False) -> PlannedRun:
        """Return the cell with its address, or with the error of reading its data."""
        found = self._fingerprint(cell)
        if isinstance(found, CellFailure):
            return PlannedRun(cell, found)
        task = CellTask(
            config=cell.config,
            command=self._arguments.command_of(cell.overrides),
            address=address_of(cell.config, found, selected=selected),
            data_fingerprint=found,
            selected=selected,
            threads=min(cell.config.threads, self._threads),
            root=self._arguments.root.absolute(),
            folder=Path.cwd(),
        )
        return PlannedRun(cell, task)

    def _fingerprint(self, cell: Cell) -> str | CellFailure:
        key = data_key(cell.config)
        if key not in self._fingerprints:
            try:
                self._fingerprints[key] = load_once(cell.config)[1]
            except Exception as error:  # it becomes rows of the sweep, and cells over other data go on
                self._fingerprints[key] = failure_of(error)
        return self._fingerprints[key]


def by_data(planned: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Group the cells by their data, so that each process reads it once."""
    keys = [data_key(run.cell.config) for run in planned]
    first = {key: number for number, key in reversed(list(enumerate(keys)))}
    return [run for _, run in sorted(zip(keys, planned, strict=True), key=lambda pair: first[pair[0]])]


def common_metric(planned: Sequence[PlannedRun]) -> str | None:
    """Return the first metric if all cells share it, their data and folds; else None: no cell is best."""
    shared = {
        (
            run.cell.config.metrics[0],
            run.task.data_fingerprint if isinstance(run.task, CellTask) else None,
            json.dumps(run.cell.config.cv.model_dump(mode="json"), sort_keys=True),
            run.cell.config.seed,
        )
        for run in planned
    }
    return planned[0].cell.config.metrics[0] if len(shared) == 1 else None


def raise_failures(rows: Sequence[EndedCell], n_cells: int, settings: SweepSettings) -> None:
    """Raise SweepError if a cell failed."""
    problems = [
        f"cell {row.cell.number} ({row.cell.label}): {failure.type}:"
        f" {first_line(failure.message)} (log: {failure.log})"
        for row in rows
        if (failure := row.failure) is not None
    ]
    if not problems:
        return
    failed = f"{len(problems)} of {n_cells} cells failed"
    if left := n_cells - len(rows):
        problems.append(f"{left} cells were not run: sweep.max_failures={settings.max_failures}")
    raise SweepError(
        f"{failed}; the same command tries them again, and keeps the others",
        problems,
    )


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
