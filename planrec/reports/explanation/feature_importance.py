"""How much each feature counts for what a run's model says of rows that it never saw."""

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
from planrec.metrics import (
    METRICS,
    Draws,
    Estimate,
    Metric,
    draws_of,
    mean_estimate,
    metric_draws,
    paired_difference,
)
from planrec.reports.explanation.refit import FittedFold, refit
from planrec.runs.read import SavedRun, load_run
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import Report
from planrec.training.out_of_fold import out_of_fold_table

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "planrec.explain/1"
MONEY_METRIC = "regret"
"Judges a feature as well where there are bills after the decision."
DEFAULT_METRIC = "log_loss"
"Judges a feature where the run has no metric of probabilities: a proper score."


@dataclass(frozen=True)
class ExplainedFeature:
    """One column of the feature matrix."""

    name: str
    worse: Mapping[str, Estimate]
    "By how much each metric gets worse where the column is shuffled among the test rows; negative: better."
    contribution: Estimate | None
    """Mean over decisions of what the column adds to the raw scores, without its sign, summed over the
    plans; None where the model cannot say it exactly."""


@dataclass(frozen=True)
class Explanation:
    """What `planrec explain` says."""

    saved: SavedRun
    metrics: tuple[str, ...]
    "The first one orders the features."
    values: Mapping[str, Estimate]
    "The metrics as they are, nothing shuffled."
    features: tuple[ExplainedFeature, ...]
    "The one that counts most first."
    repeats: int
    n_decisions: int
    n_subscribers: int


def explain(folder: Path, repeats: int, report: Report = lambda step, done, total: None) -> Explanation:
    """Fit the folds of a run again and ask each about the rows that it never saw.

    Raises:
        RunError: not a complete run, one whose model reads no features, or one whose data, folds or
            probabilities cannot be had again.
    """
    saved = load_run(folder)
    table, fitted = refit(saved, report)
    as_it_is = _judged(saved, table, fitted, [part.matrix for part in fitted])
    draws = draws_of(as_it_is, saved.config.seed, saved.config.n_bootstrap)
    metrics = metrics_of(saved.config)
    names = list(dict.fromkeys(name for part in fitted for name in part.names))
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        values = {metric: metric_draws(as_it_is, metric, draws) for metric in metrics}
        contributions = _contributions(fitted, names, as_it_is, draws)
        features = []
        for done, name in enumerate(names):
            shuffled = [
                _judged(saved, table, fitted, _shuffled(fitted, name, saved.config.seed, repeat))
                for repeat in range(repeats)
            ]
            worse = {metric: _worse(metric, values[metric], shuffled, draws) for metric in metrics}
            features.append(ExplainedFeature(name, worse, contributions.get(name)))
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
    """The run's first metric of probabilities, and regret where the target advises on bills.

    Less is better in each.
    """
    asked = [name for name in config.metrics if _judges_probabilities(METRICS[name])]
    return (*(asked or [DEFAULT_METRIC])[:1], *([MONEY_METRIC] if config.target.needs_catalogue else []))


def _judges_probabilities(metric: Metric) -> bool:
    return metric.needs_probability and metric.higher_is_better is False


def as_csv(explanation: Explanation) -> str:
    """One line per feature; the ends of the intervals beside each value."""
    text = io.StringIO()
    rows = [_csv_cells(feature) for feature in explanation.features]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
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


def _csv_cells(feature: ExplainedFeature) -> dict[str, object]:
    estimates = {f"{metric}_worse_by": worse for metric, worse in feature.worse.items()}
    if feature.contribution is not None:
        estimates["contribution"] = feature.contribution
    cells: dict[str, object] = {"feature": feature.name}
    for name, estimate in estimates.items():
        cells |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return cells


def _judged(
    saved: SavedRun, table: DecisionTable, fitted: Sequence[FittedFold], matrices: Sequence[np.ndarray]
) -> "pd.DataFrame":
    """The out-of-fold table where each fold's model is given its matrix."""
    predicted = [part.predicted(matrix) for part, matrix in zip(fitted, matrices, strict=True)]
    return out_of_fold_table(saved.config.model.kind, table, predicted)


def _shuffled(fitted: Sequence[FittedFold], name: str, seed: int, repeat: int) -> list[np.ndarray]:
    """Each fold's matrix with one column shuffled among its rows; all columns see the same shuffle."""
    matrices = []
    for part in fitted:
        matrix = part.matrix.copy()
        if name in part.names:
            column = part.names.index(name)
            rng = np.random.default_rng([seed, part.number, repeat])
            matrix[:, column] = matrix[rng.permutation(len(matrix)), column]
        matrices.append(matrix)
    return matrices


def _worse(metric: str, value: np.ndarray, shuffled: Sequence["pd.DataFrame"], draws: Draws) -> Estimate:
    """By how much the metric gets worse, mean over the shuffles, on the same draws of subscribers."""
    after = np.mean([metric_draws(table, metric, draws) for table in shuffled], axis=0)
    return paired_difference(value, after)


def _contributions(
    fitted: Sequence[FittedFold], names: Sequence[str], as_it_is: "pd.DataFrame", draws: Draws
) -> dict[str, Estimate]:
    """By feature; empty where the model cannot say."""
    parts = []
    for part in fitted:
        estimator = part.recommender.estimator
        exact = estimator.contributions(part.matrix) if isinstance(estimator, Explainable) else None
        if exact is None:
            return {}
        # Without the last column, which is what every row begins with.
        of_column = dict(zip(part.names, np.abs(exact[:, :, :-1]).sum(axis=1).T, strict=True))
        parts.append([of_column.get(name, np.zeros(len(part.matrix))) for name in names])
    of_rows = np.concatenate(parts, axis=1)
    return {name: mean_estimate(as_it_is, of_rows[at], draws) for at, name in enumerate(names)}
