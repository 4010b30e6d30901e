"""Choosing a model's values inside a run, on rows that the result is not reported on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from planrec.config.run_config import RunConfig
from planrec.contracts import Fold, Model
from planrec.errors import DataError, PlanRecError
from planrec.metrics import METRICS, value_of
from planrec.schema.tables import DecisionTable
from planrec.search import best_values, with_values

if TYPE_CHECKING:
    import pandas as pd

Predict = Callable[[Model, DecisionTable, Sequence[Fold]], "pd.DataFrame"]
"""Gives the out-of-fold table of one model over folds of a table."""


@dataclass(frozen=True)
class Tuned:
    """What a search chose for one fit."""

    fold: int | None
    "Number of the fold whose training rows it was chosen on; None: all rows, for the model that is kept."
    values: dict[str, Any]
    "By field of the model."
    inner_value: float
    "The first metric of these values on the inner folds. The best of many: it flatters."


def tune(
    config: RunConfig,
    table: DecisionTable,
    folds: Sequence[Fold],
    predict: Predict,
    report: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> tuple[Tuned, ...]:
    """Choose values for each fold on its training rows alone, then for the final fit on all rows."""
    found: list[Tuned] = []
    for fold in (*range(len(folds)), None):
        train = table if fold is None else table.take(folds[fold].train)
        where = "the final fit" if fold is None else f"fold {fold + 1} of {len(folds)}"
        told = partial(_tell, report, f"tuning for {where}", len(found), len(folds) + 1)
        try:
            found.append(_tuned_on(config, train, fold, predict, told))
        except PlanRecError as error:
            error.add_note(f"while tuning {config.model.kind} for {where} on {len(train)} decisions")
            raise
    return tuple(found)


def final_model(model: Model, tuned: Sequence[Tuned]) -> Model:
    """The model that is fitted on all rows and kept: `model` itself where nothing was tuned."""
    return with_values(model, tuned[-1].values) if tuned else model


def _tuned_on(
    config: RunConfig,
    train: DecisionTable,
    fold: int | None,
    predict: Predict,
    told: Callable[[int, int], None],
) -> Tuned:
    """Choose by the first metric on the inner folds of these rows, the same folds for all values."""
    assert config.search is not None
    search, metric, folds = config.search, config.metrics[0], _inner_folds(config, train)
    judged: list[tuple[dict[str, Any], float]] = []

    def judge(values: dict[str, Any]) -> float:
        value = value_of(predict(with_values(config.model, values), train, folds), metric)
        judged.append((values, value))
        told(len(judged), search.n_trials)
        return value

    best = best_values(search, config.seed, METRICS[metric].higher_is_better is True, judge)
    return Tuned(fold, best, next(value for values, value in judged if values == best))


def _inner_folds(config: RunConfig, train: DecisionTable) -> list[Fold]:
    splitter = config.cv.inner_splitter
    assert splitter is not None
    try:
        return list(splitter.split(train, config.seed))
    except DataError as error:
        raise DataError(error.message.replace("cv.n_folds", "cv.inner.n_folds")) from error


def _tell(
    report: Callable[[str, int, int], None], step: str, n_before: int, n_fits: int, trial: int, n_trials: int
) -> None:
    report(step, n_before * n_trials + trial, n_fits * n_trials)
