"""`pr.train`: a run from overrides and tables, with progress in a notebook."""

import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.config.compose import compose
from planrec.config.overrides import NOT_A_RUN, command_of
from planrec.errors import ConfigError
from planrec.files.outputs_folder import default_outputs
from planrec.notebook.months_file import TrainingFile, catalogue_overrides, chooses, data_overrides, words
from planrec.notebook.progress import shown_progress
from planrec.notebook.trained_run import TrainedRun, load
from planrec.sweeps.hydra_app import ComposedRun
from planrec.sweeps.train_run import train_run
from planrec.tracking.after_training import track_saved

if TYPE_CHECKING:
    import pandas as pd


def train(
    *overrides: str,
    data: "pd.DataFrame | str | Path | None" = None,
    catalogue: str | Path | None = None,
    outputs: str | Path | None = None,
) -> TrainedRun:
    """Train a run and save it, as `planrec train` does.

    Args:
        overrides: words of the command line, such as `model=forecast` and `policy=guarded`.
        data: a DataFrame or a file. With columns `subscriber` and `month` it has months of usage, else one
            row per decision; overrides such as `data.plan_column=COLUMN` describe it further. None: the data
            of the overrides, by default a simulated operator.
        catalogue: a YAML file of plans, or the name of a shipped catalogue.
        outputs: folder of runs; None: PLANREC_OUTPUTS, else `outputs`.

    Returns:
        The saved run. It shows its verdict.

    Raises:
        ConfigError: the overrides do not describe a run; lists every mistake.
        DataError: the data breaks rules; lists all of them.
        CheckError: a check failed, such as a column that contains the answer.
    """
    if flags := [word for word in overrides if word.startswith("-")]:
        problem = f"flags are for the command line, got {' '.join(flags)}: type planrec train for a sweep"
        raise ConfigError(NOT_A_RUN, [problem])
    place = default_outputs() if outputs is None else Path(outputs)
    file = None if data is None else TrainingFile.of(data, place)
    given = [*_described(overrides, file, catalogue), *overrides]
    config = compose(*given)
    if file is not None:
        file.keep()
    now = datetime.now().astimezone()
    folder = place / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{secrets.token_hex(3)}"
    composed = ComposedRun(config, folder, command_of(given, ()), place / "multirun")
    with shown_progress("train") as report:
        train_run(composed, report)
    if config.tracking == "mlflow":
        print(track_saved(folder, place), file=sys.stderr)
    return load(folder, outputs=place)


def _described(
    overrides: tuple[str, ...], file: TrainingFile | None, catalogue: str | Path | None
) -> list[str]:
    """Return the overrides that describe data and plans; those that are given in words win."""
    found: list[str] = []
    if file is not None:
        if chooses("data", overrides):
            found += words({"data.path": str(file.path)})
        else:
            found += data_overrides(file, has_catalogue=catalogue is not None)
    found += [] if catalogue is None else catalogue_overrides(catalogue)
    return [word for word in found if not chooses(word.partition("=")[0], overrides)]
