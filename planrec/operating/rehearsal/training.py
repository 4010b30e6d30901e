"""The runs of the rehearsal: the first one, and the bad one that passes training."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.config.compose import compose
from planrec.config.run_config import RunConfig
from planrec.operating.rehearsal.month_files import MonthStore
from planrec.operating.rehearsal.setting import HISTORY, RehearsalSetting
from planrec.operating.rehearsal.world import World
from planrec.runs.read import SavedRun, load_run
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import LoadedDecisions, load_decisions, run

COMMAND = "planrec rehearse"
METRICS = "[regret,harm_rate,regret_hidden,switch_rate]"
LEARNT_MONTHS = 24
"Months that a training reads at most: the last ones, two years to tell trend and season apart."


def first_run(setting: RehearsalSetting, world: World, folder: Path) -> SavedRun:
    """Train the run that both sides begin with, on the history."""
    months = MonthStore(world).write(folder / "months-first.parquet", 0, HISTORY - 1)
    plans = write_catalogue(world.plans.ladder, folder / "plans-first.yaml")
    model = ("model=forecast", f"model.n_draws={setting.n_draws}")
    config = compose(*overrides_of(setting, months, plans), *model)
    return _saved(config, load_decisions(config), folder / "outputs" / "2019-01-01" / "first")


def overrides_of(setting: RehearsalSetting, months: Path, plans: Path) -> tuple[str, ...]:
    """Return the overrides of a training on a file of months, without the model."""
    return (
        "data=usage_months",
        "data.usage_columns.voice_minutes_billed=voice_minutes_billed",
        "target=best_bill",
        "catalogue=file",
        *shlex.split(typed({"data.path": str(months), "catalogue.path": str(plans)})),
        "baselines=[stay]",
        f"metrics={METRICS}",
        "cv.n_folds=2",
        "policy=best_bill",
        "policy.absolute=8",
        "policy.relative=0.15",
        "policy.min_months=1",
        f"n_bootstrap={setting.n_bootstrap}",
        f"seed={setting.seed}",
    )


def bad_run(setting: RehearsalSetting, months: Path, plans: Path, folder: Path) -> SavedRun:
    """Train a model on outcomes of other subscribers, as after a wrong join; training does not notice it."""
    config = compose(*overrides_of(setting, months, plans), "model=lgbm_bills")
    loaded = load_decisions(config)
    table = loaded.table
    order = np.random.default_rng([setting.seed, *b"bad"]).permutation(len(table))
    wrong = table.take(order)
    joined = replace(table, y=wrong.y, future_bills=wrong.future_bills)
    return _saved(config, LoadedDecisions(joined, loaded.dropped), folder)


def write_catalogue(catalogue: Catalogue, file: Path) -> Path:
    """Write a catalogue as the YAML that `catalogue=file` and `planrec new-plans` read."""
    content = catalogue.model_dump(mode="json", by_alias=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
    return file


def _saved(config: RunConfig, loaded: LoadedDecisions, folder: Path) -> SavedRun:
    begin_run(folder, config, COMMAND)
    save_run(run(config, load=lambda _: loaded), folder, COMMAND)
    return load_run(folder)
