"""Judge trained runs on data with known outcomes, side by side on the same decisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.commands.advice import command_line
from planrec.config.changed_config import changed
from planrec.config.run_config import RunConfig
from planrec.contracts import Model
from planrec.errors import ConfigError, RunError
from planrec.evaluation.evaluated_table import check_inputs, evaluated_table, with_plans
from planrec.evaluation.fresh_decisions import Excluded, fresh_decisions, trained_on
from planrec.input_drift import ColumnDrift, column_drift, watched_columns
from planrec.metrics import (
    METRICS,
    Difference,
    MetricValue,
    draws_of,
    judged_by_gates,
    metric_draws,
    paired_difference,
)
from planrec.metrics import evaluate as metric_values
from planrec.runs.manifest import PROFILE
from planrec.runs.read import SavedRun, load_run, read_profile
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import load_decisions
from planrec.wording import with_interval

if TYPE_CHECKING:
    import pandas as pd

OF_EVALUATION = ("data", "metrics", "baselines", "gates", "n_bootstrap", "seed", "threads")
"Parts of a configuration that an evaluation may change."


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The result of `evaluate`."""

    runs: tuple[str, ...]
    "Ids of the runs, in the order given: their names in the table."
    config: RunConfig
    "That of the first run, with the overrides."
    table: "pd.DataFrame"
    "Columns `OutOfFold`; one row per decision and model: the runs, then the baselines."
    metrics: tuple[MetricValue, ...]
    differences: tuple[Difference, ...]
    "Of every other model and each metric with one value."
    since: date | None
    "First day that is judged; None if the data has no time."
    excluded: Excluded
    n_seen: int
    "Judged subscribers that a run was trained on, in earlier months."
    drift: tuple[ColumnDrift, ...]
    "Inputs of the judged decisions beside those of the first run's training."
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        first = self.metrics[0]
        found = ", ".join(
            f"{value.model} {with_interval(value.value, value.low, value.high)}"
            for value in self.metrics
            if value.metric == first.metric and value.group is None
        )
        return f"<Evaluation on {first.n_decisions:,} decisions, {first.metric}: {found}>"

    @property
    def gates(self) -> dict[str, float]:
        """Limits that runs must meet: those of the config, and the guards of the measured metrics."""
        measured = {value.metric for value in self.metrics if value.model in self.runs}
        guards = {
            name: METRICS[name].at_most
            for name in self.config.metrics
            if name in measured and name in METRICS
        }
        return {name: limit for name, limit in guards.items() if limit is not None} | self.config.gates

    def broken_gates(self, run: str) -> tuple[list[str], list[str]]:
        """Return the gates that a run surely breaks, and those that it breaks in value only."""
        return judged_by_gates([value for value in self.metrics if value.model == run], self.gates)


def evaluate(runs: Sequence[Path], *overrides: str, since: date | None = None) -> Evaluation:
    """Judge trained runs on other data, with the metrics, baselines and intervals of the first run.

    Only decisions that no run was trained on are judged: decisions after the training of all runs, or of
    subscribers that are not among those of the training.

    Args:
        runs: run folders; differences are to the first one.
        overrides: changes to the first run's config, mostly of its data: `data.path=may.csv`.
        since: first day to judge; None for the day on which the training of all runs is over.

    Raises:
        ConfigError: an override is wrong or would change the runs.
        RunError: a folder has no complete run, or the runs cannot be judged side by side.
        DataError: the data breaks a rule, lacks inputs, has unknown plans, or no decision is left.
    """
    saved = _loaded(runs)
    first = next(iter(saved.values()))
    config = _judging_config(first.config, overrides)
    loaded = load_decisions(config)
    recommenders = {name: run.recommender for name, run in saved.items()}
    everything = with_plans(loaded.table, first.recommender.plans)
    check_inputs(recommenders, everything)
    training = [trained_on(run) for run in saved.values()]
    fresh = fresh_decisions(everything, training, None if since is None else np.datetime64(since, "D"))
    decisions = everything.take(fresh.rows)
    drift, drift_notes = _drift(first, decisions)
    table = evaluated_table(recommenders, decisions, config)
    metrics = measured(table, config, [name for name, run in recommenders.items() if _is_rule(run.model)])
    return Evaluation(
        runs=tuple(saved),
        config=config,
        table=table,
        metrics=metrics,
        differences=tuple(differences(table, metrics, config)),
        since=None if fresh.since is None else fresh.since.astype(object),
        excluded=fresh.excluded,
        n_seen=fresh.n_seen,
        drift=drift,
        notes=(*loaded.table.notes, *fresh.notes, *drift_notes),
    )


