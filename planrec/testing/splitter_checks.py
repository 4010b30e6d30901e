"""Contract of splitters: folds are positions that never overlap, and depend on the seed alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from planrec.contracts import Fold, Splitter
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable


def check_splitter(splitter: Splitter) -> None:
    """Run every check of `SPLITTER_CHECKS` on tables with several decisions per subscriber.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    for name, check in SPLITTER_CHECKS.items():
        try:
            check(splitter, decisions())
        except AssertionError as error:
            error.add_note(f"in the check {name} of cv={splitter.kind}")
            raise


def decisions(n_subscribers: int = 60, n_instants: int = 6) -> DecisionTable:
    """Return decisions of subscribers at monthly instants, in an order that mixes them."""
    n = n_subscribers * n_instants
    rng = np.random.default_rng(0)
    order = rng.permutation(n)
    subscriber, instant = np.divmod(order, n_instants)
    as_of = (np.datetime64("2018-03") + instant.astype("timedelta64[M]")).astype("datetime64[D]")
    return DecisionTable(
        X={},
        subscriber=subscriber,
        plans=("mini", "base", "max"),
        menu=np.ones((n, 3), dtype=bool),
        inputs=InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False),
        y=rng.integers(0, 3, n),
        as_of=as_of,
        horizon=1,
    )


def folds_are_sorted_positions_that_never_overlap(splitter: Splitter, table: DecisionTable) -> None:
    """Check that train and test are sorted row positions without a common row."""
    folds = list(splitter.split(table, 7))
    assert folds
    for fold in folds:
        for rows in (fold.train, fold.test):
            assert len(rows)
            assert (np.diff(rows) > 0).all()
            assert rows[0] >= 0
            assert rows[-1] < len(table)
        assert not len(np.intersect1d(fold.train, fold.test))


def no_decision_is_tested_twice_in_a_repeat(splitter: Splitter, table: DecisionTable) -> None:
    """Check that the test rows of one repeat are disjoint."""
    folds = list(splitter.split(table, 7))
    for repeat in {fold.repeat for fold in folds}:
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        assert len(np.unique(tested)) == len(tested)


def subscribers_stay_whole_if_promised(splitter: Splitter, table: DecisionTable) -> None:
    """Check `keeps_subscribers_whole`: no subscriber is in train and test of a fold."""
    if splitter.keeps_subscribers_whole:
        for fold in splitter.split(table, 7):
            assert not len(np.intersect1d(table.subscriber[fold.train], table.subscriber[fold.test]))


def the_same_seed_gives_the_same_folds(splitter: Splitter, table: DecisionTable) -> None:
    """Check that folds are a function of the table and the seed."""
    first, second = (list(splitter.split(table, 7)) for _ in range(2))
    assert same_folds(first, second)


def same_folds(first: Sequence[Fold], second: Sequence[Fold]) -> bool:
    """Return whether two lists of folds have equal rows."""
    return len(first) == len(second) and all(
        np.array_equal(a.train, b.train) and np.array_equal(a.test, b.test)
        for a, b in zip(first, second, strict=True)
    )


SPLITTER_CHECKS: Mapping[str, Callable[[Splitter, DecisionTable], None]] = {
    check.__name__: check
    for check in (
        folds_are_sorted_positions_that_never_overlap,
        no_decision_is_tested_twice_in_a_repeat,
        subscribers_stay_whole_if_promised,
        the_same_seed_gives_the_same_folds,
    )
}
"Checks by name; each takes a splitter and a table, and raises AssertionError."
