"""Ranked runs: one table for each data and folds, with paired differences to the best row.

`board_of` reads runs, `board_cells` formats values, `board_files`, `board_html` and `board_terminal` write.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planrec.config.config_diff import GROUPS_OF_DATA, GROUPS_OF_FOLDS, changes
from planrec.errors import ConfigError, RunError
from planrec.metrics import METRICS, known_metric
from planrec.reports.leaderboard.board_rows import BoardRow, rows_of, with_differences, with_ranks
from planrec.runs.read import RunRecord, read_record
from planrec.sweeps.sweep_folder import FailedCell

FOOTNOTE = "chosen on the folds that judge it, so its value is too optimistic; cv=nested avoids this"
"Meaning of the star beside a row."

_DIGITS = 8
"Hex digits of a fingerprint in a title."
_MOST_CHANGES = 6


@dataclass(frozen=True)
class BoardTable:
    """Table of the runs on the same decisions and folds, and of their baselines."""

    title: str
    differs: tuple[str, ...]
    "Differences in data and folds to the board's first table; empty for the first table itself."
    metric: str | None
    "Metric that ranks the rows; None if no run measured it."
    metrics: tuple[str, ...]
    "All metrics with one value, the ranking metric first."
    rows: tuple[BoardRow, ...]
    "The best first; rows without a value of the metric last."

    @property
    def is_marked(self) -> bool:
        """Return whether a row has a mark: its value is too optimistic."""
        return any(row.marks for row in self.rows)


@dataclass(frozen=True)
class Board:
    """Tables of runs, refused runs, and failed cells."""

    tables: tuple[BoardTable, ...]
    refused: tuple[str, ...]
    "One line for each run that could not be read or has no figures of its own: its folder and the reason."
    failed: tuple[FailedCell, ...] = ()
    "Cells of sweeps without a run."


def board_of(folders: Iterable[Path], metric: str | None = None, failed: Iterable[FailedCell] = ()) -> Board:
    """Rank run folders; a run that several links lead to counts once.

    Args:
        folders: run folders.
        metric: ranks the rows; if None, the first of the runs' own metrics that can rank.
        failed: failed cells of sweeps, listed below the tables.

    Returns:
        The board.

    Raises:
        ConfigError: the metric is unknown or cannot rank.
    """
    if metric is not None:
        check_ranks(metric)
    runs, refused = read_runs(dict.fromkeys(folder.resolve() for folder in folders))
    comparable: dict[tuple[str, str], list[RunRecord]] = {}
    for run in runs:
        key = (run.manifest.data_fingerprint, run.manifest.folds_fingerprint)
        comparable.setdefault(key, []).append(run)
    groups = sorted(comparable.values(), key=_title)
    return Board(tuple(_table(group, groups[0], metric) for group in groups), tuple(refused), tuple(failed))


def read_runs(folders: Iterable[Path]) -> tuple[list[RunRecord], list[str]]:
    """Return the complete runs with figures of their own, and a line for each other folder."""
    runs, refused = [], []
    for folder in folders:
        try:
            run = read_record(folder)
        except RunError as error:
            refused.append("; ".join([error.message, *error.problems]))
            continue
        if run.manifest.measured_by is None:
            runs.append(run)
        else:
            refused.append(f"{folder}: {run.manifest.measured_by.note}")
    return runs, refused


def check_ranks(metric: str) -> None:
    """Check that a metric can rank rows.

    Raises:
        ConfigError: the metric is unknown or cannot rank.
    """
    try:
        known_metric(metric)
    except ValueError as error:
        raise ConfigError(f"--metric {metric}: {error}") from error
    if not can_rank(metric):
        allowed = ", ".join(name for name in METRICS if can_rank(name))
        why = "has several values" if METRICS[metric].groups else "has no better direction"
        raise ConfigError(f"--metric {metric}: it {why}, so it cannot rank; allowed: {allowed}")


def can_rank(metric: str) -> bool:
    """Return whether a metric has one value and a better direction.

    Examples:
        >>> can_rank("accuracy"), can_rank("f1"), can_rank("switch_rate"), can_rank("unknown")
        (True, False, False, False)
    """
    known = METRICS.get(metric)
    return known is not None and known.groups is None and known.higher_is_better is not None


def ranking_metric(run: RunRecord) -> str | None:
    """Return the first of a run's own metrics that can rank, or None."""
    return next((name for name in run.manifest.metric_names if can_rank(name)), None)


def _table(runs: Sequence[RunRecord], first: Sequence[RunRecord], metric: str | None) -> BoardTable:
    metric = metric or _most_common([ranking_metric(run) for run in runs])
    rows = rows_of(runs, metric)
    measured = dict.fromkeys(name for row in rows for name in row.values)
    if metric not in measured:
        metric = None
    if metric is not None:
        rows = with_ranks(with_differences(rows, metric), metric)
    names = sorted(measured, key=lambda name: name != metric)
    differs = () if runs is first else _differences(first[0], runs[0])
    return BoardTable(_title(runs), differs, metric, tuple(names), tuple(rows))


def _most_common(metrics: Sequence[str | None]) -> str | None:
    """Return the most frequent metric; of equally frequent ones, the first in METRICS."""
    counted = Counter(name for name in metrics if name is not None)
    order = list(METRICS)
    return min(counted, key=lambda name: (-counted[name], order.index(name)), default=None)


def _title(runs: Sequence[RunRecord]) -> str:
    manifest = runs[0].manifest
    # A nested run is judged on the folds of the plain ones.
    cv = " and ".join(sorted({run.manifest.kind("cv") for run in runs}))
    counts = manifest.metrics[0] if manifest.metrics else None
    judged = f", {counts.n_decisions:,} decisions of {counts.n_subscribers:,} subscribers" if counts else ""
    return (
        f"target={manifest.kind('target')} data={manifest.kind('data')} cv={cv}{judged}"
        f" (data {manifest.data_fingerprint[:_DIGITS]}, folds {manifest.folds_fingerprint[:_DIGITS]})"
    )


def _differences(first: RunRecord, other: RunRecord) -> tuple[str, ...]:
    """Return a line if the data of two runs differs, and one if their folds differ, with the causes."""
    lines = []
    if first.manifest.data_fingerprint != other.manifest.data_fingerprint:
        why = _changes(first, other, GROUPS_OF_DATA)
        lines.append(f"other data: {why or 'the data itself changed, the configuration did not'}")
    if first.manifest.folds_fingerprint != other.manifest.folds_fingerprint:
        why = _changes(first, other, GROUPS_OF_FOLDS)
        same = "they follow from the data" if lines else "the code that splits the data changed"
        lines.append(f"other folds: {why or same}")
    return tuple(lines)


def why_not_paired(first: RunRecord, other: RunRecord) -> str:
    """Return the reason why two runs have no paired difference; an empty string if they have one."""
    sources = (run.manifest.measured_by for run in (first, other))
    borrowed = [source.note for source in sources if source is not None]
    return "; ".join([*borrowed, *_differences(first, other)])


def _changes(first: RunRecord, other: RunRecord, groups: Sequence[str]) -> str:
    found = changes(first.manifest.config, other.manifest.config, groups)
    more = [f"and {len(found) - _MOST_CHANGES} more"] if len(found) > _MOST_CHANGES else []
    return ", ".join([*map(str, found[:_MOST_CHANGES]), *more])
