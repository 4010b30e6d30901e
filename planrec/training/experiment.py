"""One run, from config to result. Read this file first."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.catalogue import Catalogue
from planrec.catalogue.commitments import CommitmentRules, with_commitments
from planrec.checks import run_checks
from planrec.checks.proxy import check_proxies
from planrec.config.run_config import RunConfig
from planrec.contracts import Fold, Model, SourceWithTruth
from planrec.errors import FitError, PlanRecError
from planrec.metrics import (
    Difference,
    DrawnMetrics,
    MetricValue,
    check_gates,
    differences_to_first,
    draw_metrics,
)
from planrec.model.estimator_parameters import set_everywhere
from planrec.recommending.recommender import Recommender, model_input
from planrec.schema.columns import Columns
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory
from planrec.search import with_values
from planrec.training.cross_fit import calibration_notes
from planrec.training.fitting import Chosen, FitLog, choices_of, fitted_recommender
from planrec.training.harm_guard import guard_notes
from planrec.training.latency import Speed, speed_of
from planrec.training.out_of_fold import FoldPrediction, out_of_fold_table
from planrec.training.tuning import Tuned, final_model, tune, tuner_of
from planrec.training.verdict import verdict_of
from planrec.wording import leak_notes

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[str, int, int], None]
"""Called with (step, steps done, steps in all) when a step of a run begins; 0 in all: one step of its own."""

STEPS = {
    "data": "reading the data",
    "tuning": "tuning",
    "folds": "fitting the folds",
    "intervals": "computing the intervals",
    "final_fit": "fitting the final model",
}
"By stage of a run: the first step that is reported."


@dataclass(frozen=True)
class LoadedDecisions:
    """Decisions from `data` and `target` of a config, the same for every run that shares them."""

    table: DecisionTable
    dropped: Columns
    "`where` and `reason` of every row that the source left out."


@dataclass(frozen=True, repr=False)
class RunResult:
    """Everything that a run computes; `runs.write.save_run` saves it."""

    config: RunConfig
    recommender: Recommender
    "Fitted on all decisions; the API serves it."
    table: DecisionTable
    out_of_fold: "pd.DataFrame"
    "Columns `OutOfFold`; one row per decision, repeat and model."
    metrics: tuple[MetricValue, ...]
    differences: tuple[Difference, ...]
    "Each baseline's value less that of the run's own model, on the same draws of subscribers."
    notes: tuple[str, ...]
    "Dropped data, waived checks with their reasons, fits with too few decisions."
    dropped: Columns
    "`where` and `reason` of every row that the source left out."
    folds_fingerprint: str
    "sha256 of the training and test rows of every fold; equal folds have equal fingerprints."
    tuned: tuple[Tuned, ...]
    "Values that a search chose for each fold and, last, for the final fit; empty if nothing was tuned."
    chosen: tuple[Chosen, ...]
    "Choices of every fit on inner folds of its own rows, the final fit last; often empty."
    seconds: dict[str, float]
    "Wall time by stage: data, tuning (if the splitter tunes), folds, intervals, final_fit."
    fit_seconds: dict[str, float]
    "Mean wall time of fitting one fold, by model."
    speed: Speed
    "Latency and throughput of the recommender."

    @property
    def currency(self) -> str | None:
        """Return the currency of the metrics of money; None without plans that have prices."""
        return None if self.recommender.catalogue is None else self.recommender.catalogue.currency

    @property
    def reservations(self) -> tuple[str, ...]:
        """Return reasons to distrust the figures."""
        return leak_notes(self.notes)

    @property
    def target(self) -> str:
        """Return the kind of the target."""
        return self.config.target.kind

    def __repr__(self) -> str:
        return f"<RunResult: {verdict_of(self).sentence()}>"


def run(
    config: RunConfig,
    report: Report = lambda step, done, total: None,
    load: Callable[[RunConfig], LoadedDecisions] | None = None,
) -> RunResult:
    """Load, check, tune if the splitter is nested, cross-validate, measure, then fit on all decisions.

    `load` replaces `load_decisions`, for callers that run many configs over the same data.
    """
    seconds: dict[str, float] = {}
    timed, log = partial(_timed, seconds, report), FitLog()
    with timed("data"):
        loaded = (load or load_decisions)(config)
        table = loaded.table
        folds = list(config.cv.split(table, config.seed))
        report("checking the data", 0, 0)
        waived = _checked(config, table, folds)
    tuned: tuple[Tuned, ...] = ()
    tuner = tuner_of(config, partial(_predict_alone, config))
    if tuner is not None:
        with timed("tuning"):
            tuned = tune(tuner, table, folds, report)
    models = models_of(config, len(folds), tuned)
    with timed("folds"):
        out_of_fold = predict_out_of_fold(config, models, table, folds, report, log)
    # One thread: the products are small, and idle threads of linear algebra spin while they wait.
    with timed("intervals"), threadpool_limits(1):
        drawn = _drawn_metrics(config, models, out_of_fold)
        metrics = drawn.values()
        gated = check_gates(metrics, config.gates, config.waivers.gates)
    with timed("final_fit"):
        # LightGBM writes its threads into the model's text; with one thread, equal runs give equal files.
        recommender = fitted_recommender(config, final_model(config.model, tuned), table, table, threads=1)
    return RunResult(
        config=config,
        recommender=recommender,
        table=table,
        out_of_fold=out_of_fold,
        metrics=tuple(metrics),
        differences=tuple(differences_to_first(drawn)),
        notes=(
            *table.notes,
            *waived,
            *calibration_notes(config.calibration, table),
            *guard_notes(config.policy, table, folds),
            *gated,
        ),
        dropped=loaded.dropped,
        folds_fingerprint=fingerprint(folds),
        tuned=tuned,
        seconds=seconds,
        chosen=(*log.chosen, *choices_of(config, recommender, config.model.kind, None)),
        fit_seconds=log.seconds,
        # A copy, because the trees of neighbours count queries, and the count would enter the saved model.
        speed=speed_of(deepcopy(recommender), table),
    )


def _checked(config: RunConfig, table: DecisionTable, folds: Sequence[Fold]) -> list[str]:
    """Check data and folds. Return the problems that are waived, and notes about proxies."""
    whole, dropped = config.cv.keeps_subscribers_whole, config.data.drop_columns
    waived = run_checks(table, folds, config.waivers, dropped, keeps_subscribers_whole=whole)
    return waived + _proxy_notes(config, table)


def _drawn_metrics(
    config: RunConfig, models: Mapping[str, Sequence[Model]], out_of_fold: "pd.DataFrame"
) -> DrawnMetrics:
    rules = {name for name, in_fold in models.items() if not in_fold[0].traits.probabilistic}
    return draw_metrics(out_of_fold, config.metrics, config.seed, config.n_bootstrap, rules)


def load_decisions(config: RunConfig) -> LoadedDecisions:
    """Read the data and label it."""
    return label_decisions(config, config.data.load(config.catalogue.open()))


def label_decisions(config: RunConfig, loaded: RowTable | UsageHistory) -> LoadedDecisions:
    """Label data that the source of the config has loaded."""
    catalogue = config.catalogue.open()
    labelled = config.target.label(loaded, catalogue)
    table = _with_hidden_bills(config, _under_rules(config, labelled, catalogue), catalogue)
    return LoadedDecisions(table, loaded.dropped)


def fingerprint(folds: Sequence[Fold]) -> str:
    """Compute the sha256 over the rows of every fold."""
    digest = hashlib.sha256()
    for fold in folds:
        digest.update(f"{fold.repeat} {len(fold.train)} {len(fold.test)};".encode())
        digest.update(np.ascontiguousarray(fold.train, np.int64).tobytes())
        digest.update(np.ascontiguousarray(fold.test, np.int64).tobytes())
    return digest.hexdigest()


def models_of(config: RunConfig, n_folds: int, tuned: Sequence[Tuned] = ()) -> dict[str, Sequence[Model]]:
    """Choose the model of each fold, with tuned values if there are any, and those of the baselines, untuned.

    A baseline of the same kind as the model gets the name `KIND (baseline)`.
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
    """Decide every test row with a recommender fitted on the training rows of its fold.

    Args:
        config: the run.
        models: name in the table -> the model of each fold.
        table: all decisions.
        folds: training and test rows.
        report: called before each fit.
        log: times and choices of the fits are added to it.
    """
    import pandas as pd

    log = log or FitLog()
    parts: list[pd.DataFrame] = []
    n_fits = len(models) * len(folds)
    for name, in_fold in models.items():
        predicted: list[FoldPrediction] = []
        log.seconds[name] = 0.0
        for number, (model, fold) in enumerate(zip(in_fold, folds, strict=True)):
            report(f"{name}, fold {number + 1} of {len(folds)}", len(parts) * len(folds) + number, n_fits)
            with _failure_named(name, number, len(fold.train)):
                predicted.append(_fold_prediction(config, name, model, number, fold, table, log))
        log.seconds[name] /= max(len(folds), 1)
        parts.append(out_of_fold_table(name, table, predicted))
    return pd.concat(parts, ignore_index=True)


