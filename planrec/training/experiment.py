"""One run from config to result. Read this file first."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.catalogue import Catalogue
from planrec.checks import run_checks
from planrec.checks.proxy import check_proxies
from planrec.config.run_config import RunConfig
from planrec.contracts import Fold, Model, SourceWithTruth
from planrec.errors import FitError, PlanRecError
from planrec.metrics import MetricValue, check_gates, evaluate
from planrec.model.estimator_parameters import set_everywhere
from planrec.recommending.recommender import Recommender, model_input
from planrec.schema.columns import Columns
from planrec.schema.tables import DecisionTable
from planrec.search import with_values
from planrec.training.cross_fit import calibration_notes
from planrec.training.fitting import Chosen, FitLog, choices_of, fitted_recommender
from planrec.training.harm_guard import guard_notes
from planrec.training.latency import Speed, speed_of
from planrec.training.out_of_fold import FoldPrediction, out_of_fold_table
from planrec.training.tuning import Tuned, final_model, tune

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[str, int, int], None]
"""Told (what is done, steps done, steps in all) after every step of a run."""


@dataclass(frozen=True)
class LoadedDecisions:
    """The decisions that `data` and `target` of a config give: the same for every run that shares them."""

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
    "What the source dropped, which checks were waived and why, what calibration lacked."
    dropped: Columns
    "`where` and `reason` of every row that the source left out."
    folds_fingerprint: str
    "sha256 of which decisions are learned from and judged in which fold: equal folds, equal fingerprints."
    tuned: tuple[Tuned, ...]
    "What a search chose for each fold and, last, for the final fit; empty where nothing was tuned."
    chosen: tuple[Chosen, ...]
    "What every fit chose on inner folds of its own rows, last the final fit; often empty."
    seconds: dict[str, float]
    "Wall time by stage: data, tuning (where the splitter tunes), folds, intervals, final_fit."
    fit_seconds: dict[str, float]
    "Mean wall time of fitting one fold, by model."
    speed: Speed
    "How fast the recommender answers."


def run(
    config: RunConfig,
    report: Report = lambda step, done, total: None,
    load: Callable[[RunConfig], LoadedDecisions] | None = None,
) -> RunResult:
    """Load, check, tune where the splitter says so, cross-validate, measure, then fit on everything.

    `load` replaces `load_decisions`, for callers that run many configs over the same data.
    """
    seconds: dict[str, float] = {}
    log = FitLog()
    with _timed(seconds, "data"):
        loaded = (load or load_decisions)(config)
        table = loaded.table
        folds = list(config.cv.split(table, config.seed))
        waived = run_checks(
            table, folds, config.waivers, keeps_subscribers_whole=config.cv.keeps_subscribers_whole
        )
        waived += _proxy_notes(config, table)
    tuned: tuple[Tuned, ...] = ()
    if config.cv.inner_splitter is not None:
        with _timed(seconds, "tuning"):
            tuned = tune(config, table, folds, partial(_predict_alone, config), report)
    models = models_of(config, len(folds), tuned)
    with _timed(seconds, "folds"):
        out_of_fold = predict_out_of_fold(config, models, table, folds, report, log)
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with _timed(seconds, "intervals"), threadpool_limits(1):
        rules = {name for name, in_fold in models.items() if not in_fold[0].traits.probabilistic}
        metrics = evaluate(out_of_fold, config.metrics, config.seed, config.n_bootstrap, rules)
        gated = check_gates(metrics, config.gates, config.waivers.gates)
    with _timed(seconds, "final_fit"):
        # LightGBM writes its threads into the model's text; one thread, so that equal runs are equal files.
        recommender = fitted_recommender(config, final_model(config.model, tuned), table, table, threads=1)
    return RunResult(
        config=config,
        recommender=recommender,
        table=table,
        out_of_fold=out_of_fold,
        metrics=tuple(metrics),
        notes=(
            *table.notes,
            *waived,
            *calibration_notes(config.calibration, table),
            *guard_notes(config.policy, [*(len(fold.train) for fold in folds), len(table)]),
            *gated,
        ),
        dropped=loaded.dropped,
        folds_fingerprint=fingerprint(folds),
        tuned=tuned,
        seconds=seconds,
        chosen=(*log.chosen, *choices_of(config, recommender, config.model.kind, None)),
        fit_seconds=log.seconds,
        speed=speed_of(recommender, table),
    )


def load_decisions(config: RunConfig) -> LoadedDecisions:
    """Read the data and label it."""
    catalogue = config.catalogue.open()
    loaded = config.data.load(catalogue)
    table = _with_hidden_bills(config, config.target.label(loaded, catalogue), catalogue)
    return LoadedDecisions(table, loaded.dropped)


def fingerprint(folds: Sequence[Fold]) -> str:
    """sha256 over the rows of every fold."""
    digest = hashlib.sha256()
    for fold in folds:
        digest.update(f"{fold.repeat} {len(fold.train)} {len(fold.test)};".encode())
        digest.update(np.ascontiguousarray(fold.train, np.int64).tobytes())
        digest.update(np.ascontiguousarray(fold.test, np.int64).tobytes())
    return digest.hexdigest()


def models_of(config: RunConfig, n_folds: int, tuned: Sequence[Tuned] = ()) -> dict[str, Sequence[Model]]:
    """The model of each fold, tuned where a search chose, and those of the baselines, as they are.

    A baseline of the model's own kind has a name of its own.
    """
    own = config.model.kind
    in_fold = [with_values(config.model, chosen.values) for chosen in tuned if chosen.fold is not None]
    others = {name: model for name, model in config.baselines.items() if tuned or model != config.model}
    models: dict[str, Sequence[Model]] = {own: in_fold or [config.model] * n_folds}
    for name, model in others.items():
        models[f"{name} (baseline)" if name == own else name] = [model] * n_folds
    return models


def predict_out_of_fold(
    config: RunConfig,
    models: Mapping[str, Sequence[Model]],
    table: DecisionTable,
    folds: Sequence[Fold],
    report: Report = lambda step, done, total: None,
    log: FitLog | None = None,
) -> "pd.DataFrame":
    """Decide every test row with a recommender that never saw its fold, for each name and its model by fold.

    What there is to tell of the fits is added to `log`.
    """
    import pandas as pd

    log = log or FitLog()
    parts, done = [], 0
    for name, in_fold in models.items():
        predicted, fitting = [], 0.0
        for number, (model, fold) in enumerate(zip(in_fold, folds, strict=True)):
            train, test = table.take(fold.train), table.take(fold.test)
            try:
                start = perf_counter()
                recommender = fitted_recommender(config, model, train, table, config.threads)
                fitting += perf_counter() - start
                predicted.append(
                    FoldPrediction(
                        number,
                        fold,
                        recommender.policy,
                        recommender.predict(test),
                        recommender.bill_chances(test),
                    )
                )
                log.chosen.extend(choices_of(config, recommender, name, number))
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
        parts.append(out_of_fold_table(name, table, predicted))
        log.seconds[name] = fitting / max(len(folds), 1)
    return pd.concat(parts, ignore_index=True)


def _predict_alone(
    config: RunConfig, model: Model, table: DecisionTable, folds: Sequence[Fold]
) -> "pd.DataFrame":
    return predict_out_of_fold(config, {model.kind: [model] * len(folds)}, table, folds)


def _proxy_notes(config: RunConfig, table: DecisionTable) -> list[str]:
    """What the features tell of the protected columns; nothing where there are none."""
    if not table.segments:
        return []
    transformer = config.features.build(config.catalogue.open())
    set_everywhere(transformer, "encoding", config.model.traits.encoding)
    features = transformer.fit_transform(model_input(config.features, config.model, table), table.y)
    return check_proxies(
        features, table, config.fairness.proxy_auc_at_most, config.waivers.proxy, config.seed
    )


def _with_hidden_bills(config: RunConfig, table: DecisionTable, catalogue: Catalogue | None) -> DecisionTable:
    """The truth that only a simulator knows, beside what turned out; no model is given it."""
    if catalogue is None or table.as_of is None or table.horizon == 0:
        return table
    if not isinstance(config.data, SourceWithTruth):
        return table
    hidden = config.data.hidden_bills(catalogue, table.subscriber, table.as_of, table.horizon)
    return replace(table, hidden_bills=hidden)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] = perf_counter() - start
