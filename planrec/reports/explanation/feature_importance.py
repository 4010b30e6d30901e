"""Importance of each feature of a run's model, measured on held-out rows of its folds."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from planrec.config.run_config import RunConfig
from planrec.contracts import Explainable
from planrec.files.formula_cells import plain_rows
from planrec.metrics import (
    METRICS,
    Estimate,
    Metric,
    SubscriberDraws,
    draws_of,
    mean_estimate,
    metric_draws,
    paired_difference,
)
from planrec.reports.explanation.refit import FoldModel, refit
from planrec.runs.read import SavedRun, load_run
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import Report
from planrec.training.out_of_fold import out_of_fold_table

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "planrec.explain/1"
MONEY_METRIC = "regret"
"Also judges features if there are bills after the decision."
DEFAULT_METRIC = "log_loss"
"Judges features if the run has no metric of probabilities: a proper score."


@dataclass(frozen=True)
class FeatureImportance:
    """Importance of one column of the feature matrix."""

    name: str
    worse: Mapping[str, Estimate]
    "Increase of each metric if the column is shuffled among the test rows; negative: the metric improves."
    contribution: Estimate | None
    """Mean over decisions of the absolute contribution to the raw scores, summed over the plans; None if the
    model cannot compute it exactly."""


@dataclass(frozen=True)
class Explanation:
    """Result of `planrec explain`."""

    saved: SavedRun
    metrics: tuple[str, ...]
    "The first metric sorts the features."
    values: Mapping[str, Estimate]
    "The metrics without any shuffling."
    features: tuple[FeatureImportance, ...]
    "The most important feature first."
    repeats: int
    n_decisions: int
    n_subscribers: int


def explain(folder: Path, repeats: int, report: Report = lambda step, done, total: None) -> Explanation:
    """Fit the folds of a run again, and measure features on the test rows of each fold.

    Args:
        folder: the run.
        repeats: number of shuffles of each column.
        report: receives the progress.

    Returns:
        The explanation.

    Raises:
        RunError: the run is not complete, its model reads no features, or its data, folds or probabilities
            cannot be reproduced.
    """
    saved = load_run(folder)
    table, fitted = refit(saved, report)
    unshuffled = _out_of_fold_rows(saved, table, fitted, [part.matrix for part in fitted])
    draws = draws_of(unshuffled, saved.config.seed, saved.config.n_bootstrap)
    metrics = metrics_of(saved.config)
    names = list(dict.fromkeys(name for part in fitted for name in part.names))
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        values = {metric: metric_draws(unshuffled, metric, draws) for metric in metrics}
        contributions = _contributions(fitted, names, unshuffled, draws)
        features = []
        for done, name in enumerate(names):
            shuffled = [
                _out_of_fold_rows(saved, table, fitted, _shuffle(fitted, name, saved.config.seed, repeat))
                for repeat in range(repeats)
            ]
            worse = {metric: _increase(metric, values[metric], shuffled, draws) for metric in metrics}
            features.append(FeatureImportance(name, worse, contributions.get(name)))
            report(f"shuffling {name}", done + 1, len(names))
    return Explanation(
        saved=saved,
        metrics=metrics,
        values={metric: paired_difference(np.zeros_like(of), of) for metric, of in values.items()},
        features=tuple(sorted(features, key=lambda feature: -feature.worse[metrics[0]].value)),
        repeats=repeats,
        n_decisions=len(np.unique(np.concatenate([part.fold.test for part in fitted]))),
        n_subscribers=len(draws.ids),
    )


def metrics_of(config: RunConfig) -> tuple[str, ...]:
    """Return the run's first metric of probabilities, and regret if the target advises on bills.

    Lower is better in each.
    """
    requested = [name for name in config.metrics if _judges_probabilities(METRICS[name])]
    return (*(requested or [DEFAULT_METRIC])[:1], *([MONEY_METRIC] if config.target.needs_catalogue else []))


def _judges_probabilities(metric: Metric) -> bool:
    return metric.needs_probability and metric.higher_is_better is False


def as_csv(explanation: Explanation) -> str:
    """Return one line per feature, with the ends of the interval after each value."""
    text = io.StringIO()
    rows = [_csv_cells(feature) for feature in explanation.features]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain_rows(rows))
    return text.getvalue()


def as_json(explanation: Explanation) -> str:
    """Return the explanation as JSON, the feature that counts most first."""
    content = {
        "schema": SCHEMA,
        "run_id": explanation.saved.run_id,
        "metrics": {name: value.as_json() for name, value in explanation.values.items()},
        "features": [
            {
                "feature": feature.name,
                "worse_by": {name: value.as_json() for name, value in feature.worse.items()},
                "contribution": None if feature.contribution is None else feature.contribution.as_json(),
            }
            for feature in explanation.features
        ],
        "repeats": explanation.repeats,
        "n_decisions": explanation.n_decisions,
        "n_subscribers": explanation.n_subscribers,
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _csv_cells(feature: FeatureImportance) -> dict[str, object]:
    estimates = {f"{metric}_worse_by": worse for metric, worse in feature.worse.items()}
    if feature.contribution is not None:
        estimates["contribution"] = feature.contribution
    cells: dict[str, object] = {"feature": feature.name}
    for name, estimate in estimates.items():
        cells |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return cells


def _out_of_fold_rows(
    saved: SavedRun, table: DecisionTable, fitted: Sequence[FoldModel], matrices: Sequence[np.ndarray]
) -> "pd.DataFrame":
    """Return the out-of-fold table if the model of each fold reads these matrices."""
    predicted = [part.predict(matrix) for part, matrix in zip(fitted, matrices, strict=True)]
    return out_of_fold_table(saved.config.model.kind, table, predicted)


def _shuffle(fitted: Sequence[FoldModel], name: str, seed: int, repeat: int) -> list[np.ndarray]:
    """Return each fold's matrix with one column shuffled; the order is the same for all columns."""
    matrices = []
    for part in fitted:
        matrix = part.matrix.copy()
        if name in part.names:
            column = part.names.index(name)
            rng = np.random.default_rng([seed, part.number, repeat])
            matrix[:, column] = matrix[rng.permutation(len(matrix)), column]
        matrices.append(matrix)
    return matrices


def _increase(
    metric: str, value: np.ndarray, shuffled: Sequence["pd.DataFrame"], draws: SubscriberDraws
) -> Estimate:
    """Return the increase of the metric, mean over the shuffles, on the same draws of subscribers."""
    after = np.mean([metric_draws(table, metric, draws) for table in shuffled], axis=0)
    return paired_difference(value, after)


def _contributions(
    fitted: Sequence[FoldModel], names: Sequence[str], unshuffled: "pd.DataFrame", draws: SubscriberDraws
) -> dict[str, Estimate]:
    """Return the contributions by feature; empty if the model cannot compute them exactly."""
    parts = []
    for part in fitted:
        estimator = part.recommender.estimator
        exact = estimator.contributions(part.matrix) if isinstance(estimator, Explainable) else None
        if exact is None:
            return {}
        # Without the last column, which is the base value of every row.
        of_column = dict(zip(part.names, np.abs(exact[:, :, :-1]).sum(axis=1).T, strict=True))
        parts.append([of_column.get(name, np.zeros(len(part.matrix))) for name in names])
    of_rows = np.concatenate(parts, axis=1)
    return {name: mean_estimate(unshuffled, of_rows[at], draws) for at, name in enumerate(names)}
