"""Assignment of rows or subscribers to folds, so that every fold has the same shares of the plans."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from planrec.commands.advice import typed
from planrec.contracts import Fold
from planrec.errors import DataError
from planrec.schema.tables import DecisionTable

Assign = Callable[[DecisionTable, int, np.random.Generator], np.ndarray]
"""(table, n_folds, rng) -> fold of each row: `folds_of_rows` or `folds_of_subscribers`."""


def repeated(
    assign: Assign, table: DecisionTable, n_folds: int, n_repeats: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield an assignment per repeat: the fold of each row, shape (n,), in 0 ... n_folds - 1."""
    rng = np.random.default_rng(seed)
    for _ in range(n_repeats):
        yield assign(table, n_folds, rng)


def complements(assignments: Iterable[np.ndarray]) -> Iterator[Fold]:
    """Yield a `Fold` for each fold of each assignment; it tests the fold and trains on the other rows.

    Examples:
        >>> [fold.train.tolist() for fold in complements([np.array([0, 1, 1])])]
        [[1, 2], [0]]
    """
    for repeat, fold_of_row in enumerate(assignments):
        for fold in range(int(fold_of_row.max()) + 1):
            tested = fold_of_row == fold
            yield Fold(np.flatnonzero(~tested), np.flatnonzero(tested), repeat)


def folds_of_rows(table: DecisionTable, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Assign rows to folds; rows of one subscriber may be in different folds.

    Returns:
        Fold of each row, shape (n,), in 0 ... n_folds - 1.

    Raises:
        DataError: no plan has n_folds rows.
    """
    label = _labels(table)
    _check_room(label, n_folds, "rows", table.plans)
    return _assigned(label, np.ones(len(label), np.int64), n_folds, rng)


def folds_of_subscribers(table: DecisionTable, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Assign subscribers to folds, each under the plan that most of its rows have.

    Returns:
        Fold of each row, shape (n,), in 0 ... n_folds - 1, the same for all rows of a subscriber.

    Raises:
        DataError: no plan has n_folds subscribers.
    """
    _, position, size = np.unique(table.subscriber, return_inverse=True, return_counts=True)
    label = _majority(position, _labels(table))
    _check_room(label, n_folds, "subscribers", table.plans)
    return _assigned(label, size, n_folds, rng)[position]


def most_folds_of_subscribers(table: DecisionTable) -> int:
    """Count the most folds that `folds_of_subscribers` can fill: subscribers of the most frequent plan."""
    _, position = np.unique(table.subscriber, return_inverse=True)
    return int(np.bincount(_majority(position, _labels(table))).max())


def _assigned(label: np.ndarray, size: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Assign units to folds plan by plan, the largest units first.

    Every fold gets the same number of units of each plan, up to one; the remaining units go to the folds with
    the fewest rows. scikit-learn's StratifiedGroupKFold is not used, because it loops over groups in Python.
    """
    fold = np.empty(len(label), np.int64)
    rows_in_fold = np.zeros(n_folds, np.int64)
    shuffled = rng.permutation(len(label))
    in_order = shuffled[np.lexsort((-size[shuffled], label[shuffled]))]
    for units in np.split(in_order, np.flatnonzero(np.diff(label[in_order])) + 1):
        n_rounds, n_odd = divmod(len(units), n_folds)
        rounds = rng.permuted(np.tile(np.arange(n_folds), (n_rounds, 1)), axis=1).ravel()
        rows_in_fold += np.bincount(rounds, size[units[: len(rounds)]], n_folds).astype(np.int64)
        odd = np.lexsort((rng.permutation(n_folds), rows_in_fold))[:n_odd]
        rows_in_fold[odd] += size[units[len(rounds) :]]
        fold[units] = np.concatenate([rounds, odd])
    return fold


def _majority(unit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Find the most frequent label of each unit 0 ... max(unit), the lowest of equally frequent ones."""
    width = int(label.max()) + 1
    pair, count = np.unique(unit * width + label, return_counts=True)
    owner, value = np.divmod(pair, width)
    best_first = np.lexsort((value, -count, owner))
    first = np.flatnonzero(np.diff(owner[best_first], prepend=-1))
    return value[best_first][first]


def _labels(table: DecisionTable) -> np.ndarray:
    if table.y is None:
        raise DataError("folds need a label for every row, got a table for scoring")
    if not len(table):
        raise DataError("folds need rows, got an empty table")
    return table.y


def _check_room(label: np.ndarray, n_folds: int, units: str, plans: tuple[str, ...]) -> None:
    """Check that every fold can hold the most frequent plan, so that none is empty."""
    counts = np.bincount(label)
    plan, most = int(counts.argmax()), int(counts.max())
    if most >= n_folds:
        return
    way_out = (
        f"type {typed({'cv.n_folds': most})}" if most > 1 else "no number of folds fits: use a larger table"
    )
    raise DataError(
        f"cv.n_folds={n_folds} needs a plan with at least {n_folds} {units},"
        f" got {most} at most (plan {plans[plan]!r}) of {len(label)} {units} in all; {way_out}"
    )
