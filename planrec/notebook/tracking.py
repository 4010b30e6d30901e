"""`pr.track`: copies of finished runs in MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING

from planrec.files.outputs_folder import default_outputs
from planrec.notebook.trained_run import TrainedRun
from planrec.notebook.writing import run_or_sweep

if TYPE_CHECKING:
    import pandas as pd


def track(
    *runs: TrainedRun | str | Path,
    server: str | None = None,
    registry: bool = False,
    outputs: str | Path | None = None,
) -> "pd.DataFrame":
    """Copy finished runs to MLflow, each once, and let its registry follow the pin.

    Args:
        runs: runs, their folders, the beginnings of their ids, `latest`, or folders of sweeps; without any,
            all below `outputs`, unless `registry`.
        server: `http(s)://...` or `sqlite:///FILE`; None: the variable MLFLOW_TRACKING_URI.
        registry: whether to register the pinned run; the alias `champion` names it.
        outputs: folder of runs and of the pin; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        Columns `run_id`, `tracked_id` in MLflow, `was_there` (copied by an earlier call) and `version` in the
        registry, for the pinned run.

    Raises:
        ConfigError: no server is named, or MLflow is not installed.
        TrackingError: the server does not answer in time, or refuses.
        BusyError: another process copies runs of this folder.
    """
    import pandas as pd

    from planrec.files.shared_file import held_alone
    from planrec.tracking.many_copies import LOCK, copy_all, places_below
    from planrec.tracking.registry import follow_pin
    from planrec.tracking.tracking_store import tracking_store

    place = default_outputs() if outputs is None else Path(outputs)
    places = [run_or_sweep(run, place) for run in runs]
    if not runs and not registry:
        places = places_below(place)
    versions = {}
    with tracking_store(server) as store, held_alone(place / LOCK, "pr.track"):
        copies = {copied.tracked_id: copied for copied in copy_all(store, places)}
        if registry:
            registered = follow_pin(store, place)
            copies.setdefault(registered.copied.tracked_id, registered.copied)
            versions[registered.copied.tracked_id] = registered.version
    rows = [
        (copied.run_id, tracked_id, copied.was_there, versions.get(tracked_id))
        for tracked_id, copied in copies.items()
    ]
    return pd.DataFrame(rows, columns=["run_id", "tracked_id", "was_there", "version"])
