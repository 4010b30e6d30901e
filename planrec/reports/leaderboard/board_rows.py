"""The rows of one table of a board: runs and baselines that were judged on the same folds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np

from planrec.config.config_diff import flat, labels
from planrec.metrics import METRICS, Draws, Estimate, draws_of, metric_draws, paired_difference
from planrec.runs.read import RunRecord, read_out_of_fold
from planrec.schema.predictions import OutOfFold

SELECTED = "a search chose it by these very folds"
BEST_OF = "best of {n} settings: chosen on these folds, so its value flatters"
NESTED = "nested"
"The kind of `cv` whose outer folds judge what inner folds chose."

_NO_SETTING = ("threads", "n_bootstrap", "metrics", "baselines", "waivers", "sweep", "owner", "licence")
"Parts of a configuration that do not change a model's values."


@dataclass(frozen=True)
class Cost:
    """What a row takes; None where it is not known, as for most of a baseline's."""

    fit_seconds: float | None
    "Mean wall time of fitting one fold."
    one_row_p50_ms: float | None
    one_row_p99_ms: float | None
    rows_per_second: float | None
    model_bytes: int | None


@dataclass(frozen=True)
class Row:
    """One model on these folds: the model of a run, or a baseline of one."""

    run: RunRecord
    "The run that judged it."
    model: str
    "Its name in the out-of-fold table."
    label: str
    is_baseline: bool
    marks: tuple[str, ...]
    "Why its value flatters; empty where it was not chosen on these folds."
    values: Mapping[str, Estimate]
    "By metric; those that have one value and that this model defines."
    cost: Cost
    command: str | None
    "Repeats the run; None for a baseline."
    rank: int | None = None
    "1 for the best; equal values share a rank. None without a value of the ranking metric."
    difference: Estimate | None = None
    "How much more the ranking metric is than the best row's, on the same draws; None as for rank."


def rows_of(runs: Sequence[RunRecord], metric: str | None) -> list[Row]:
    """One row per run, and one per distinct baseline, not yet ranked."""
    named = labels([run.manifest.config for run in runs])
    own = [
        Row(
            run=run,
            model=own_model(run),
            label=" ".join(f"{path}={value}" for path, value in label.items()) or own_model(run),
            is_baseline=False,
            marks=(SELECTED,) if run.manifest.selected and not _is_nested(run) else (),
            values=values_of_model(run, own_model(run)),
            cost=_cost(run),
            command=run.manifest.command,
        )
        for run, label in zip(runs, named, strict=True)
    ]
    return [*_marked_best(own, metric), *_baselines(runs, named)]


def ranked(rows: Sequence[Row], metric: str) -> list[Row]:
    """The best first, with ranks; rows without a value last. Ties are ordered by label, never by path."""
    scores = [_score(row, metric) for row in rows]
    found = [
        replace(row, rank=None if score == -inf else 1 + sum(other > score for other in scores))
        for row, score in zip(rows, scores, strict=True)
    ]
    return sorted(found, key=lambda row: (row.rank or len(rows) + 1, row.is_baseline, row.label, row.model))


def with_differences(rows: Sequence[Row], metric: str) -> list[Row]:
    """The rows with their paired differences to the best one.

    Raises:
        DataError: an out-of-fold table that does not hold the same subscribers as the best row's.
    """
    from threadpoolctl import threadpool_limits

    candidates = ranked([row for row in rows if row.values.get(metric)], metric)
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        found = dict(_draws_of_rows(candidates, metric))
    return [
        replace(row, difference=paired_difference(found[_key(candidates[0])], found[_key(row)]))
        if _key(row) in found
        else row
        for row in rows
    ]


def _draws_of_rows(rows: Sequence[Row], metric: str) -> Iterator[tuple[tuple[Path, str], np.ndarray]]:
    """The draws of each row by its key; every run's table is read once, and the draws are made once."""
    draws: Draws | None = None
    for run in {row.run.folder: row.run for row in rows}.values():
        own = [row for row in rows if row.run.folder == run.folder]
        table = read_out_of_fold(run, [row.model for row in own])
        if draws is None:
            config = run.manifest.config
            draws = draws_of(table, config["seed"], config["n_bootstrap"])
        for row in own:
            mine = table[table[OutOfFold.MODEL] == row.model]
            yield _key(row), metric_draws(mine, metric, draws)


def _key(row: Row) -> tuple[Path, str]:
    return row.run.folder, row.model


def _score(row: Row, metric: str) -> float:
    """More is better; -inf without a value."""
    if metric not in row.values:
        return -inf
    value = row.values[metric].value
    return value if METRICS[metric].higher_is_better else -value


def own_model(run: RunRecord) -> str:
    """Name of the run's own model in its out-of-fold table."""
    return str(run.manifest.model_kind)


def _is_nested(run: RunRecord) -> bool:
    return bool(run.manifest.config["cv"]["kind"] == NESTED)


def values_of_model(run: RunRecord, model: str) -> dict[str, Estimate]:
    """By metric: those that have one value and that the model defines."""
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


def _marked_best(rows: Sequence[Row], metric: str | None) -> list[Row]:
    """The rows, the best of several settings of one kind of model marked: it was chosen by these figures."""
    families: dict[str, list[Row]] = {}
    for row in rows:
        if metric in row.values and not _is_nested(row.run):
            families.setdefault(own_model(row.run), []).append(row)
    marks: dict[Path, str] = {}
    for family in families.values():
        settings = {_text(row.run) for row in family}
        if metric is not None and len(settings) > 1:
            best = max(_score(row, metric) for row in family)
            chosen = BEST_OF.format(n=len(settings))
            marks |= {row.run.folder: chosen for row in family if _score(row, metric) == best}
    return [
        replace(row, marks=(*row.marks, marks[row.run.folder])) if row.run.folder in marks else row
        for row in rows
    ]


def _text(run: RunRecord) -> str:
    """Everything that the values of a run depend on."""
    return repr(flat({k: v for k, v in run.manifest.config.items() if k not in _NO_SETTING}))


def _baselines(runs: Sequence[RunRecord], named: Sequence[Mapping[str, str]]) -> list[Row]:
    """Every baseline of the runs, those alike in name, policy and values once."""
    found: dict[tuple[str, str], list[Row]] = {}
    for run, label in zip(runs, named, strict=True):
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
                alike.append(Row(run, model, model + shown, True, (), values, cost, None))
            else:
                alike[alike.index(twin)] = replace(twin, values=values | dict(twin.values))
    return [row for rows in found.values() for row in rows]


def _agree(one: Mapping[str, Estimate], other: Mapping[str, Estimate]) -> bool:
    """Whether every metric that both have is the same; without a common one, whether both have none."""
    common = one.keys() & other.keys()
    return (bool(common) or not (one or other)) and all(
        one[name].value == other[name].value for name in common
    )
