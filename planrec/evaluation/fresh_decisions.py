"""The decisions of a table that a run was not trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from planrec.errors import DataError
from planrec.runs.manifest import Manifest
from planrec.runs.read import RunRecord, read_out_of_fold
from planrec.schema.predictions import OutOfFold
from planrec.schema.tables import DecisionTable
from planrec.wording import counted


@dataclass(frozen=True)
class TrainedOn:
    """The decisions that a run was trained on, as far as its folder knows them."""

    run_id: str
    subscribers: frozenset[str]
    "Ids, as text; empty if the data of the run names no subscribers."
    knows_all: bool
    "Whether `subscribers` are all: cv=rolling keeps only those of the instants that it tests."
    ends: np.datetime64 | None
    "First day on which a decision is later than training: all label months are over. None without time."
    data_fingerprint: str


@dataclass(frozen=True)
class Excluded:
    """Decisions that are not judged."""

    before: int
    "Earlier than `since`."
    in_training: int
    "From `since` on, but a run was or may have been trained on them."

    def __str__(self) -> str:
        """Return the counts in words.

        Examples:
            >>> str(Excluded(before=80, in_training=1))
            'excluded: 80 decisions before the first day that is judged, 1 decision of training'
        """
        return (
            f"excluded: {counted(self.before, 'decision')} before the first day that is judged,"
            f" {counted(self.in_training, 'decision')} of training"
        )


@dataclass(frozen=True)
class Fresh:
    """The decisions to judge."""

    rows: np.ndarray
    "Their positions in the table, shape (m,), int64."
    since: np.datetime64 | None
    "First day that is judged; None if the data has no time."
    excluded: Excluded
    n_seen: int
    "Subscribers among them that a run was trained on, in earlier months."
    notes: tuple[str, ...]


def trained_on(run: RunRecord) -> TrainedOn:
    """Read the subscribers and the end of a run's training from its folder.

    Raises:
        RunError: the run was changed after saving.
    """
    manifest = run.manifest
    n_subscribers = manifest.data.n_subscribers
    known: frozenset[str] = frozenset()
    if n_subscribers is not None:
        rows = read_out_of_fold(run, [manifest.model_kind])
        known = frozenset(map(str, rows[OutOfFold.SUBSCRIBER].unique()))
    return TrainedOn(
        run.run_id,
        known,
        len(known) == n_subscribers,
        _end_of_training(manifest),
        manifest.data_fingerprint,
    )


def fresh_decisions(table: DecisionTable, runs: Sequence[TrainedOn], since: np.datetime64 | None) -> Fresh:
    """Choose the decisions that no run was trained on.

    A decision is fresh for a run if it is later than the run's training, or if its subscriber is not among
    those of the training. Decisions before `since` are left out.

    Args:
        table: all decisions of the data.
        runs: the training of each run.
        since: first day to judge; None for the day on which the training of all runs is over.

    Raises:
        DataError: no decision is left, or `since` was given and the data has no time.
    """
    if since is not None and table.as_of is None:
        raise DataError(f"the data has no time, so its decisions since {since} cannot be chosen")
    ends = [run.ends for run in runs if run.ends is not None]
    if since is None and table.as_of is not None and ends:
        since = max(ends)
    in_time = np.ones(len(table), bool)
    if table.as_of is not None and since is not None:
        in_time = table.as_of >= since
    subscribers = table.subscriber.astype(str) if table.has_subscribers else None
    is_new = np.ones(len(table), bool)
    for run in runs:
        is_new &= _is_fresh(table, subscribers, run)
    rows = np.flatnonzero(in_time & is_new)
    excluded = Excluded(int((~in_time).sum()), int((in_time & ~is_new).sum()))
    if len(rows) == 0:
        raise DataError(f"no decision is left to judge: {excluded}", list(_ways_out(table, runs, since)))
    seen = frozenset[str]().union(*(run.subscribers for run in runs))
    judged = set() if subscribers is None else set(subscribers[rows].tolist())
    return Fresh(rows, since, excluded, len(judged & seen), tuple(_notes(table, runs)))


def _end_of_training(manifest: Manifest) -> np.datetime64 | None:
    if manifest.data.as_of is None:
        return None
    last = np.datetime64(manifest.data.as_of[1][:10], "D")
    if manifest.horizon == 0:
        return last + 1
    month = last.astype("datetime64[M]")
    return (month + manifest.horizon).astype("datetime64[D]") + (last - month.astype("datetime64[D]"))


def _is_fresh(table: DecisionTable, subscribers: np.ndarray | None, run: TrainedOn) -> np.ndarray:
    """Return which decisions a run was surely not trained on, shape (n,), bool."""
    is_later = np.zeros(len(table), bool)
    if table.as_of is not None and run.ends is not None:
        is_later = table.as_of >= run.ends
    if subscribers is not None and run.knows_all:
        return is_later | ~np.isin(subscribers, list(run.subscribers))
    if table.as_of is None or run.ends is None:
        # Without subscribers and time only the whole table can be recognised.
        return np.full(len(table), table.fingerprint() != run.data_fingerprint)
    return is_later


def _notes(table: DecisionTable, runs: Sequence[TrainedOn]) -> Iterable[str]:
    for run in runs:
        if (table.as_of is None or run.ends is None) and not (table.has_subscribers and run.knows_all):
            yield (
                f"rows that {run.run_id} was trained on cannot be recognised, because the data names neither"
                " subscribers nor instants: make sure that the file has none of them"
            )


def _months_needed(last: np.datetime64, since: np.datetime64, horizon: int) -> str:
    """Say which months are missing before the first decision can be judged.

    Args:
        last: day of the last decision of the data.
        since: first day to judge, later than `last`.
        horizon: number of months whose bills judge a decision.

    >>> print(_months_needed(np.datetime64("2018-11-01"), np.datetime64("2019-01-01"), 3))
    a decision of 2019-01-01 is judged by the months 2019-01 to 2019-03, of which the data lacks 2 months
    """
    first = since.astype("datetime64[M]")
    lacking = max(int((first - last.astype("datetime64[M]")).astype(int)), 1)
    return (
        f"a decision of {since} is judged by the months {first} to {first + horizon - 1}, of which the data"
        f" lacks {counted(min(lacking, horizon), 'month')}"
    )


def _ways_out(table: DecisionTable, runs: Sequence[TrainedOn], since: np.datetime64 | None) -> Iterable[str]:
    for run in runs:
        if run.ends is not None:
            yield f"the training of {run.run_id} is over on {run.ends}"
        elif run.data_fingerprint == table.fingerprint():
            yield f"{run.run_id} was trained on these data"
    if table.as_of is not None:
        yield f"the decisions of the data are of {table.as_of.min()} to {table.as_of.max()}"
        if since is not None and table.horizon > 0 and since > table.as_of.max():
            yield _months_needed(table.as_of.max(), since, table.horizon)
    if since is not None:
        yield "give later months, or subscribers that are not in the training and --since DAY"
