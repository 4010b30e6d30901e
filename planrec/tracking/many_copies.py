"""Copies of several runs and sweeps, and of all below a folder of runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from planrec.files.folder_walk import complete_runs, is_sweep
from planrec.tracking.run_copy import CopiedRun, copy_run
from planrec.tracking.sweep_copy import copy_sweep
from planrec.tracking.tracking_store import TrackingStore

LOCK = ".track.lock"
"In the folder of runs: one process copies at a time."


def copy_all(store: TrackingStore, places: Sequence[Path]) -> Iterator[CopiedRun]:
    """Copy runs and the finished cells of sweeps one by one; those before an error stay.

    Raises:
        RunError: a folder is not a complete run, or was changed.
    """
    for place in places:
        if is_sweep(place):
            yield from copy_sweep(store, place)
        else:
            yield copy_run(store, place)


def places_below(outputs: Path) -> list[Path]:
    """Return the sweeps, then the complete runs, of a folder of runs."""
    sweeps = sorted(file.parent for file in outputs.glob("multirun/*/*/sweep.json"))
    return [*sweeps, *complete_runs(outputs)]
