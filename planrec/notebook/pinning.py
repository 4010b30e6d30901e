"""`pr.pin`: choose the run that is served, as `planrec pin` does."""

from pathlib import Path
from typing import TYPE_CHECKING

from planrec.cli.api_package import trusted_signers
from planrec.cli.pin import record_everywhere
from planrec.notebook.trained_run import TrainedRun, load
from planrec.serving.pin_run import pin_run

if TYPE_CHECKING:
    from planrec.serving.pin import Pin


def pin(
    run: "TrainedRun | str | Path" = "latest",
    reason: str | None = None,
    *,
    outputs: str | Path | None = None,
) -> "Pin":
    """Choose the run that the server uses; a server that is running follows by itself.

    Args:
        run: a run, its folder, the beginning of its id, or `latest`.
        reason: why, for those who ask later.
        outputs: folder of runs, with the pin; None: that of the run.

    Raises:
        RunError: the run is incomplete, was changed, is denied, or does not repeat its answers. Nothing is
            pinned then. Also if the run is pinned and a record of that could not be written.
    """
    found = load(run, outputs=outputs)
    why = reason or "no reason given for: pr.pin, in Python"
    place = found.outputs if outputs is None else Path(outputs)
    made = pin_run(found.folder, place, why, signers=trusted_signers())
    record_everywhere(made, place)
    return made
