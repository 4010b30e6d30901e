import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrec.errors import DataError
from planrec.metrics import METRICS, Estimate, draws_of, evaluate, metric_draws, paired_difference
from tests.metrics.tables import at_random, out_of_fold, tables

ONE_VALUE = [name for name, metric in METRICS.items() if metric.groups is None]


def advised(right: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Decisions of which these are right, two by each subscriber; random bills."""
    y = np.arange(len(right)) % 3 % 2
    of_first = np.where(right, 0.8, 0.3)[:, np.newaxis] * [1, -1] + [0, 1]
    probability = np.where(y[:, np.newaxis] == 0, of_first, of_first[:, ::-1])
    table = out_of_fold(list(y), probability, subscriber=list(np.arange(len(right)) // 2))
    return at_random(table, seed)


def two_alike(n: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two advisers who are right in the same decisions but for one in twenty."""
    random = np.random.default_rng(1)
    right = random.random(n) < 0.6
    return advised(right), advised(right ^ (random.random(n) < 0.05))


@pytest.mark.parametrize("name", ONE_VALUE)
def test_a_model_differs_from_itself_by_exactly_0(name):
    table, _ = two_alike()
    draws = draws_of(table, seed=0, n_bootstrap=30)
    own = metric_draws(table, name, draws)
    again = metric_draws(table.sample(frac=1, random_state=0), name, draws)
    assert vars(paired_difference(own, again)) == {"value": 0, "low": 0, "high": 0}


@pytest.mark.parametrize("name", ONE_VALUE)
def test_the_draws_are_those_that_evaluate_makes(name):
    table, other = two_alike()
    draws = draws_of(table, seed=3, n_bootstrap=40)
    first, second = (metric_draws(rows, name, draws) for rows in (table, other))
    (one,), (two,) = (evaluate(rows, [name], seed=3, n_bootstrap=40) for rows in (table, other))
    assert first[0] == one.value
    assert np.nanpercentile(first[1:], [2.5, 97.5]) == pytest.approx([one.low, one.high])
    assert paired_difference(first, second).value == pytest.approx(two.value - one.value, abs=1e-9)


def test_the_interval_equals_an_explicit_bootstrap():
    table, other = two_alike(40)
    random, n = np.random.default_rng(7), 20
    right = [(rows["y"] == rows["recommended"]).to_numpy(float) for rows in (table, other)]
    found = []
    for _ in range(500):
        drawn = random.integers(0, n, n, dtype=np.int32)
        rows = np.concatenate([[2 * who, 2 * who + 1] for who in drawn])
        found.append(right[1][rows].mean() - right[0][rows].mean())
    draws = draws_of(table, seed=7, n_bootstrap=500)
    difference = paired_difference(*(metric_draws(rows, "accuracy", draws) for rows in (table, other)))
    assert (difference.low, difference.high) == pytest.approx(tuple(np.percentile(found, [2.5, 97.5])))


def test_shared_chance_makes_the_paired_interval_narrower():
    table, other = two_alike(400)
    draws = draws_of(table, seed=0, n_bootstrap=300)
    first, second = (metric_draws(rows, "accuracy", draws) for rows in (table, other))
    paired = paired_difference(first, second)
    shuffled = np.concatenate([second[:1], np.random.default_rng(0).permutation(second[1:])])
    unpaired = paired_difference(first, shuffled)
    assert paired.value == unpaired.value
    assert (paired.high - paired.low) < 0.5 * (unpaired.high - unpaired.low)


@given(tables(min_rows=2, n_plans=3), tables(min_rows=2, n_plans=3), st.sampled_from(["regret", "accuracy"]))
def test_swapping_the_models_negates_the_difference(one, other, name):
    n = min(len(one), len(other))
    one, other = one.head(n), other.head(n).assign(subscriber=one["subscriber"].head(n).to_numpy())
    draws = draws_of(one, seed=0, n_bootstrap=20)
    first, second = (metric_draws(rows, name, draws) for rows in (one, other))
    there, back = paired_difference(first, second), paired_difference(second, first)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_some_rows_are_measured_in_draws_of_all_subscribers():
    table, _ = two_alike(100)
    part = np.arange(100) < 50
    draws = draws_of(table, seed=0, n_bootstrap=50)
    found = metric_draws(table, "accuracy", draws, part)
    assert found[0] == evaluate(table[part], ["accuracy"], seed=0, n_bootstrap=1)[0].value
    assert len(found) == 51


def test_a_draw_without_any_of_the_rows_is_left_out():
    table, other = two_alike(40)
    draws = draws_of(table, seed=0, n_bootstrap=200)
    first, second = (metric_draws(rows, "accuracy", draws, np.arange(40) < 2) for rows in (table, other))
    assert np.isnan(first).any()
    assert not np.isnan(paired_difference(first, second).low)


def test_a_metric_with_nothing_to_measure_is_not_defined():
    table, _ = two_alike(40)
    draws = draws_of(table, seed=0, n_bootstrap=5)
    one_each = table.assign(subscriber=np.arange(40))
    assert np.isnan(metric_draws(one_each, "flip_rate", draws_of(one_each, 0, 5))).all()
    assert not np.isnan(metric_draws(table, "flip_rate", draws)[0])


def test_tables_of_other_subscribers_are_not_paired():
    table, other = two_alike(40)
    draws = draws_of(table, seed=0, n_bootstrap=5)
    with pytest.raises(DataError, match="must have the same subscribers: 1 of 20 are missing, 2 rows are of"):
        metric_draws(other.replace({"subscriber": {3: 99}}), "accuracy", draws)
    with pytest.raises(DataError, match="1 of 20 are missing, 0 rows are of others"):
        metric_draws(other[other["subscriber"] != 3], "accuracy", draws)


def test_rounding_errors_are_not_a_difference():
    first = np.array([0.5, 0.4, 0.6])
    assert paired_difference(first, first + 1e-12) == Estimate(0.0, 0.0, 0.0)
    assert paired_difference(first, first + 1e-3).excludes_zero


def test_draws_take_an_eighth_of_the_memory_of_their_weights():
    table, _ = two_alike(200)
    draws = draws_of(table, seed=0, n_bootstrap=100)
    weights = sum(part.nbytes for part in draws.weights()) - 100 * 8
    assert 8 * sum(part.nbytes for part in draws.counts) == weights
