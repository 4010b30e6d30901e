import numpy as np
import pandas as pd
import pytest

from planrec.errors import DataError
from planrec.metrics import METRICS, MetricValue, evaluate, paired_ratio
from planrec.metrics.intervals import bootstrap_weights
from tests.metrics.tables import at_random, out_of_fold


def noisy(n: int, seed: int, n_plans: int = 4, model: str = "lgbm", n_each: int = 1) -> pd.DataFrame:
    """Decisions whose plans are drawn from the probabilities: calibrated by construction; random bills."""
    random = np.random.default_rng(seed)
    probability = random.dirichlet(np.ones(n_plans), n)
    y = (probability.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    subscriber = list(np.arange(n) // n_each)
    return at_random(out_of_fold(list(y), probability, subscriber=subscriber, model=model), seed)


def only(found: list[MetricValue]) -> MetricValue:
    (value,) = found
    return value


@pytest.mark.parametrize("name", METRICS)
def test_the_interval_holds_the_value(name: str) -> None:
    values = evaluate(noisy(300, seed=1, n_each=2), [name], seed=0, n_bootstrap=200)
    assert values
    for found in values:
        assert found.low < found.high
        assert name == "ece" or found.low < found.value < found.high


def test_intervals_cover_the_true_value_at_about_their_nominal_rate() -> None:
    """Accuracy of a rule that is right in 70 % of decisions; 150 samples, standard error 2 points."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(150):
        right = random.random(150) < 0.7
        table = out_of_fold(y=list(np.where(right, 0, 1)), probability=np.tile([1.0, 0.0], (150, 1)))
        found = only(evaluate(table, ["accuracy"], seed=0, n_bootstrap=200))
        covered += found.low <= 0.7 <= found.high
    assert 0.89 <= covered / 150 <= 0.99


def test_the_standard_error_of_accuracy_is_the_binomial_one() -> None:
    table = noisy(400, seed=2)
    found = only(evaluate(table, ["accuracy"], seed=0, n_bootstrap=2000))
    half_width = 1.96 * np.sqrt(found.value * (1 - found.value) / 400)
    assert (found.high - found.low) / 2 == pytest.approx(half_width, rel=0.1)


@pytest.mark.parametrize("name", METRICS)
def test_copies_of_a_subscribers_rows_do_not_narrow_the_interval(name: str) -> None:
    table = noisy(400, seed=4, n_each=2)
    copies = pd.concat([table.assign(repeat=copy) for copy in range(10)], ignore_index=True)
    copies["decision_id"] = np.arange(len(copies))
    few, many = (evaluate(rows, [name], seed=0, n_bootstrap=100) for rows in (table, copies))
    assert [v.n_decisions for v in many] == [10 * v.n_decisions for v in few]
    for one, ten in zip(few, many, strict=True):
        assert (ten.value, ten.low, ten.high) == pytest.approx((one.value, one.low, one.high), nan_ok=True)


def test_a_draw_holds_as_many_subscribers_as_there_are() -> None:
    (weights,) = bootstrap_weights(50, seed=0, n_bootstrap=400)
    assert weights.shape == (50, 400)
    assert (weights.sum(axis=0) == 50).all()
    # Each count is binomial(50, 1/50): mean 1, variance 0.98.
    assert weights.var() == pytest.approx(0.98, rel=0.1)


def test_draws_in_parts_are_the_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    table = noisy(40, seed=5)
    at_once = evaluate(table, ["auc", "f1"], seed=0, n_bootstrap=20)
    monkeypatch.setattr("planrec.metrics.intervals._WEIGHTS_AT_ONCE", 40 * 3)
    assert len(list(bootstrap_weights(40, 0, 20))) == 7
    assert evaluate(table, ["auc", "f1"], seed=0, n_bootstrap=20) == at_once


def test_the_seed_chooses_the_draws() -> None:
    table = noisy(100, seed=6)
    first, again, other = (only(evaluate(table, ["brier"], seed=s, n_bootstrap=50)) for s in (1, 1, 2))
    assert first == again
    assert first.value == other.value
    assert (first.low, first.high) != (other.low, other.high)


def test_intervals_do_not_depend_on_the_order_of_the_rows() -> None:
    table = noisy(400, seed=7, n_each=2)
    shuffled = table.sample(frac=1, random_state=0)
    for one, other in zip(*(evaluate(t, list(METRICS), 0, 30) for t in (table, shuffled)), strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_all_models_see_the_same_draws() -> None:
    table = noisy(80, seed=8)
    both = pd.concat([table, table.sample(frac=1, random_state=0).assign(model="twin")])
    one, twin = evaluate(both, ["log_loss"], seed=0, n_bootstrap=30)
    assert (one.model, twin.model) == ("lgbm", "twin")
    assert (one.low, one.high) == pytest.approx((twin.low, twin.high))


def test_deterministic_models_show_no_metric_of_probabilities() -> None:
    both = pd.concat([noisy(20, seed=9, n_each=2), noisy(20, seed=9, n_each=2, model="popular")])
    found = evaluate(both, list(METRICS), seed=0, n_bootstrap=5, deterministic={"popular"})
    assert {v.metric for v in found if v.model == "lgbm"} == set(METRICS)
    assert {v.metric for v in found if v.model == "popular"} == set(METRICS) - {"log_loss", "brier", "ece"}


def test_a_metric_per_plan_is_nan_for_absent_plans() -> None:
    table = out_of_fold(
        y=[0, 0, 1], probability=np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.1, 0.9, 0.0]])
    )
    mini, base, absent = evaluate(table, ["f1"], seed=0, n_bootstrap=20)
    assert (mini.group, mini.value) == ("mini", pytest.approx(2 / 3))
    assert (base.group, base.value) == ("base", pytest.approx(2 / 3))
    assert absent.group == "plus"
    assert np.isnan([absent.value, absent.low, absent.high]).all()


def test_draws_without_a_plan_are_left_out_of_its_interval() -> None:
    """One subscriber of five holds `base`: about a third of the draws have none of it, and no AUC."""
    table = out_of_fold(y=[0, 0, 0, 0, 1], probability=np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]]))
    found = only(evaluate(table, ["auc"], seed=0, n_bootstrap=100))
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_decisions_and_subscribers_are_counted_once_over_repeats() -> None:
    table = noisy(6, seed=10).assign(subscriber=[1, 1, 2, 2, 3, 3])
    repeats = pd.concat([table, table.assign(repeat=1)])
    found = only(evaluate(repeats, ["accuracy"], seed=0, n_bootstrap=5))
    assert (found.n_decisions, found.n_subscribers) == (6, 3)


def test_an_unknown_metric_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"no such metric \(did you mean 'accuracy'\?\); allowed: regret,"):
        evaluate(noisy(5, seed=0), ["auc", "acuracy"], seed=0, n_bootstrap=5)


def test_rows_without_a_subscriber_are_refused() -> None:
    table = noisy(3, seed=0).assign(subscriber=[1.0, np.nan, 2.0])
    with pytest.raises(DataError, match=r"1 of 3 have none"):
        evaluate(table, ["auc"], seed=0, n_bootstrap=5)


def test_text_columns_from_parquet_are_accepted() -> None:
    table = noisy(10, seed=11)
    texts = table.assign(subscriber=[f"s{i}" for i in table["subscriber"]])
    texts = texts.astype({"subscriber": "str", "y": "category", "recommended": "str"})
    one, other = (only(evaluate(t, ["accuracy"], seed=0, n_bootstrap=10)) for t in (table, texts))
    assert (one.value, one.low, one.high) == (other.value, other.low, other.high)


def test_a_paired_ratio_is_constant_for_equal_models() -> None:
    table = pd.concat([noisy(300, seed=1, model="a"), noisy(300, seed=1, model="b")], ignore_index=True)
    assert paired_ratio(table, "regret", ("a", "b"), seed=0, n_bootstrap=50) == (1.0, 1.0, 1.0)
    other = pd.concat([noisy(300, seed=1, model="a"), noisy(300, seed=2, model="b")], ignore_index=True)
    values = {found.model: found.value for found in evaluate(other, ["regret"], seed=0, n_bootstrap=2)}
    ratio, low, high = paired_ratio(other, "regret", ("a", "b"), seed=0, n_bootstrap=200)
    assert ratio == pytest.approx(values["a"] / values["b"])
    assert low < ratio < high
