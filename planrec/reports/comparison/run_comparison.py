"""Comparison of two runs: configuration, metrics with paired differences, segments."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planrec.config.config_diff import NONE, Change, changes
from planrec.metrics import METRICS, Estimate, SubscriberDraws, draws_of, metric_draws, paired_difference
from planrec.reports.leaderboard.board import check_ranks, ranking_metric, why_not_paired
from planrec.reports.leaderboard.board_rows import own_model, values_of_model
from planrec.runs.manifest import Manifest
from planrec.runs.read import RunRecord, read_out_of_fold, read_record
from planrec.schema.predictions import OutOfFold

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20
"Segments with fewer subscribers are not compared."
MOST_SEGMENTS = 50
"Columns with more values are measurements, not segments."


@dataclass(frozen=True)
class MetricPair:
    """Values of both runs in one metric."""

    name: str
    first: Estimate
    second: Estimate
    difference: Estimate | None
    "Second less first, on the same draws; None if the runs cannot be paired."


@dataclass(frozen=True)
class SegmentPair:
    """Difference in the ranking metric on part of the decisions."""

    segment: str
    "Column that defines the part: `usage_decile`, `held`, `y`, or a segment of the data."
    value: str
    n_decisions: int
    n_subscribers: int
    difference: Estimate | None
    "Second less first; None if the part has fewer than FEWEST subscribers."


@dataclass(frozen=True)
class Comparison:
    """Result of `planrec compare A B`."""

    first: RunRecord
    second: RunRecord
    config: tuple[Change, ...]
    versions: tuple[Change, ...]
    "Changed versions of packages and of PlanRec's code (`git_commit`)."
    not_paired: str
    "The reason why there are no paired differences; empty if there are."
    metric: str | None
    "Decides which run is better; None if the runs share no such metric."
    metrics: tuple[MetricPair, ...]
    segments: tuple[SegmentPair, ...]

    @property
    def verdict(self) -> str:
        """Return one sentence that names the better run, or the reason why neither is named."""
        pair = next((pair for pair in self.metrics if pair.name == self.metric), None)
        if pair is None:
            able = [pair.name for pair in self.metrics if METRICS[pair.name].higher_is_better is not None]
            hint = f"; choose a metric that both have: --metric {able[0]}" if able else ""
            return f"no verdict: not both runs have {self.metric or 'a metric that can rank them'}{hint}"
        if pair.difference is None:
            return f"no verdict: the runs cannot be compared in pairs ({self.not_paired})"
        if pair.difference == Estimate(0.0, 0.0, 0.0):
            return f"A and B are the same in {pair.name}, in every draw"
        if not pair.difference.excludes_zero:
            return f"the data is too small to separate A from B by {pair.name}"
        second_is_better = (pair.difference.value > 0) == METRICS[pair.name].higher_is_better
        return f"{'B' if second_is_better else 'A'} is better in {pair.name}"


def compare(first: Path, second: Path, metric: str | None = None) -> Comparison:
    """Compare two run folders.

    Args:
        first: run A.
        second: run B.
        metric: decides and is shown by segment; if None, the first run's own ranking metric.

    Returns:
        The comparison.

    Raises:
        RunError: a folder has no complete run, or was changed.
        ConfigError: the metric is unknown or cannot rank.
    """
    if metric is not None:
        check_ranks(metric)
    one, other = read_record(first), read_record(second)
    metric = metric or ranking_metric(one)
    why = why_not_paired(one, other)
    metrics = _common_metrics(one, other)
    segments: tuple[SegmentPair, ...] = ()
    if not why:
        metrics, segments = _paired_differences(one, other, metrics, metric)
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


def _common_metrics(one: RunRecord, other: RunRecord) -> tuple[MetricPair, ...]:
    """Return the metrics that both runs measured, without differences."""
    first, second = (values_of_model(run, own_model(run)) for run in (one, other))
    return tuple(MetricPair(name, first[name], second[name], None) for name in first if name in second)


def _paired_differences(
    one: RunRecord, other: RunRecord, metrics: tuple[MetricPair, ...], metric: str | None
) -> tuple[tuple[MetricPair, ...], tuple[SegmentPair, ...]]:
    """Return the metrics with their differences, and the segments by the ranking metric."""
    from threadpoolctl import threadpool_limits

    first, second = (read_out_of_fold(run, [own_model(run)]) for run in (one, other))
    draws = draws_of(first, one.manifest.seed, one.manifest.n_bootstrap)
    # One thread: the products are small, and idle threads of linear algebra wait by spinning.
    with threadpool_limits(1):
        pairs = tuple(
            MetricPair(pair.name, pair.first, pair.second, _difference(first, second, pair.name, draws))
            for pair in metrics
            if pair.name in METRICS
        )
        if metric is None or all(pair.name != metric for pair in pairs):
            return pairs, ()
        return pairs, tuple(_segments(first, second, metric, draws))


def _difference(
    first: "pd.DataFrame",
    second: "pd.DataFrame",
    metric: str,
    draws: SubscriberDraws,
    parts: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> Estimate:
    """Return the paired difference on all rows, or on `parts` of the two tables, each shape (n,), bool."""
    one, other = (
        metric_draws(table, metric, draws, part) for table, part in zip((first, second), parts, strict=True)
    )
    return paired_difference(one, other)


def _segments(
    first: "pd.DataFrame", second: "pd.DataFrame", metric: str, draws: SubscriberDraws
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
    """Return the versions of packages and of the code that differ."""
    one, other = (
        {**manifest.versions, "git_commit": manifest.git_commit or NONE} for manifest in (first, second)
    )
    return tuple(
        Change(name, one.get(name, NONE), other.get(name, NONE))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    )
