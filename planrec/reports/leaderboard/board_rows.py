"""Rows of one table of a board: runs and baselines that were judged on the same folds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np

from planrec.config.config_diff import flat, labels
from planrec.metrics import METRICS, Estimate, SubscriberDraws, draws_of, metric_draws, paired_difference
from planrec.runs.read import RunRecord, read_out_of_fold
from planrec.schema.predictions import OutOfFold

SELECTED = "a search chose it by its value on these folds"
BEST_OF = "best of {n} settings: chosen on these folds, so its value is too optimistic"
NESTED = "nested"
"The kind of `cv` whose outer folds judge the choice of inner folds."

_NO_SETTING = (
    *("threads", "n_bootstrap", "metrics", "baselines", "waivers", "sweep", "tracking"),
    *("owner", "licence"),
)
"Parts of a configuration that do not change a model's values."


@dataclass(frozen=True)
class Cost:
    """Time and size of a row's model; None if unknown, as for most values of a baseline."""

    fit_seconds: float | None
    "Mean wall time of fitting one fold."
    one_row_p50_ms: float | None
    one_row_p99_ms: float | None
    rows_per_second: float | None
    model_bytes: int | None


@dataclass(frozen=True)
class BoardRow:
    """One model on these folds: the model of a run, or a baseline of a run."""

    run: RunRecord
    "The run that judged it."
    model: str
    "Name of the model in the out-of-fold table."
    label: str
    is_baseline: bool
    marks: tuple[str, ...]
    "Reasons why the value is too optimistic; empty if it was not chosen on these folds."
    values: Mapping[str, Estimate]
    "By metric: those that have one value and that this model defines."
    cost: Cost
    command: str | None
    "Repeats the run; None for a baseline."
    rank: int | None = None
    "1 for the best; equal values share a rank. None if there is no value of the ranking metric."
    difference: Estimate | None = None
    "The ranking metric less that of the best row, on the same draws; None without a rank."


def rows_of(runs: Sequence[RunRecord], metric: str | None) -> list[BoardRow]:
    """Return one row per run and one per distinct baseline, without ranks."""
    run_labels = labels([run.manifest.config for run in runs])
    own = [
        BoardRow(
            run=run,
            model=own_model(run),
            label=" ".join(f"{path}={value}" for path, value in label.items()) or own_model(run),
            is_baseline=False,
            marks=(SELECTED,) if run.manifest.selected and not _is_nested(run) else (),
            values=values_of_model(run, own_model(run)),
            cost=_cost(run),
            command=run.manifest.command,
        )
        for run, label in zip(runs, run_labels, strict=True)
    ]
    return [*_mark_best(own, metric), *_baselines(runs, run_labels)]


def with_ranks(rows: Sequence[BoardRow], metric: str) -> list[BoardRow]:
    """Rank and sort rows, the best first; rows without a value are last, equal rows are sorted by label."""
    scores = [_score(row, metric) for row in rows]
    found = [
        replace(row, rank=None if score == -inf else 1 + sum(other > score for other in scores))
        for row, score in zip(rows, scores, strict=True)
    ]
    return sorted(found, key=lambda row: (row.rank or len(rows) + 1, row.is_baseline, row.label, row.model))


def with_differences(rows: Sequence[BoardRow], metric: str) -> list[BoardRow]:
    """Return the rows with their paired differences to the best row.

    Raises:
        DataError: an out-of-fold table does not have the same subscribers as the best row's.
    """
    from threadpoolctl import threadpool_limits

    candidates = with_ranks([row for row in rows if row.values.get(metric)], metric)
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        found = dict(_draws_of_rows(candidates, metric))
    return [
        replace(row, difference=paired_difference(found[_key(candidates[0])], found[_key(row)]))
        if _key(row) in found
        else row
        for row in rows
    ]


def _draws_of_rows(rows: Sequence[BoardRow], metric: str) -> Iterator[tuple[tuple[Path, str], np.ndarray]]:
    """Yield the draws of each row by its key; read every run's table once, and draw once."""
    draws: SubscriberDraws | None = None
    for run in {row.run.folder: row.run for row in rows}.values():
        own = [row for row in rows if row.run.folder == run.folder]
        table = read_out_of_fold(run, [row.model for row in own])
        if draws is None:
            draws = draws_of(table, run.manifest.seed, run.manifest.n_bootstrap)
        for row in own:
            mine = table[table[OutOfFold.MODEL] == row.model]
            yield _key(row), metric_draws(mine, metric, draws)


