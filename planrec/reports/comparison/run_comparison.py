"""Two runs beside each other: where they differ, by how much, and on which segments."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planrec.config.config_diff import NONE, Change, changes
from planrec.metrics import METRICS, Draws, Estimate, draws_of, metric_draws, paired_difference
from planrec.reports.leaderboard.board import check_ranks, ranking_metric, why_not_paired
from planrec.reports.leaderboard.board_rows import own_model, values_of_model
from planrec.runs.manifest import Manifest
from planrec.runs.read import RunRecord, read_out_of_fold, read_record
from planrec.schema.predictions import OutOfFold

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20
"Subscribers of a segment, below which it is not compared."
MOST_SEGMENTS = 50
"Values of a column; one with more is no segment but a measurement."


@dataclass(frozen=True)
class MetricPair:
    """One metric of both runs."""

    name: str
    first: Estimate
    second: Estimate
    difference: Estimate | None
    "How much more the second is, on the same draws; None where the runs cannot be paired."


@dataclass(frozen=True)
class SegmentPair:
    """The ranking metric on part of the decisions."""

    segment: str
    "What the part is by: `usage_decile`, `held`, `y`, or a segment of the data."
    value: str
    n_decisions: int
    n_subscribers: int
    difference: Estimate | None
    "How much more the second is; None where fewer than FEWEST subscribers are in it."


@dataclass(frozen=True)
class Comparison:
    """What `planrec compare A B` says."""

    first: RunRecord
    second: RunRecord
    config: tuple[Change, ...]
    versions: tuple[Change, ...]
    "Of packages, of PlanRec's code (`git_commit`)."
    not_paired: str
    "Why there are no paired differences; empty where there are."
    metric: str | None
    "What decides which run is better; None where both measured nothing that can."
    metrics: tuple[MetricPair, ...]
    segments: tuple[SegmentPair, ...]

    @property
    def verdict(self) -> str:
        """One sentence in plain words."""
        pair = next((pair for pair in self.metrics if pair.name == self.metric), None)
        if pair is None:
            able = [pair.name for pair in self.metrics if METRICS[pair.name].higher_is_better is not None]
            ask = f"; ask for one that both have: --metric {able[0]}" if able else ""
            return f"no verdict: not both runs have {self.metric or 'a metric that can rank them'}{ask}"
        if pair.difference is None:
            return f"no verdict: the runs cannot be compared in pairs ({self.not_paired})"
        if pair.difference == Estimate(0.0, 0.0, 0.0):
            return f"A and B are the same in {pair.name}, in every draw"
        if not pair.difference.excludes_zero:
            return f"the data is too small to tell A from B by {pair.name}"
        second_is_better = (pair.difference.value > 0) == METRICS[pair.name].higher_is_better
        return f"{'B' if second_is_better else 'A'} is better in {pair.name}"


def compare(first: Path, second: Path, metric: str | None = None) -> Comparison:
    """Compare two run folders; `metric` decides and is shown by segment, the first run's own where None.

    Raises:
        RunError: a folder that holds no complete run, or was changed.
        ConfigError: no such metric, or one that cannot rank.
    """
    if metric is not None:
        check_ranks(metric)
    one, other = read_record(first), read_record(second)
    metric = metric or ranking_metric(one)
    why = why_not_paired(one, other)
    metrics = _plain(one, other)
    segments: tuple[SegmentPair, ...] = ()
    if not why:
        metrics, segments = _paired(one, other, metrics, metric)
    measured = any(pair.name == metric for pair in metrics)
    return Comparison(
        first=one,
        second=other,
        config=changes(one.manifest.config, other.manifest.config),
        versions=_versions(one.manifest, other.manifest),
        not_paired=why,
        metric=metric if measured else None,
        metrics=tuple(sorted(metrics, key=lambda pair: pair.name != metric)),
        segments=segments if measured else (),
    )


def _plain(one: RunRecord, other: RunRecord) -> tuple[MetricPair, ...]:
    """The metrics that both measured, without differences."""
    first, second = (values_of_model(run, own_model(run)) for run in (one, other))
    return tuple(MetricPair(name, first[name], second[name], None) for name in first if name in second)


def _paired(
    one: RunRecord, other: RunRecord, metrics: tuple[MetricPair, ...], metric: str | None
) -> tuple[tuple[MetricPair, ...], tuple[SegmentPair, ...]]:
    """The metrics with their differences, and the metric that decides by segment."""
    from threadpoolctl import threadpool_limits

    first, second = (read_out_of_fold(run, [own_model(run)]) for run in (one, other))
    config = one.manifest.config
    draws = draws_of(first, config["seed"], config["n_bootstrap"])
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        pairs = tuple(
            MetricPair(pair.name, pair.first, pair.second, _difference(first, second, pair.name, draws))
            for pair in metrics
            if pair.name in METRICS
        )
        decides = metric is not None and any(pair.name == metric for pair in pairs)
        return pairs, tuple(_by_segment(first, second, str(metric), draws)) if decides else ()


def _difference(
    first: "pd.DataFrame",
    second: "pd.DataFrame",
    metric: str,
    draws: Draws,
    parts: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> Estimate:
    """Paired difference on all rows, or on these `parts` of the two tables, each shape (n,), bool."""
    one, other = (
        metric_draws(table, metric, draws, part) for table, part in zip((first, second), parts, strict=True)
    )
    return paired_difference(one, other)


def _by_segment(
    first: "pd.DataFrame", second: "pd.DataFrame", metric: str, draws: Draws
) -> Iterator[SegmentPair]:
    for column in _segment_columns(first):
        for value in sorted(first[column].dropna().unique()):
            rows, others = (first[column] == value).to_numpy(bool), (second[column] == value).to_numpy(bool)
            part = first[rows]
            n_subscribers = int(part[OutOfFold.SUBSCRIBER].nunique())
            yield SegmentPair(
                segment=column.removeprefix(OutOfFold.SEGMENT),
                value=str(value),
                n_decisions=int(part[OutOfFold.DECISION_ID].nunique()),
                n_subscribers=n_subscribers,
                difference=None
                if n_subscribers < FEWEST
                else _difference(first, second, metric, draws, (rows, others)),
            )


def _segment_columns(table: "pd.DataFrame") -> list[str]:
    known = [OutOfFold.USAGE_DECILE, OutOfFold.HELD, OutOfFold.Y]
    named = [name for name in table.columns if name.startswith(OutOfFold.SEGMENT)]
    return [
        name for name in [*known, *named] if name in table.columns and table[name].nunique() <= MOST_SEGMENTS
    ]


def _versions(first: Manifest, second: Manifest) -> tuple[Change, ...]:
    """Versions of packages and of the code that differ."""
    one, other = (
        {**manifest.versions, "git_commit": manifest.git_commit or NONE} for manifest in (first, second)
    )
    return tuple(
        Change(name, one.get(name, NONE), other.get(name, NONE))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    )
