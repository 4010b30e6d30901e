"""A sweep from its checked cells to its closing table: address each, run what is not complete, tell."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planrec.address import address_of, data_key
from planrec.cells.compose_cells import Cell
from planrec.cells.executors import executor_of
from planrec.cells.run_cell import CellFailure, CellTask, decided_once, failure_of
from planrec.cells.runs import CellRuns, Listed, PlannedRun, Row, Source
from planrec.cells.screen import SweepScreen, first_line, print_sweep
from planrec.config import SweepSettings
from planrec.errors import ConfigError, SweepError
from planrec.overrides import NOT_A_RUN
from planrec.sweep_folder import CellStore, SweepFolder, identity_of, open_sweep


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    cells: Sequence[Cell]
    root: Path
    "Folder of sweeps and their cells."
    command: str
    "The command line of the sweep."
    command_of: Callable[[Sequence[str]], str]
    "Overrides of a cell -> the command line that runs it alone."

    @property
    def settings(self) -> SweepSettings:
        """How to run the cells. Raises ConfigError where a cell wants it otherwise."""
        settings = {cell.config.sweep for cell in self.cells}
        if len(settings) > 1:
            raise ConfigError(NOT_A_RUN, ["sweep.* says how all cells are run: give each key one value"])
        return settings.pop()


def run_sweep(asked: Asked) -> None:
    """Run what is not complete. Raises SweepError where cells failed, or were not run because of those."""
    settings, planner = asked.settings, Planner(asked)
    planned = [planner.planned(cell) for cell in asked.cells]
    metric = common_metric(planned)
    identity = identity_of([run.identity for run in planned])
    sweep = open_sweep(asked.root, identity, {"command": asked.command, "n_cells": len(planned)})
    screen = SweepScreen(len(planned), metric)
    rows = carry_out(Listed(by_data(planned)), sweep, settings, CellStore(asked.root), screen)
    print_sweep(rows, metric, sweep.path, len(planned) - len(rows))
    raise_failures(rows, len(planned), settings)


def carry_out(
    source: Source, sweep: SweepFolder, settings: SweepSettings, store: CellStore, screen: SweepScreen
) -> list[Row]:
    """Run the cells; whatever happens, no worker outlives the sweep."""
    executor = executor_of(settings.executor, settings.n_jobs)
    try:
        with screen:
            runs = CellRuns(sweep, store, executor, settings.n_jobs, settings.max_failures, screen)
            return runs.run(source)
    finally:
        executor.close()


class Planner:
    """Turns cells into runs: the data of each is read once, to know what it is."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        # As many threads as cores, in all: more make every worker slower.
        self._threads = max(1, n_cores() // asked.settings.n_jobs)
        self._fingerprints: dict[str, str | CellFailure] = {}

    def planned(self, cell: Cell, selected: bool = False) -> PlannedRun:
        """The cell with its address, or with the reason why its data cannot be read."""
        found = self._fingerprint(cell)
        if isinstance(found, CellFailure):
            return PlannedRun(cell, None, found)
        task = CellTask(
            config=cell.config,
            command=self._asked.command_of(cell.overrides),
            address=address_of(cell.config, found, selected),
            data_fingerprint=found,
            selected=selected,
            threads=min(cell.config.threads, self._threads),
            root=self._asked.root.absolute(),
            folder=Path.cwd(),
        )
        return PlannedRun(cell, task, None)

    def _fingerprint(self, cell: Cell) -> str | CellFailure:
        key = data_key(cell.config)
        if key not in self._fingerprints:
            try:
                self._fingerprints[key] = decided_once(cell.config)[1]
            except Exception as error:  # rows of the sweep: the cells over other data go on
                self._fingerprints[key] = failure_of(error)
        return self._fingerprints[key]


def by_data(planned: Sequence[PlannedRun]) -> list[PlannedRun]:
    """Cells over the same data stand together, so that each process reads it once."""
    keys = [data_key(run.cell.config) for run in planned]
    first = {key: number for number, key in reversed(list(enumerate(keys)))}
    return [run for _, run in sorted(zip(keys, planned, strict=True), key=lambda pair: first[pair[0]])]


def common_metric(planned: Sequence[PlannedRun]) -> str | None:
    """The first metric, where all cells share it, their data and their folds: else none is the best."""
    shared = {
        (
            run.cell.config.metrics[0],
            run.task.data_fingerprint if run.task else None,
            json.dumps(run.cell.config.cv.model_dump(mode="json"), sort_keys=True),
            run.cell.config.seed,
        )
        for run in planned
    }
    return planned[0].cell.config.metrics[0] if len(shared) == 1 else None


def raise_failures(rows: Sequence[Row], n_cells: int, settings: SweepSettings) -> None:
    """Raises SweepError where a cell failed."""
    failed = [row for row in rows if row.failure is not None]
    if not failed:
        return
    problems = [
        f"cell {row.cell.number} ({row.cell.label}): {row.failure.type}:"
        f" {first_line(row.failure.message)} (log: {row.failure.log})"
        for row in failed
        if row.failure is not None
    ]
    if left := n_cells - len(rows):
        problems.append(f"{left} cells were not run: sweep.max_failures={settings.max_failures}")
    raise SweepError(
        f"{len(failed)} of {n_cells} cells failed; the same command tries them again, and keeps the others",
        problems,
    )


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