def _key(row: BoardRow) -> tuple[Path, str]:
    return row.run.folder, row.model


def _score(row: BoardRow, metric: str) -> float:
    """Return a number that is higher for better rows; -inf if the row has no value."""
    if metric not in row.values:
        return -inf
    value = row.values[metric].value
    return value if METRICS[metric].higher_is_better else -value


def own_model(run: RunRecord) -> str:
    """Return the name of the run's own model in its out-of-fold table."""
    return run.manifest.model_kind


def _is_nested(run: RunRecord) -> bool:
    return run.manifest.kind("cv") == NESTED


def values_of_model(run: RunRecord, model: str) -> dict[str, Estimate]:
    """Return a model's metrics that have one value and are defined, by name."""
    values = run.manifest.values_of(model).values()
    return {found.metric: Estimate(found.value, found.low, found.high) for found in values}


def _cost(run: RunRecord) -> Cost:
    speed = run.manifest.speed
    return Cost(
        fit_seconds=run.manifest.fit_seconds.get(own_model(run)),
        one_row_p50_ms=speed.one_row_p50_ms,
        one_row_p99_ms=speed.one_row_p99_ms,
        rows_per_second=speed.rows_per_second,
        model_bytes=run.model_bytes,
    )


def _mark_best(rows: Sequence[BoardRow], metric: str | None) -> list[BoardRow]:
    """Mark the best of several settings of one kind of model: it was chosen by these figures."""
    families: dict[str, list[BoardRow]] = {}
    for row in rows:
        if metric in row.values and not _is_nested(row.run):
            families.setdefault(own_model(row.run), []).append(row)
    marks: dict[Path, str] = {}
    for family in families.values():
        settings = {_settings(row.run) for row in family}
        if metric is not None and len(settings) > 1:
            best = max(_score(row, metric) for row in family)
            chosen = BEST_OF.format(n=len(settings))
            marks |= {row.run.folder: chosen for row in family if _score(row, metric) == best}
    return [
        replace(row, marks=(*row.marks, marks[row.run.folder])) if row.run.folder in marks else row
        for row in rows
    ]


def _settings(run: RunRecord) -> str:
    """Return every part of the configuration that changes the values of a run."""
    return repr(flat({k: v for k, v in run.manifest.config.items() if k not in _NO_SETTING}))


def _baselines(runs: Sequence[RunRecord], run_labels: Sequence[Mapping[str, str]]) -> list[BoardRow]:
    """Return the baselines of the runs; baselines with equal name, policy and values become one row."""
    found: dict[tuple[str, str], list[BoardRow]] = {}
    for run, label in zip(runs, run_labels, strict=True):
        policy = {path: value for path, value in label.items() if path.split(".")[0] == "policy"}
        shown = " ".join(f" {path}={value}" for path, value in policy.items())
        for model in run.manifest.fit_seconds:
            if model == own_model(run):
                continue
            alike = found.setdefault((model, str(run.manifest.config["policy"])), [])
            values = values_of_model(run, model)
            twin = next((row for row in alike if _agree(row.values, values)), None)
            if twin is None:
                cost = Cost(run.manifest.fit_seconds[model], None, None, None, None)
                alike.append(
                    BoardRow(
                        run=run,
                        model=model,
                        label=model + shown,
                        is_baseline=True,
                        marks=(),
                        values=values,
                        cost=cost,
                        command=None,
                    )
                )
            else:
                alike[alike.index(twin)] = replace(twin, values=values | dict(twin.values))
    return [row for rows in found.values() for row in rows]


def _agree(one: Mapping[str, Estimate], other: Mapping[str, Estimate]) -> bool:
    """Return whether the common metrics are equal; without a common metric, whether both have none."""
    common = one.keys() & other.keys()
    return (bool(common) or not (one or other)) and all(
        one[name].value == other[name].value for name in common
    )
