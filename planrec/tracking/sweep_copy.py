"""Copy a sweep to MLflow: one run for the sweep, and the runs of its cells below it."""

from collections.abc import Iterator
from pathlib import Path

from planrec.files.folder_walk import SWEEP_FILE
from planrec.files.json_file import read_object
from planrec.sweeps.sweep_folder import runs_of
from planrec.tracking.run_copy import OURS, CopiedRun, copies_with, copy_run
from planrec.tracking.tracking_store import TrackingStore

SWEEP = "planrec.sweep_identity"


def copy_sweep(store: TrackingStore, folder: Path) -> Iterator[CopiedRun]:
    """Copy the finished cells of a sweep, and yield each; a sweep that goes on is copied again later.

    Raises:
        RunError: sweep.json or a run was changed.
    """
    identity = str(read_object(folder / SWEEP_FILE).get("identity"))
    found = copies_with(store, SWEEP, identity)
    if found:
        parent = str(found[0].info.run_id)
    else:
        tags = OURS | {SWEEP: identity, "mlflow.runName": "/".join(folder.resolve().parts[-2:])}
        parent = str(store.client.create_run(store.experiment_id, tags=tags).info.run_id)
    for cell in runs_of(folder):
        yield copy_run(store, cell, parent)
    if not found or found[0].info.status != "FINISHED":
        store.client.set_terminated(parent, "FINISHED")
