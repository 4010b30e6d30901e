"""Train one composed run and save it: the same steps for the command line and for Python."""

from contextlib import suppress

from planrec.commands.advice import typed
from planrec.config.overrides import NOT_A_RUN
from planrec.config.run_config import RunConfig
from planrec.errors import ConfigError, PlanRecError
from planrec.runs.read import read_manifest
from planrec.runs.write import begin_run, save_run
from planrec.sweeps.hydra_app import ComposedRun
from planrec.sweeps.sweep_folder import CellStore
from planrec.training.experiment import Report, RunResult, run


def train_run(composed: ComposedRun, report: Report) -> RunResult:
    """Claim the folder, train, save, and let later sweeps find the run.

    Raises:
        PlanRecError: the run failed; its folder is removed then, if it has no other files.
    """
    folder, command = composed.folder, composed.command
    check_tunes(composed.config)
    begin_run(folder, composed.config, command)
    try:
        result = run(composed.config, report)
    except PlanRecError:
        # A killed run keeps this file, which names the command to start again.
        (folder / "config.json").unlink()
        with suppress(OSError):
            folder.rmdir()
        raise
    report("saving the run", 0, 0)
    save_run(result, folder, command)
    CellStore(composed.sweeps).adopt(read_manifest(folder).address, folder)
    return result


def check_tunes(config: RunConfig) -> None:
    """Check that a search has inner folds to tune on. Raises ConfigError."""
    if config.searches:
        nested, grouped = typed(cv="nested"), typed(cv="nested_grouped")
        problem = (
            f"search={config.model.kind} tunes nothing with cv={config.cv.kind}: type -m for a sweep of"
            f" trials, or {nested} ({grouped} for target=held and data without time)"
        )
        raise ConfigError(NOT_A_RUN, [problem])
