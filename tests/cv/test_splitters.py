"""Training and test rows: properties of every YAML in conf/cv/, then each splitter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from planrec.config.conf_folder import inherited
from planrec.contracts import Splitter
from planrec.cv import CvConfig, Grouped, Rolling, Stratified
from planrec.errors import DataError
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable
from planrec.testing.splitter_checks import SPLITTER_CHECKS, same_folds

CONF = Path(__file__).parents[2] / "conf" / "cv"


def option(path: Path, **changes: int) -> Splitter:
    tree = inherited("cv", path.stem)
    # A splitter of splitters has no fields of its own; it splits like the outer one.
    changed = tree | ({"outer": tree["outer"] | changes} if "outer" in tree else changes)
    return TypeAdapter(CvConfig).validate_python(changed)


RANDOM = sorted(set(CONF.glob("*.yaml")) - {CONF / "leave_one_plan_out.yaml"})
"The repeats of the other one are the plans: tests/cv/test_leave_one_plan_out.py."
every_option = pytest.mark.parametrize("path", RANDOM, ids=lambda path: path.stem)


def table_of(subscriber: Any, y: Any, as_of: Any = None, horizon: int = 0, n_plans: int = 3) -> DecisionTable:
    return DecisionTable(
        X={},
        subscriber=np.asarray(subscriber),
        plans=("mini", "base", "max")[:n_plans],
        menu=np.ones((len(y), n_plans), dtype=bool),
        inputs=InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False),
        y=np.asarray(y, dtype=np.int64),
        as_of=None if as_of is None else np.asarray(as_of, dtype="datetime64[D]"),
        horizon=horizon,
    )


@st.composite
def decision_tables(draw: st.DrawFn) -> DecisionTable:
    """Draw 4 to 40 decisions of subscribers with several rows in any order; the first four have plan 0."""
    n = draw(st.integers(4, 40))
    rows = st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(0, 7))
    drawn = draw(st.lists(rows, min_size=n, max_size=n))
    subscriber = [100 + row for row in range(4)] + [owner for owner, _, _ in drawn]
    y = [0] * 4 + [label for _, label, _ in drawn]
    months = [0, 0, 7, 7] + [month for _, _, month in drawn]
    as_of = (np.datetime64("2018-10") + np.array(months).astype("timedelta64[M]")).astype("datetime64[D]")
    return table_of(subscriber, y, as_of, draw(st.integers(0, 3)))


def months_between(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    return np.asarray(late.astype("datetime64[M]") - early.astype("datetime64[M]"), dtype=np.int64)


@every_option
@given(table=decision_tables(), seed=st.integers(0, 2**32))
def test_folds_are_sorted_disjoint_positions(path: Path, table: DecisionTable, seed: int) -> None:
    folds = list(option(path, n_folds=3, n_repeats=2).split(table, seed))
    assert {fold.repeat for fold in folds} == {0, 1}
    for fold in folds:
        for rows in (fold.train, fold.test):
            assert len(rows)
            assert (np.diff(rows) > 0).all()
            assert rows[0] >= 0
            assert rows[-1] < len(table)
        assert not set(fold.train) & set(fold.test)


@every_option
@pytest.mark.parametrize("check", SPLITTER_CHECKS.values(), ids=SPLITTER_CHECKS)
@given(table=decision_tables())
def test_every_splitter_keeps_the_contract(
    path: Path, check: Callable[[Splitter, DecisionTable], None], table: DecisionTable
) -> None:
    check(option(path, n_folds=3, n_repeats=2), table)


@pytest.mark.parametrize("kind", ["stratified", "grouped"])
@given(table=decision_tables(), n_folds=st.integers(2, 4))
def test_every_decision_is_tested_once_per_repeat(kind: str, table: DecisionTable, n_folds: int) -> None:
    folds = list(option(CONF / f"{kind}.yaml", n_folds=n_folds, n_repeats=2).split(table, 7))
    assert len(folds) == 2 * n_folds
    for repeat in (0, 1):
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        np.testing.assert_array_equal(np.sort(tested), np.arange(len(table)))
    for fold in folds:
        assert len(fold.train) + len(fold.test) == len(table)


@every_option
@given(table=decision_tables(), seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_folds(path: Path, table: DecisionTable, seed: int) -> None:
    splitter = option(path, n_folds=3, n_repeats=2)
    assert same_folds(list(splitter.split(table, seed)), list(splitter.split(table, seed)))


@every_option
def test_another_seed_and_another_repeat_give_other_folds(path: Path) -> None:
    as_of = np.tile(np.array(["2018-06-01", "2018-07-01"], "datetime64[D]"), 50)
    table = table_of(np.arange(100) // 2, np.arange(100) % 3, as_of)
    splitter = option(path, n_repeats=2)
    first, other = list(splitter.split(table, 1)), list(splitter.split(table, 2))
    assert not same_folds(first, other)
    assert not same_folds(first[: len(first) // 2], first[len(first) // 2 :])


@pytest.mark.parametrize("kind", ["stratified", "grouped"])
def test_neighbours_in_the_file_may_share_a_fold(kind: str) -> None:
    table = table_of(range(10), [0] * 10)
    shares = [
        {0, 1} <= set(fold.test)
        for seed in range(40)
        for fold in option(CONF / f"{kind}.yaml").split(table, seed)
    ]
    assert 1 <= sum(shares) <= 15


@every_option
def test_text_subscribers_are_split_like_numbers(path: Path) -> None:
    numbers, y = np.arange(60) // 3, np.arange(60) % 2
    as_of = np.tile(np.array(["2018-06-01", "2018-07-01", "2018-08-01"], "datetime64[D]"), 20)
    text = np.array([f"id-{number:03}" for number in numbers], dtype=object)
    splitter = option(path)
    assert same_folds(
        list(splitter.split(table_of(numbers, y, as_of), 3)),
        list(splitter.split(table_of(text, y, as_of), 3)),
    )


@pytest.mark.parametrize("kind", ["stratified", "grouped"])
@given(counts=st.tuples(st.integers(5, 60), st.integers(0, 60), st.integers(0, 3)), seed=st.integers(0, 9))
def test_every_fold_gets_its_share_of_every_plan(kind: str, counts: tuple[int, int, int], seed: int) -> None:
    y = np.repeat([0, 1, 2], counts)
    for fold in option(CONF / f"{kind}.yaml").split(table_of(np.arange(len(y)), y), seed):
        tested = np.bincount(y[fold.test], minlength=3)
        assert all(count // 5 <= share <= -(-count // 5) for count, share in zip(counts, tested, strict=True))
        assert len(y) // 5 <= len(fold.test) <= -(-len(y) // 5)


def test_grouped_folds_balance_subscribers_of_different_size() -> None:
    rng = np.random.default_rng(0)
    size = rng.integers(1, 13, 2_000)
    subscriber = rng.permutation(np.repeat(np.arange(2_000), size))
    favourite = rng.choice(3, 2_000, p=[0.7, 0.2, 0.1])
    strays = rng.random(len(subscriber)) < 0.1
    y = np.where(strays, rng.integers(0, 3, len(subscriber)), favourite[subscriber])
    overall = np.bincount(y) / len(y)
    for fold in Grouped(kind="grouped", n_folds=5, n_repeats=1).split(table_of(subscriber, y), 0):
        assert len(fold.test) == pytest.approx(len(y) / 5, rel=0.01)
        np.testing.assert_allclose(np.bincount(y[fold.test]) / len(fold.test), overall, atol=0.01)


def test_a_subscriber_counts_under_the_plan_of_most_of_its_rows() -> None:
    # Four subscribers: two mostly on plan 1 (twice of three rows), two on plan 0.
    subscriber, y = np.repeat([4, 3, 2, 1], 3), [1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    for seed in range(20):
        for fold in Grouped(kind="grouped", n_folds=2, n_repeats=1).split(table_of(subscriber, y), seed):
            assert len(np.intersect1d(subscriber[fold.test], [3, 4])) == 1


@given(table=decision_tables(), n_instants=st.integers(1, 9))
def test_rolling_trains_only_on_known_labels(table: DecisionTable, n_instants: int) -> None:
    assert table.as_of is not None
    splitter = option(CONF / "rolling.yaml", n_folds=3, n_instants=n_instants)
    tested_instants: set[np.datetime64] = set()
    for fold in splitter.split(table, 7):
        (instant,) = set(table.as_of[fold.test])
        assert months_between(table.as_of[fold.train], instant).min() >= table.horizon
        tested_instants.add(instant)
    assert tested_instants <= set(np.unique(table.as_of)[-n_instants:])


@given(table=decision_tables())
def test_rolling_tests_every_decision_of_an_instant_with_a_past(table: DecisionTable) -> None:
    assert table.as_of is not None
    first_known = table.as_of.min().astype("datetime64[M]") + np.timedelta64(table.horizon, "M")
    tested = np.concatenate(
        [fold.test for fold in option(CONF / "rolling.yaml", n_folds=2, n_instants=99).split(table, 7)]
    )
    # An instant is left out of a fold only if all known rows belong to the tested subscribers.
    certain = table.as_of.astype("datetime64[M]") > first_known + np.timedelta64(12, "M")
    assert set(np.flatnonzero(certain)) <= set(tested)
    assert (table.as_of[tested].astype("datetime64[M]") >= first_known).all()


def test_rolling_on_the_simulators_year_tests_the_last_instant_only() -> None:
    # Window 6, horizon 3, twelve months: decisions after months 6, 7, 8 and 9.
    instants = np.array(["2018-07-01", "2018-08-01", "2018-09-01", "2018-10-01"], "datetime64[D]")
    table = table_of(np.repeat(np.arange(30), 4), np.arange(120) % 3, np.tile(instants, 30), horizon=3)
    folds = list(Rolling(kind="rolling", n_folds=5, n_repeats=1, n_instants=3).split(table, 0))
    assert len(folds) == 5
    assert table.as_of is not None
    for fold in folds:
        assert set(table.as_of[fold.test]) == {instants[3]}
        assert set(table.as_of[fold.train]) == {instants[0]}
        assert (len(fold.train), len(fold.test)) == (24, 6)


def test_a_label_that_ends_a_day_after_the_tested_instant_is_not_known() -> None:
    as_of = np.tile(np.array(["2018-03-15", "2018-03-16", "2018-06-15"], "datetime64[D]"), 4)
    table = table_of(np.repeat(np.arange(4), 3), [0] * 12, as_of, horizon=3)
    assert table.as_of is not None
    for fold in Rolling(kind="rolling", n_folds=2, n_repeats=1, n_instants=1).split(table, 0):
        assert set(table.as_of[fold.train]) == {np.datetime64("2018-03-15")}


def test_rolling_without_time_is_rejected_with_a_remedy() -> None:
    with pytest.raises(DataError, match=r"needs the instant \(as_of\).*type cv=grouped"):
        list(option(CONF / "rolling.yaml").split(table_of(range(20), [0] * 20), 0))


def test_rolling_without_a_past_is_rejected_with_a_remedy() -> None:
    table = table_of(range(20), [0] * 20, ["2018-07-01"] * 20, horizon=3)
    with pytest.raises(DataError, match=r"got 2018-10-01 as the first end and 2018-07-01 .*target.horizon=1"):
        list(option(CONF / "rolling.yaml").split(table, 0))


def test_too_few_rows_name_the_number_of_folds_that_fits() -> None:
    with pytest.raises(DataError, match=r"got 3 at most \(plan 'mini'\) of 4 rows in all; type cv.n_folds=3"):
        list(option(CONF / "stratified.yaml").split(table_of([1, 1, 1, 1], [0, 0, 1, 0]), 0))


def test_too_few_subscribers_name_the_number_of_folds_that_fits() -> None:
    with pytest.raises(DataError, match=r"cv\.n_folds=5 needs a plan with at least 5 subscribers, got 2 at"):
        list(option(CONF / "grouped.yaml").split(table_of([1, 2] * 10, [0] * 20), 0))


def test_a_table_that_no_number_of_folds_fits_is_rejected() -> None:
    with pytest.raises(DataError, match="no number of folds fits"):
        list(option(CONF / "grouped.yaml", n_folds=2).split(table_of([1] * 20, [0] * 20), 0))
    with pytest.raises(DataError, match="empty table"):
        list(option(CONF / "grouped.yaml").split(table_of([], []), 0))


def test_a_rare_plan_is_spread_over_as_many_folds_as_it_has_rows() -> None:
    y = np.array([0] * 20 + [1, 1])
    folds = list(Stratified(kind="stratified", n_folds=5, n_repeats=1).split(table_of(range(22), y), 0))
    assert sorted(int(y[fold.test].sum()) for fold in folds) == [0, 0, 0, 1, 1]


@every_option
@pytest.mark.parametrize("changes", [{"n_folds": 1}, {"n_repeats": 0}, {"n_splits": 5}])
def test_impossible_options_are_rejected_at_composition(path: Path, changes: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(changes))):
        option(path, **changes)


@pytest.mark.parametrize(("nested", "plain"), [("nested", "rolling"), ("nested_grouped", "grouped")])
@given(table=decision_tables())
def test_nested_folds_are_those_of_the_outer_splitter(nested: str, plain: str, table: DecisionTable) -> None:
    outside, alone = option(CONF / f"{nested}.yaml", n_folds=3), option(CONF / f"{plain}.yaml", n_folds=3)
    assert same_folds(list(outside.split(table, 7)), list(alone.split(table, 7)))
    assert outside.keeps_subscribers_whole == alone.keeps_subscribers_whole
    assert outside.needs_time == alone.needs_time
    assert outside.inner_splitter is not None
    assert alone.inner_splitter is None


def test_nested_needs_time_if_either_splitter_does() -> None:
    tree = inherited("cv", "nested_grouped") | {"inner": inherited("cv", "rolling")}
    assert TypeAdapter(CvConfig).validate_python(tree).needs_time


def test_too_few_subscribers_for_outer_folds_name_the_field() -> None:
    with pytest.raises(DataError, match=r"cv\.outer\.n_folds=5 needs .*; type cv\.outer\.n_folds=2"):
        list(option(CONF / "nested_grouped.yaml").split(table_of([1, 2] * 10, [0] * 20), 0))