def measured(table: "pd.DataFrame", config: RunConfig, rules: Sequence[str]) -> tuple[MetricValue, ...]:
    """Compute the metrics of a config for every model of a table.

    Args:
        table: the columns of `OutOfFold`.
        config: names the metrics, the draws, and the baselines.
        rules: models that name one plan, beside the baselines that do.
    """
    all_rules = {*rules, *(name for name, model in config.baselines.items() if _is_rule(model))}
    # One thread: the products are small, and idle threads of linear algebra spin while they wait.
    with threadpool_limits(1):
        return tuple(metric_values(table, config.metrics, config.seed, config.n_bootstrap, all_rules))


def differences(
    table: "pd.DataFrame", metrics: Sequence[MetricValue], config: RunConfig
) -> Iterator[Difference]:
    """Yield the paired difference of every other model to the first one, by metric with one value."""
    single = {(value.model, value.metric) for value in metrics if value.group is None}
    first, *others = dict.fromkeys(table[OutOfFold.MODEL])
    rows = dict(iter(table.groupby(OutOfFold.MODEL, sort=False)))
    draws = draws_of(table, config.seed, config.n_bootstrap)
    with threadpool_limits(1):
        for metric in (name for name in config.metrics if (first, name) in single):
            reference = metric_draws(rows[first], metric, draws)
            for model in (name for name in others if (name, metric) in single):
                value = metric_draws(rows[model], metric, draws)
                yield Difference(model, metric, paired_difference(reference, value))


def _drift(run: SavedRun, table: DecisionTable) -> tuple[tuple[ColumnDrift, ...], list[str]]:
    """Compare the inputs with those of the training; older runs have no profile, and a note says so."""
    if PROFILE not in run.manifest.files:
        return (), [f"no drift: {run.run_id} has no {PROFILE}; a run that is trained today has one"]
    watched = watched_columns(table)
    return tuple(each for each in column_drift(read_profile(run), watched) if each.name in watched), []


def _is_rule(model: Model) -> bool:
    return not model.traits.probabilistic


def _loaded(folders: Sequence[Path]) -> Mapping[str, SavedRun]:
    """Load the runs by id. Raises RunError if they cannot be judged side by side."""
    if not folders:
        raise RunError("expected the folder of at least one run")
    runs = [load_run(folder) for folder in folders]
    saved = {run.run_id: run for run in runs}
    if len(saved) < len(runs):
        raise RunError(f"each run must be given once, got {', '.join(run.run_id for run in runs)}")
    first = runs[0]
    problems = [
        f"{what}: {mine} in {first.run_id}, {others} in {run.run_id}"
        for run in runs[1:]
        for what, (mine, others) in _unlike(first, run).items()
        if mine != others
    ]
    if problems:
        raise RunError("runs that are judged side by side must share target and plans", problems)
    return saved


def _unlike(first: SavedRun, other: SavedRun) -> dict[str, tuple[object, object]]:
    runs = (first.manifest, other.manifest)
    mine, others = (
        {
            "target": manifest.kind("target"),
            "months of bills": manifest.horizon,
            "plans": ", ".join(manifest.plans),
            "catalogue": (manifest.catalogue_sha256 or "none")[:8],
        }
        for manifest in runs
    )
    return {name: (mine[name], others[name]) for name in mine}


def _judging_config(config: RunConfig, overrides: Sequence[str]) -> RunConfig:
    """Return the config of a run with overrides of its data and of the judgement."""
    groups = {text: text.lstrip("+~").partition("=")[0].split(".")[0] for text in overrides}
    if others := [text for text, group in groups.items() if group not in OF_EVALUATION]:
        new_plans = command_line("new-plans", "RUN", "CATALOGUE")
        raise ConfigError(
            "an evaluation does not change the run that it judges",
            [
                f"{text}: allowed are overrides of {', '.join(OF_EVALUATION)}"
                + (f"; {new_plans} makes a run with other plans" if text.startswith("catalogue") else "")
                for text in others
            ],
        )
    return changed(config, overrides)