def _fold_prediction(
    config: RunConfig,
    name: str,
    model: Model,
    number: int,
    fold: Fold,
    table: DecisionTable,
    log: FitLog,
) -> FoldPrediction:
    """Fit one fold, predict its test rows, and add its time and choices to `log`."""
    train, test = table.take(fold.train), table.take(fold.test)
    start = perf_counter()
    recommender = fitted_recommender(config, model, train, table, config.threads)
    log.seconds[name] += perf_counter() - start
    log.chosen.extend(choices_of(config, recommender, name, number))
    prediction, chances = recommender.predict(test), recommender.bill_chances(test)
    return FoldPrediction(number, fold, recommender.policy, prediction, chances)


@contextmanager
def _failure_named(name: str, number: int, n_decisions: int) -> Iterator[None]:
    """Add model and fold to an error.

    Raises:
        FitError: an error that is not one of PlanRec's own.
    """
    try:
        yield
    except PlanRecError as error:
        error.add_note(f"while fitting {name} in fold {number} on {n_decisions} decisions")
        raise
    except Exception as error:
        raise FitError(
            f"model {name} failed in fold {number}, fitted on {n_decisions} decisions",
            [f"{type(error).__name__}: {error}"],
        ) from error


def _predict_alone(
    config: RunConfig, model: Model, table: DecisionTable, folds: Sequence[Fold]
) -> "pd.DataFrame":
    return predict_out_of_fold(config, {model.kind: [model] * len(folds)}, table, folds)


