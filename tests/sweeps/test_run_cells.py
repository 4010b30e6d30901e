"""Cells are run a few at a time, and the one that kills its worker is found."""

import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky.process_executor import BrokenProcessPool

from planrec.runs.read import load_run
from planrec.sweeps.compose_cells import Cell
from planrec.sweeps.executors import ProcessExecutor
from planrec.sweeps.run_cell import CellFailure, CellTask
from planrec.sweeps.run_cells import CellRuns, EndedCell, FixedCells, PlannedRun
from planrec.sweeps.sweep_folder import CellStore, failures, open_sweep


class Workers:
    """Workers of one pool: some cells kill the one that runs them, and with it what the others run."""

    def __init__(self, store: CellStore, run: Path, deadly: set[str]) -> None:
        self.store, self.run, self.deadly = store, run, deadly
        self.under_way: dict[str, Future[Any]] = {}
        self.submitted: list[str] = []
        self.one_at_a_time = threading.Lock()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        (task,) = arguments
        future: Future[Any] = Future()
        self.submitted.append(task.address)
        self.under_way[task.address] = future
        threading.Timer(0.02, self._end, [task.address, future]).start()
        return future

    def close(self) -> None:
        """Nothing runs."""

    def _end(self, address: str, future: "Future[Any]") -> None:
        with self.one_at_a_time:
            if future.done():
                return
            if address in self.deadly:
                broken, self.under_way = self.under_way, {}
                for other in broken.values():
                    other.set_exception(BrokenProcessPool("a worker died"))
            else:
                shutil.copytree(self.run, self.store.folder(address))
                del self.under_way[address]
                future.set_result(None)


class Watched:
    """Remembers the rows that it was shown."""

    def __init__(self) -> None:
        self.rows: list[EndedCell] = []

    def row(self, row: EndedCell) -> None:
        self.rows.append(row)


@pytest.fixture
def sweep(tmp_path, history_run):
    """Makes a sweep of cells with these addresses: (runs, workers, source)."""
    config = load_run(history_run).config

    def made(addresses: str, deadly: str = "", n_jobs: int = 1, max_failures: int | None = None):
        folder, store = open_sweep(tmp_path, "0" * 64, {}), CellStore(tmp_path)
        workers = Workers(store, history_run, set(deadly))
        planned = [
            PlannedRun(
                Cell(number, (f"seed={number}",), config, f"seed={number}"),
                CellTask(config, "", address, "", False, 1, tmp_path, tmp_path),
            )
            for number, address in enumerate(addresses)
        ]
        runs = CellRuns(folder, store, workers, n_jobs, max_failures, Watched())
        return runs, workers, FixedCells(planned)

    return made


def statuses(rows: list[EndedCell]) -> dict[int, str]:
    return {row.cell.number: row.status for row in rows}


def test_every_cell_ends_as_a_row_and_a_link(sweep, tmp_path):
    runs, _, source = sweep("abc")
    rows = runs.run(source)
    assert statuses(rows) == {0: "done", 1: "done", 2: "done"}
    assert rows == runs.screen.rows
    assert [(runs.sweep.path / str(n)).resolve().name for n in range(3)] == ["a", "b", "c"]
    assert rows[0].value.metric == "log_loss"


def test_what_is_complete_is_linked_and_not_run(sweep):
    runs, _, source = sweep("abc")
    runs.run(source)
    runs, workers, source = sweep("abcd")
    assert statuses(runs.run(source)) == {0: "linked", 1: "linked", 2: "linked", 3: "done"}
    assert workers.submitted == ["d"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_cell_that_kills_its_worker_is_found_and_the_others_are_run(sweep, n_jobs):
    runs, _, source = sweep("abXcd", deadly="X", n_jobs=n_jobs)
    rows = runs.run(source)
    assert statuses(rows) == {0: "done", 1: "done", 2: "failed", 3: "done", 4: "done"}
    failure = failures(runs.sweep.path)[2]
    assert failure.type == "BrokenProcessPool"
    assert failure.message.startswith("a worker process died while it ran this cell alone")


def test_a_failure_of_too_many_stops_the_sweep(sweep):
    runs, workers, source = sweep("XYZab", deadly="XYZ", max_failures=1)
    assert statuses(runs.run(source)) == {0: "failed", 1: "failed"}
    assert workers.submitted == ["X", "Y"]


def test_a_cell_that_succeeds_at_last_is_no_failure_any_more(sweep):
    runs, _, source = sweep("aX", deadly="X")
    runs.run(source)
    assert set(failures(runs.sweep.path)) == {1}
    runs, _, source = sweep("aX")
    assert statuses(runs.run(source)) == {0: "linked", 1: "done"}
    assert failures(runs.sweep.path) == {}


def test_cells_whose_data_cannot_be_read_are_rows(sweep):
    runs, _, source = sweep("ab")
    first, second = source
    unreadable = PlannedRun(first.cell, CellFailure("DataError", "no file", "Traceback"))
    rows = runs.run(FixedCells([unreadable, second]))
    assert statuses(rows) == {0: "failed", 1: "done"}
    assert Path(rows[0].failure.log).read_text("utf-8") == "Traceback"


def test_a_failure_that_cannot_be_read_says_so(sweep):
    runs, _, source = sweep("aX", deadly="X")
    runs.run(source)
    log = runs.sweep.log_of(1)
    log.with_suffix(".json").write_text("{}", "utf-8")
    (log.parent / "notes.json").write_text("{}", "utf-8")
    assert failures(runs.sweep.path)[1].type == "unreadable"


def test_what_killed_processes_were_writing_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folders = {
        process: tmp_path / ".partial" / f"{platform.node()}-{process}"
        for process in (ended.pid, os.getpid())
    }
    for folder in folders.values():
        folder.mkdir(parents=True)
    open_sweep(tmp_path, "0" * 64, {})
    assert [folder.exists() for folder in folders.values()] == [False, True]


@pytest.mark.e2e
def test_processes_that_die_are_replaced():
    executor = ProcessExecutor(2)
    try:
        with pytest.raises(BrokenProcessPool):
            executor.submit(os._exit, 1).result(timeout=120)
        assert executor.submit(abs, -3).result(timeout=120) == 3
    finally:
        executor.close()
