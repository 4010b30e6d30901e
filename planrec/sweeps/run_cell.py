"""Run one cell of a sweep: the same function in this process, in a worker process and on a cluster."""

import os
import traceback
from dataclasses import dataclass
from pathlib import Path

from planrec.config.run_config import RunConfig
from planrec.errors import DataError, PlanRecError
from planrec.runs.address import data_key
from planrec.runs.write import begin_run, save_run
from planrec.sweeps.sweep_folder import CellStore
from planrec.training.experiment import LoadedDecisions, load_decisions, run

DATA_KEPT = 2
"Decision tables that a process keeps for cells that share them."


@dataclass(frozen=True)
class CellTask:
    """The inputs of a cell, complete for any process or machine."""

    config: RunConfig
    command: str
    "The command line that runs the cell alone."
    address: str
    data_fingerprint: str
    "Fingerprint of the decision table that the address was made from."
    selected: bool
    "Whether a search chose the config by results on the reported folds."
    threads: int
    root: Path
    "Absolute, since workers may have another working directory."
    folder: Path
    "Working directory that paths in the config start from."


@dataclass(frozen=True)
class CellFailure:
    """The error of a cell."""

    type: str
    message: str
    traceback: str


def run_cell(task: CellTask) -> CellFailure | None:
    """Run a cell unless it is already complete; return its failure, or None."""
    try:
        os.chdir(task.folder)
        store = CellStore(task.root)
        with store.claimed(task.address):
            if not store.is_complete(task.address):
                _run(task, store)
    except Exception as error:  # any error becomes a row of the sweep, and the other cells go on
        return failure_of(error)
    return None


def failure_of(error: BaseException) -> CellFailure:
    """Turn an exception into a row of a sweep."""
    message = str(error) if isinstance(error, PlanRecError) else f"{error}" or repr(error)
    return CellFailure(type(error).__name__, message, "".join(traceback.format_exception(error)))


def _run(task: CellTask, store: CellStore) -> None:
    config = task.config.model_copy(update={"threads": task.threads})
    with store.unfinished(task.address) as folder:
        begin_run(folder, config, task.command)
        result = run(config, load=lambda config: _checked(config, task))
        save_run(result, folder, task.command, selected=task.selected)


def _checked(config: RunConfig, task: CellTask) -> LoadedDecisions:
    """Load the decisions and check that the cell's address was made from them."""
    data, fingerprint = load_once(config)
    if fingerprint != task.data_fingerprint:
        raise DataError("the data changed while the sweep was running: start it again")
    return data


def load_once(config: RunConfig) -> tuple[LoadedDecisions, str]:
    """Load decisions and their fingerprint, cached for the next cells over the same data."""
    key = data_key(config)
    if key not in _KEPT:
        while len(_KEPT) >= DATA_KEPT:
            del _KEPT[next(iter(_KEPT))]
        data = load_decisions(config)
        _KEPT[key] = data, data.table.fingerprint()
    return _KEPT[key]


_KEPT: dict[str, tuple[LoadedDecisions, str]] = {}
