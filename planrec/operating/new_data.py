"""The new data of a retrain: its configuration, its decisions, and the checks before any training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from planrec.config.changed_config import changed
from planrec.config.run_config import RunConfig
from planrec.errors import CheckError, ConfigError, DataError
from planrec.evaluation import check_inputs, with_plans
from planrec.input_drift import hard_problems, watched_columns
from planrec.recommending.recommender import Recommender
from planrec.runs.manifest import PROFILE
from planrec.runs.read import SavedRun, read_profile
from planrec.schema.decision_rows import decision_rows
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory
from planrec.training.experiment import label_decisions
from planrec.wording import shown


def retrain_config(champion: SavedRun, overrides: Sequence[str]) -> RunConfig:
    """Return the champion's config with overrides. Raises ConfigError."""
    config = changed(champion.config, overrides, named="the pinned run")
    if config.searches:
        raise ConfigError(
            f"search={config.model.kind} tunes nothing with cv={config.cv.kind}: type cv=nested"
            " (cv=nested_grouped for target=held and data without time)"
        )
    if config.target.kind != champion.config.target.kind:
        raise ConfigError(
            f"a retrain keeps the target of the pinned run, {champion.config.target.kind}, got"
            f" {config.target.kind}: train and pin such a run by hand"
        )
    return config


def served_on(champion: SavedRun, config: RunConfig, plans: Sequence[str]) -> Recommender:
    """Return the champion as it would decide over the plans of the new data.

    With new prices of the same plans it decides by the prices that it knows. If plans were added, it is the
    run that `planrec new-plans` would make.

    Raises:
        ConfigError: the champion ranks only plans that it was trained on.
    """
    recommender, catalogue = champion.recommender, config.catalogue.open()
    if recommender.plans == tuple(plans) or catalogue is None:
        return recommender
    try:
        return recommender.with_catalogue(catalogue)
    except DataError as error:
        raise ConfigError(
            f"the pinned run cannot be judged on the plans {shown(plans)}: {error.message}; train a run"
            " on the new catalogue, and pin it by hand"
        ) from error


@dataclass(frozen=True)
class NewDecisions:
    """The decisions that a retrain learns from and is judged on."""

    table: DecisionTable
    "Its plans are those of the champion, or those of the new catalogue."
    data_fingerprint: str
    "That of the run that is trained on them."
    notes: tuple[str, ...]
    "Sentences about checks that were left out."


def new_decisions(config: RunConfig, champion: SavedRun, accepted_drift: str | None) -> NewDecisions:
    """Load the new decisions, and check them against the champion's inputs and its reference profile.

    Args:
        config: that of the challenger.
        champion: the pinned run.
        accepted_drift: the reason for which hard changes are accepted; None: they are refused.

    Raises:
        ConfigError: the decisions look at other months ahead than the champion's.
        DataError: a rule of the data is broken, or an input of the champion is missing.
        CheckError: a change of the data is so hard that training on it makes no sense.
    """
    loaded = config.data.load(config.catalogue.open())
    table = label_decisions(config, loaded).table
    data_fingerprint = table.fingerprint()
    if config.catalogue.open() is None:
        table = with_plans(table, champion.recommender.plans)
    check_inputs({"the pinned run": champion.recommender}, table)
    if table.horizon != champion.recommender.horizon:
        raise ConfigError(
            f"a retrain keeps target.horizon={champion.recommender.horizon} of the pinned run,"
            f" got {table.horizon}"
        )
    has_profile = PROFILE in champion.manifest.files
    is_checked = has_profile and accepted_drift is None
    if problems := list(_hard_changes(_arrived(loaded, table), champion)) if is_checked else []:
        raise CheckError(
            "the new data is not like that of the champion's training",
            [*problems, "correct the data, or accept it with a reason: --accept-drift 'WHY THIS IS RIGHT'"],
        )
    note = f"no check for drift: {champion.run_id} has no {PROFILE}; a run that is trained today has one"
    return NewDecisions(table, data_fingerprint, () if has_profile else (note,))


def _arrived(loaded: RowTable | UsageHistory, table: DecisionTable) -> DecisionTable:
    """Return a decision after every month: the last months are those whose bills label the decisions."""
    if not isinstance(loaded, UsageHistory):
        return table
    rows = decision_rows(loaded, None, table.inputs.window)
    return DecisionTable(
        X=rows.columns,
        subscriber=loaded.subscriber[rows.last_month],
        plans=loaded.plans,
        menu=np.ones((len(rows.as_of), len(loaded.plans)), bool),
        inputs=table.inputs,
        as_of=rows.as_of,
        held=loaded.plan_held[rows.last_month].astype(np.int64),
    )


def _hard_changes(table: DecisionTable, champion: SavedRun) -> Iterator[str]:
    """Yield hard changes of the data, instant by instant after those of the champion's training."""
    profile, trained = read_profile(champion), champion.manifest.data.as_of
    if table.as_of is None or trained is None:
        yield from hard_problems(profile, watched_columns(table))
        return
    for instant in np.unique(table.as_of[table.as_of > np.datetime64(trained[1][:10], "D")]):
        part = table.take(np.flatnonzero(table.as_of == instant))
        yield from (f"{instant}: {problem}" for problem in hard_problems(profile, watched_columns(part)))
