"""One run from config to result. Read this file first."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from planrec.catalogue import Catalogue
from planrec.checks import run_checks
from planrec.config import RunConfig
from planrec.contracts import Fold, Model
from planrec.metrics import MetricValue, evaluate
from planrec.recommender import Recommender, model_input
from planrec.schema import Columns, Decisions, DecisionTable, OutOfFold, Prediction

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[str, int, int], None]
"""Told (what is done, steps done, steps in all) after every step of a run."""


@dataclass(frozen=True)
class RunResult:
    """Everything a run found out; `run_folder.save_run` writes it."""

    config: RunConfig
    recommender: Recommender
    "Fitted on every decision; this is what the API serves."
    table: DecisionTable
    out_of_fold: "pd.DataFrame"
    "Columns `OutOfFold`; one row per decision, repeat and model."
    metrics: tuple[MetricValue, ...]
    notes: tuple[str, ...]
    "What the source dropped, which checks were waived and why."
    dropped: Columns = field(default_factory=dict)
    "`where` and `reason` of every row that the source left out."
    seconds: dict[str, float] = field(default_factory=dict)
    "Wall time by stage: data, folds, intervals, final_fit."


def run(config: RunConfig, report: Report = lambda step, done, total: None) -> RunResult:
    """Load, check, cross-validate, measure, then fit on everything."""
    seconds: dict[str, float] = {}
    catalogue = config.catalogue.open()
    with _timed(seconds, "data"):
        loaded = config.data.load(catalogue)
        table = config.target.label(loaded, catalogue)
        folds = list(config.cv.split(table, config.seed))
        waived = run_checks(table, folds, config.waivers, config.cv.keeps_subscribers_whole)
    models: dict[str, Model] = {config.model.kind: config.model}
    models |= {name: model for name, model in config.baselines.items() if model != config.model}
    with _timed(seconds, "folds"):
        out_of_fold = predict_out_of_fold(config, models, table, folds, report)
    with _timed(seconds, "intervals"):
        rules = {name for name, model in models.items() if not model.probabilistic}
        metrics = evaluate(out_of_fold, config.metrics, config.seed, config.n_bootstrap, rules)
    with _timed(seconds, "final_fit"):
        recommender = fitted_recommender(config, config.model, table, table, catalogue)
    notes = (*table.notes, *waived)
    return RunResult(config, recommender, table, out_of_fold, tuple(metrics), notes, loaded.dropped, seconds)


def predict_out_of_fold(
    config: RunConfig,
    models: dict[str, Model],
    table: DecisionTable,
    folds: Sequence[Fold],
    report: Report = lambda step, done, total: None,
) -> "pd.DataFrame":
    """Decide every test row with a recommender that never saw its fold, for each model."""
    import pandas as pd

    parts = []
    total = len(models) * len(folds)
    for name, model in models.items():
        for number, fold in enumerate(folds):
            train, test = table.take(fold.train), table.take(fold.test)
            try:
                recommender = fitted_recommender(config, model, train, table, config.catalogue.open())
                prediction, decisions = recommender.recommend(test)
            except Exception as error:
                error.add_note(f"while fitting {name} in fold {number} on {len(train)} decisions")
                raise
            parts.append(_out_of_fold_rows(name, number, fold, test, prediction, decisions))
            report(f"{name}, fold {number + 1} of {len(folds)}", len(parts), total)
    return pd.concat(parts, ignore_index=True)


def fitted_recommender(
    config: RunConfig,
    model: Model,
    train: DecisionTable,
    table: DecisionTable,
    catalogue: Catalogue | None,
) -> Recommender:
    """Fit on `train`; plans and inputs are those of the whole `table`, never one fold's."""
    pipeline = clone(build_pipeline(config, model, catalogue))
    set_threads(pipeline, config.threads)
    with threadpool_limits(config.threads):
        pipeline.fit(model_input(model, train), train.y)
    # One thread when serving: the others cost more than they give for one row, and the file stays the same.
    set_threads(pipeline, 1)
    return Recommender(pipeline, model, config.policy, table.plans, table.inputs, catalogue)


def build_pipeline(config: RunConfig, model: Model, catalogue: Catalogue | None) -> Pipeline:
    """Features and model as one unfitted scikit-learn Pipeline."""
    estimator = model.build(config.seed, catalogue)
    if model.reads == "history":
        return Pipeline([("model", estimator)])
    features = config.features.build(catalogue)
    _set_everywhere(features, "encoding", model.encoding)
    return Pipeline([("features", features), ("model", estimator)])


def set_threads(pipeline: Pipeline, threads: int) -> None:
    """Set every `n_jobs` of a pipeline."""
    _set_everywhere(pipeline, "n_jobs", threads)


def _set_everywhere(estimator: BaseEstimator, parameter: str, value: object) -> None:
    names = [name for name in estimator.get_params() if name.split("__")[-1] == parameter]
    estimator.set_params(**dict.fromkeys(names, value))


def _out_of_fold_rows(
    name: str, number: int, fold: Fold, test: DecisionTable, prediction: Prediction, decisions: Decisions
) -> "pd.DataFrame":
    import pandas as pd

    plans = np.array([*test.plans, None], dtype=object)  # the last one answers index -1: none
    columns: dict[str, object] = {
        OutOfFold.DECISION_ID: fold.test,
        OutOfFold.REPEAT: fold.repeat,
        OutOfFold.FOLD: number,
        OutOfFold.MODEL: name,
        OutOfFold.SUBSCRIBER: test.subscriber,
        OutOfFold.Y: plans[test.y],
        OutOfFold.RECOMMENDED: plans[decisions.recommended],
        OutOfFold.DECISION: decisions.decision,
        OutOfFold.REASON: decisions.reason,
    }
    if test.as_of is not None:
        columns[OutOfFold.AS_OF] = test.as_of.astype("datetime64[s]")
    if test.held is not None:
        columns[OutOfFold.HELD] = plans[test.held]
    for index, plan in enumerate(test.plans):
        columns[OutOfFold.PROBABILITY + plan] = prediction.probability[:, index]
        columns[OutOfFold.MENU + plan] = test.menu[:, index]
    columns |= {OutOfFold.SEGMENT + segment: values for segment, values in test.segments.items()}
    return pd.DataFrame(columns)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] = perf_counter() - start