def _proxy_notes(config: RunConfig, table: DecisionTable) -> list[str]:
    """Collect notes about features that predict protected columns; none without protected columns."""
    if not table.segments:
        return []
    transformer = config.features.build(config.catalogue.open())
    set_everywhere(transformer, "encoding", config.model.traits.encoding)
    features = transformer.fit_transform(model_input(config.features, config.model, table), table.y)
    return check_proxies(
        features, table, config.fairness.proxy_auc_at_most, config.waivers.proxy, config.seed
    )


def _under_rules(config: RunConfig, table: DecisionTable, catalogue: Catalogue | None) -> DecisionTable:
    """Apply the policy's rules about commitments to decisions that a target made with the default rules."""
    rules = config.policy.commitment_rules
    return table if rules == CommitmentRules() else with_commitments(table, catalogue, rules)


def _with_hidden_bills(config: RunConfig, table: DecisionTable, catalogue: Catalogue | None) -> DecisionTable:
    """Add the expected bills that only a simulator knows; models never get them."""
    if catalogue is None or table.as_of is None or table.horizon == 0:
        return table
    if not isinstance(config.data, SourceWithTruth):
        return table
    hidden = config.data.hidden_bills(catalogue, table.subscriber, table.as_of, table.horizon)
    return replace(table, hidden_bills=hidden)


@contextmanager
def _timed(seconds: dict[str, float], report: Report, stage: str) -> Iterator[None]:
    report(STEPS[stage], 0, 0)
    start = perf_counter()
    yield
    seconds[stage] = perf_counter() - start
