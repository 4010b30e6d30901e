"""Tuning: a model's values, chosen inside a run on rows that its result is not reported on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import JsonValue

from planrec.config.run_config import RunConfig
from planrec.contracts import Fold, Model, Splitter
from planrec.errors import DataError, PlanRecError
from planrec.metrics import METRICS, value_of
from planrec.schema.tables import DecisionTable
from planrec.search import Search, best_values, with_values

if TYPE_CHECKING:
    import pandas as pd

Predict = Callable[[Model, DecisionTable, Sequence[Fold]], "pd.DataFrame"]
"""Returns the out-of-fold table of one model over folds of a table."""


@dataclass(frozen=True)
class Tuned:
    """Values that a search chose for one fit."""

    fold: int | None
    "Number of the fold on whose training rows they were chosen; None: all rows, for the final model."
    values: dict[str, JsonValue]
    "By field of the model."
    inner_value: float
    "First metric of these values on the inner folds; too good, because it is the best of many."


@dataclass(frozen=True)
class Tuner:
    """A search inside a run, and its means to judge values."""

    config: RunConfig
    search: Search
    splitter: Splitter
    "Splits the training rows of each fit."
    predict: Predict

    @property
    def metric(self) -> str:
        """The metric that the search compares: the first one of the run."""
        return self.config.metrics[0]


def tuner_of(config: RunConfig, predict: Predict) -> Tuner | None:
    """Return the tuner of a run; None if it does not tune inside."""
    search, splitter = config.search, config.cv.inner_splitter
    return None if search is None or splitter is None else Tuner(config, search, splitter, predict)


def tune(
    tuner: Tuner,
    table: DecisionTable,
    folds: Sequence[Fold],
    report: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> tuple[Tuned, ...]:
    """Choose values for each fold on its training rows alone, then for the final fit on all rows."""
    found: list[Tuned] = []
    for fold in (*range(len(folds)), None):
        train = table if fold is None else table.take(folds[fold].train)
        fit = "the final fit" if fold is None else f"fold {fold + 1} of {len(folds)}"
        progress = partial(_report_trial, report, f"tuning for {fit}", len(found), len(folds) + 1)
        try:
            found.append(_tuned_on(tuner, train, fold, progress))
        except PlanRecError as error:
            error.add_note(f"while tuning {tuner.config.model.kind} for {fit} on {len(train)} decisions")
            raise
    return tuple(found)


def final_model(model: Model, tuned: Sequence[Tuned]) -> Model:
    """Return the model that is fitted on all rows and kept: `model` itself if nothing was tuned."""
    return with_values(model, tuned[-1].values) if tuned else model


def _tuned_on(
    tuner: Tuner, train: DecisionTable, fold: int | None, progress: Callable[[int, int], None]
) -> Tuned:
    """Choose by the first metric on inner folds of these rows, the same folds for all values."""
    folds = _inner_folds(tuner, train)
    judged: list[tuple[dict[str, JsonValue], float]] = []

    def judge(values: dict[str, JsonValue]) -> float:
        model = with_values(tuner.config.model, values)
        value = value_of(tuner.predict(model, train, folds), tuner.metric)
        judged.append((values, value))
        progress(len(judged), tuner.search.n_trials)
        return value

    higher_is_better = METRICS[tuner.metric].higher_is_better is True
    best = best_values(tuner.search, tuner.config.seed, judge, higher_is_better=higher_is_better)
    return Tuned(fold, best, next(value for values, value in judged if values == best))


def _inner_folds(tuner: Tuner, train: DecisionTable) -> list[Fold]:
    try:
        return list(tuner.splitter.split(train, tuner.config.seed))
    except DataError as error:
        raise DataError(error.message.replace("cv.n_folds", "cv.inner.n_folds")) from error


def _report_trial(
    report: Callable[[str, int, int], None], step: str, n_before: int, n_fits: int, trial: int, n_trials: int
) -> None:
    report(step, n_before * n_trials + trial, n_fits * n_trials)
