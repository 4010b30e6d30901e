"""One run from config to result. Read this file first."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from planrec.errors import FitError, PlanRecError
from planrec.metrics import MetricValue, evaluate
from planrec.out_of_fold import FoldPrediction, out_of_fold_table
from planrec.recommender import Recommender, model_input
from planrec.schema import Columns, DecisionTable
from planrec.speed import Speed, speed_of

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[str, int, int], None]
"""Told (what is done, steps done, steps in all) after every step of a run."""


@dataclass(frozen=True)
class Decided:
    """What `data` and `target` of a config give: the same for every run that shares them."""

    table: DecisionTable
    dropped: Columns
    "`where` and `reason` of every row that the source left out."


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
    dropped: Columns
    "`where` and `reason` of every row that the source left out."
    folds_fingerprint: str
    "sha256 of which decisions are learned from and judged in which fold: equal folds, equal fingerprints."
    seconds: dict[str, float]
    "Wall time by stage: data, folds, intervals, final_fit."
    fit_seconds: dict[str, float]
    "Mean wall time of fitting one fold, by model."
    speed: Speed
    "How fast the recommender answers."


def run(
    config: RunConfig,
    report: Report = lambda step, done, total: None,
    decide: Callable[[RunConfig], Decided] | None = None,
) -> RunResult:
    """Load, check, cross-validate, measure, then fit on everything.

    `decide` stands in for `decided`, for whoever runs many configs over the same data.
    """
    seconds: dict[str, float] = {}
    fit_seconds: dict[str, float] = {}
    with _timed(seconds, "data"):
        loaded = (decide or decided)(config)
        table = loaded.table
        folds = list(config.cv.split(table, config.seed))
        waived = run_checks(table, folds, config.waivers, config.cv.keeps_subscribers_whole)
    models = models_of(config)
    with _timed(seconds, "folds"):
        out_of_fold = predict_out_of_fold(config, models, table, folds, report, fit_seconds)
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with _timed(seconds, "intervals"), threadpool_limits(1):
        rules = {name for name, model in models.items() if not model.probabilistic}
        metrics = evaluate(out_of_fold, config.metrics, config.seed, config.n_bootstrap, rules)
    with _timed(seconds, "final_fit"):
        # LightGBM writes its threads into the model's text; one thread, so that equal runs are equal files.
        recommender = fitted_recommender(config, config.model, table, table, threads=1)
    return RunResult(
        config=config,
        recommender=recommender,
        table=table,
        out_of_fold=out_of_fold,
        metrics=tuple(metrics),
        notes=(*table.notes, *waived),
        dropped=loaded.dropped,
        folds_fingerprint=fingerprint(folds),
        seconds=seconds,
        fit_seconds=fit_seconds,
        speed=speed_of(recommender, table),
    )


def decided(config: RunConfig) -> Decided:
    """Read the data and label it."""
    catalogue = config.catalogue.open()
    loaded = config.data.load(catalogue)
    table = _with_hidden_bills(config, config.target.label(loaded, catalogue), catalogue)
    return Decided(table, loaded.dropped)


def fingerprint(folds: Sequence[Fold]) -> str:
    """sha256 over the rows of every fold."""
    digest = hashlib.sha256()
    for fold in folds:
        digest.update(f"{fold.repeat} {len(fold.train)} {len(fold.test)};".encode())
        digest.update(np.ascontiguousarray(fold.train, np.int64).tobytes())
        digest.update(np.ascontiguousarray(fold.test, np.int64).tobytes())
    return digest.hexdigest()


def models_of(config: RunConfig) -> dict[str, Model]:
    """The model and its baselines by name; a baseline of the model's own kind has a name of its own."""
    own = config.model.kind
    others = {name: model for name, model in config.baselines.items() if model != config.model}
    return {own: config.model} | {
        f"{name} (baseline)" if name == own else name: model for name, model in others.items()
    }


def predict_out_of_fold(
    config: RunConfig,
    models: dict[str, Model],
    table: DecisionTable,
    folds: Sequence[Fold],
    report: Report = lambda step, done, total: None,
    fit_seconds: dict[str, float] | None = None,
) -> "pd.DataFrame":
    """Decide every test row with a recommender that never saw its fold, for each model.

    `fit_seconds` is given the mean wall time of one fit by model.
    """
    import pandas as pd

    parts, done = [], 0
    for name, model in models.items():
        predicted, fitting = [], 0.0
        for number, fold in enumerate(folds):
            train, test = table.take(fold.train), table.take(fold.test)
            try:
                start = perf_counter()
                recommender = fitted_recommender(config, model, train, table, config.threads)
                fitting += perf_counter() - start
                predicted.append(FoldPrediction(number, fold, recommender.predict(test)))
            except PlanRecError as error:
                error.add_note(f"while fitting {name} in fold {number} on {len(train)} decisions")
                raise
            except Exception as error:
                raise FitError(
                    f"model {name} failed in fold {number}, fitted on {len(train)} decisions",
                    [f"{type(error).__name__}: {error}"],
                ) from error
            done += 1
            report(f"{name}, fold {number + 1} of {len(folds)}", done, len(models) * len(folds))
        parts.append(out_of_fold_table(name, config.policy, table, predicted))
        if fit_seconds is not None:
            fit_seconds[name] = fitting / max(len(folds), 1)
    return pd.concat(parts, ignore_index=True)


def fitted_recommender(
    config: RunConfig,
    model: Model,
    train: DecisionTable,
    table: DecisionTable,
    threads: int,
) -> Recommender:
    """Fit on `train`; plans and inputs are those of the whole `table`, never one fold's."""
    catalogue = config.catalogue.open()
    pipeline = clone(build_pipeline(config, model, catalogue))
    set_threads(pipeline, threads)
    with threadpool_limits(threads):
        pipeline.fit(model_input(config.features, model, train), train.y)
    # One thread when serving: the others cost more than they give for one row.
    set_threads(pipeline, 1)
    return Recommender(
        pipeline=pipeline,
        features=config.features,
        model=model,
        policy=config.policy,
        plans=table.plans,
        inputs=table.inputs,
        horizon=table.horizon,
        catalogue=catalogue,
    )


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


def _with_hidden_bills(config: RunConfig, table: DecisionTable, catalogue: Catalogue | None) -> DecisionTable:
    """The truth that only a simulator knows, beside what turned out; no model is given it."""
    if catalogue is None or table.as_of is None or table.horizon == 0:
        return table
    hidden = config.data.hidden_bills(catalogue, table.subscriber, table.as_of, table.horizon)
    return replace(table, hidden_bills=hidden)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] = perf_counter() - start
