import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given

from planrec.errors import ConfigError, DataError
from planrec.metrics import METRICS, broken_guards, evaluate
from planrec.metrics.judged_rows import read_judged_rows
from planrec.metrics.quantile import weighted_quantile
from tests.metrics.tables import PLANS, at_random, out_of_fold, tables, value, with_bills

MONEY = [name for name, metric in METRICS.items() if metric.needs_bills]


def advised(recommended: list[int], n_plans: int = 3) -> pd.DataFrame:
    """Decisions that recommend these plans; right plan and probabilities do not matter here."""
    n = len(recommended)
    return out_of_fold([0] * n, np.full((n, n_plans), 1 / n_plans), recommended)


def following(table: pd.DataFrame, plan: np.ndarray) -> pd.DataFrame:
    """The table with other advice."""
    return table.assign(recommended=np.array(PLANS, object)[plan])


def by_hand() -> pd.DataFrame:
    """Costs per month: 20 17 30, base advised to a holder of mini; 11 12 31, stay on base; 10 12 11, plus
    advised to a holder of mini; 10 10 10.4, nothing said to a holder of plus."""
    future = np.array([[60.0, 45.0, 84.0], [30.0, 36.0, 90.0], [30.0, 36.0, 33.0], [30.0, 30.0, 31.2]])
    switching = np.array([[0.0, 6.0, 6.0], [3.0, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    return with_bills(advised([1, 1, 2, -1]), future, [0, 1, 0, 2], switching, horizon=3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("regret", (0 + 1 + 1 + 0.4) / 4),
        ("regret_median", 0.4),
        ("regret_p90", 1),
        ("savings_captured", (3 + 0 - 1 + 0) / (3 + 1 + 0 + 0.4)),
        ("harm_rate", 1 / 4),
        ("harm_rate_switched", 1 / 2),
        ("switch_rate", 2 / 4),
        ("eps_hit", 2 / 4),
    ],
)
def test_four_decisions_by_hand(name: str, expected: float) -> None:
    assert value(name, by_hand()) == pytest.approx(expected)


def test_regret_by_plan_held_by_hand() -> None:
    """mini: 0 and 1; base: 1; plus: 0.4."""
    assert value("regret_by_held", by_hand()) == pytest.approx([1 / 2, 1, 0.4])
    without_plus = by_hand().iloc[:3]
    assert value("regret_by_held", without_plus) == pytest.approx([1 / 2, 1, np.nan], nan_ok=True)


def test_regret_by_decile_by_hand() -> None:
    found = value("regret_by_decile", by_hand().assign(usage_decile=[1, 1, 10, 3]))
    expected = [1 / 2, np.nan, 0.4, *[np.nan] * 6, 1]
    assert found == pytest.approx(expected, nan_ok=True)


def test_hidden_regret_compares_with_the_best_expected_plan() -> None:
    """Expected costs 20 22 30 for advice that turned out right: base costs 2 more than mini should."""
    hidden = np.array([[60.0, 60.0, 84.0]])
    table = by_hand().iloc[:1].assign(**{f"hidden@{plan}": hidden[:, j] for j, plan in enumerate(PLANS[:3])})
    assert value("regret", table) == 0
    assert value("regret_hidden", table) == pytest.approx(2)


@given(st.integers(0, 10**7), st.integers(1, 12))
def test_exactly_the_tolerated_amount_is_neither_harm_nor_a_miss(cents: int, horizon: int) -> None:
    """The bills of the plan advised sum to 50 cents a month more, to the cent, for any rounding of floats."""
    limit = (cents + 50 * horizon) / 100
    table = with_bills(advised([1], 2), np.array([[cents / 100, limit]]), horizon=horizon)
    assert (value("harm_rate", table), value("eps_hit", table)) == (0, 1)
    above = with_bills(advised([1], 2), np.array([[cents / 100, limit + 0.01]]), horizon=horizon)
    assert value("harm_rate", above) == 1


@pytest.mark.parametrize(
    ("best", "advice", "hit"), [(10, 10.5, 1), (10, 10.51, 0), (100, 101, 1), (100, 101.01, 0)]
)
def test_near_the_best_is_within_half_a_unit_or_one_percent(best: float, advice: float, hit: int) -> None:
    table = with_bills(advised([1], 2), np.array([[best, advice]]))
    assert value("eps_hit", table) == hit


def test_advice_to_stay_never_harms() -> None:
    table = with_bills(advised([2, -1]), np.array([[1.0, 2.0, 900.0]] * 2), held=[2, 2])
    assert (value("harm_rate", table), value("switch_rate", table)) == (0, 0)
    assert np.isnan(value("harm_rate_switched", table))


def test_equal_sums_of_decimals_have_no_regret() -> None:
    """0.1 + 0.2 and 0.3 are different floats."""
    assert 0.1 + 0.2 != 0.3
    switching = np.array([[0.0, 0.2]])
    table = with_bills(advised([1], 2), np.array([[0.3, 0.1]]), switching=switching, horizon=3)
    assert value("regret", table) == 0
    assert np.isnan(value("savings_captured", table))


def test_a_plan_outside_the_menu_is_not_the_cheapest() -> None:
    future = np.array([[20.0, 15.0, 1.0]])
    table = with_bills(advised([1]), future)
    assert value("regret", table) == 14
    offered = table.assign(**{"menu@mini": True, "menu@base": True, "menu@plus": False})
    assert value("regret", offered) == 0
    assert value("savings_captured", offered) == 1


@given(tables())
def test_perfect_advice_has_no_regret_and_captures_all_savings(table: pd.DataFrame) -> None:
    costs = read_judged_rows(table).costs
    assert costs is not None
    oracle = read_judged_rows(following(table, costs.monthly.argmin(axis=1)))
    names = ("regret", "regret_median", "regret_p90", "harm_rate", "eps_hit")
    assert [float(value(name, oracle)) for name in names] == [0, 0, 0, 0, 1]
    to_save = (costs.of_held > costs.least).any()
    assert value("savings_captured", oracle) == pytest.approx(1 if to_save else np.nan, nan_ok=True)


@given(tables())
def test_advice_to_stay_regrets_all_possible_savings(table: pd.DataFrame) -> None:
    costs = read_judged_rows(table).costs
    assert costs is not None
    silent = table.assign(recommended=None)
    for stay in map(read_judged_rows, (table.assign(recommended=table["held"]), silent)):
        assert [float(value(name, stay)) for name in ("harm_rate", "switch_rate")] == [0, 0]
        assert value("regret", stay) == pytest.approx((costs.of_held - costs.least).mean())
        assert value("savings_captured", stay) in (0, pytest.approx(np.nan, nan_ok=True))


@given(tables())
def test_regret_is_not_negative_and_savings_captured_at_most_one(table: pd.DataFrame) -> None:
    judged = read_judged_rows(table)
    for name in ("regret", "regret_median", "regret_p90", "regret_hidden"):
        assert value(name, judged) >= 0, name
    assert not value("savings_captured", judged) > 1 + 1e-12
    assert value("harm_rate", judged) <= value("switch_rate", judged)
    assert value("regret_median", judged) <= value("regret_p90", judged)


MONEY_COLUMNS = ("future@", "switching@", "hidden@")


@given(tables(), st.sampled_from([0.01, 3.0, 1000.0]))
def test_another_currency_scales_regret_but_not_savings_captured(table: pd.DataFrame, rate: float) -> None:
    money = [name for name in table if name.startswith(MONEY_COLUMNS)]
    exchanged = table.assign(**{name: table[name] * rate for name in money})
    judged, other = read_judged_rows(table), read_judged_rows(exchanged)
    for name in ("regret", "regret_median", "regret_p90", "regret_hidden", "regret_by_held"):
        assert value(name, other) == pytest.approx(rate * value(name, judged), nan_ok=True, abs=1e-6), name
    captured = value("savings_captured", judged)
    assert value("savings_captured", other) == pytest.approx(captured, nan_ok=True, abs=1e-4)


@given(tables(), st.integers(-100, 100))
def test_a_charge_on_every_plan_changes_no_metric_of_differences(table: pd.DataFrame, charge: int) -> None:
    bills = [name for name in table if name.startswith(("future@", "hidden@"))]
    charged = table.assign(**{name: table[name] + charge for name in bills})
    judged, other = read_judged_rows(table), read_judged_rows(charged)
    for name in set(MONEY) - {"eps_hit"}:  # one percent of more is more
        assert value(name, other) == pytest.approx(value(name, judged), nan_ok=True, abs=1e-6), name


@given(tables(), st.integers(2, 5))
def test_longer_horizons_with_the_same_months_cost_the_same_per_month(
    table: pd.DataFrame, times: int
) -> None:
    bills = [name for name in table if name.startswith(MONEY_COLUMNS)]
    longer = table.assign(horizon=table["horizon"] * times, **{name: table[name] * times for name in bills})
    judged, other = read_judged_rows(table), read_judged_rows(longer)
    for name in MONEY:
        assert value(name, other) == pytest.approx(value(name, judged), nan_ok=True, abs=1e-6), name


@given(st.data())
def test_weighted_quantiles_equal_numpy_on_repeated_rows(data: st.DataObject) -> None:
    """Up to 60 rows: eight stretches, so that the search inside a stretch and before it both matter."""
    n = data.draw(st.integers(1, 60))
    rows = np.array(data.draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)), float)
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any)), float)
    judged = read_judged_rows(advised([0] * n))
    both = np.column_stack([weights, np.ones(n)])
    for percent in (1, 50, 90, 100):
        found = weighted_quantile(judged, both, rows, percent)
        # As numpy's weights are fractions, it is asked for the repeated rows.
        expected = [
            np.quantile(np.repeat(rows, times.astype(int)), percent / 100, method="inverted_cdf")
            for times in both.T
        ]
        assert found.tolist() == expected


def test_ndcg_of_three_plans_by_hand() -> None:
    """Costs 20 17 30 for a holder of mini: gains 0 1 0, and base is the second most probable."""
    table = with_bills(
        out_of_fold([1], np.array([[0.5, 0.3, 0.2]])), np.array([[20.0, 17.0, 30.0]]), held=[0]
    )
    assert value("ndcg_3", table) == pytest.approx(1 / np.log2(3))
    halfway = with_bills(table, np.array([[20.0, 10.0, 15.0]]), held=[0])  # gains 0 1 1/2
    dcg, best = 1 / np.log2(3) + 0.5 / np.log2(4), 1 + 0.5 / np.log2(3)
    assert value("ndcg_3", halfway) == pytest.approx(dcg / best)


def test_a_saving_below_one_unit_is_spread_over_one_unit() -> None:
    """Costs 10.5 10 10.9 for a holder of mini: gains 1/2 1 1/10."""
    table = with_bills(out_of_fold([1], np.array([[0.5, 0.3, 0.2]])), np.array([[10.5, 10.0, 10.9]]))
    discounts = 1 / np.log2([2, 3, 4])
    expected = ([0.5, 1, 0.1] @ discounts) / ([1, 0.5, 0.1] @ discounts)
    assert value("ndcg_3", table) == pytest.approx(expected)


@given(st.integers(0, 1000))
def test_ndcg_is_scikit_learns_with_these_gains(seed: int) -> None:
    random = np.random.default_rng(seed)
    probability = random.integers(1, 4, (5, 4)).astype(float)  # many ties
    probability /= probability.sum(axis=1, keepdims=True)
    future, held = random.integers(0, 9, (5, 4)).astype(float), random.integers(0, 4, 5)
    extra = future - future.min(axis=1, keepdims=True)
    gain = np.maximum(0, 1 - extra / np.maximum(extra[np.arange(5), held], 1)[:, np.newaxis])
    table = with_bills(out_of_fold([0] * 5, probability), future, list(held))
    assert value("ndcg_3", table) == pytest.approx(sklearn.metrics.ndcg_score(gain, probability, k=3))


def with_times(recommended: list[int], subscriber: list[int], month: list[int]) -> pd.DataFrame:
    as_of = [np.datetime64(f"2030-{number:02}-01", "s") for number in month]
    return advised(recommended).assign(subscriber=subscriber, as_of=as_of)


def test_flips_are_counted_along_time_and_within_a_subscriber() -> None:
    """a: base, mini, mini (one flip of two), in shuffled rows; b: base once, which is not a flip."""
    table = with_times([0, 1, 1, 0], ["a", "b", "a", "a"], month=[3, 4, 1, 2])
    assert value("flip_rate", table) == pytest.approx(1 / 2)


def test_flips_do_not_cross_repeats() -> None:
    table = with_times([0, 0, 1, 1], ["a"] * 4, month=[1, 2, 1, 2]).assign(repeat=[0, 0, 1, 1])
    assert value("flip_rate", table) == 0


@pytest.mark.parametrize(("then", "flips"), [(0, 0), (1, 1)])
def test_abstaining_does_not_count_as_a_recommendation(then: int, flips: int) -> None:
    table = with_times([0, -1, then], ["a"] * 3, month=[1, 2, 3])
    assert value("flip_rate", table) == flips


def test_metrics_without_anything_to_measure_are_left_out() -> None:
    names = ["regret", "regret_hidden", "regret_by_decile", "flip_rate"]
    found = evaluate(by_hand(), names, seed=0, n_bootstrap=5)
    assert {one.metric for one in found} == {"regret"}
    single = by_hand().assign(as_of=np.datetime64("2030-01-01", "s"))  # each subscriber decides once
    assert evaluate(single, ["flip_rate"], seed=0, n_bootstrap=5) == []
    everything = at_random(with_times([0, 1, 0, 1], [1, 1, 2, 2], month=[1, 2, 1, 2]), seed=0)
    assert {one.metric for one in evaluate(everything, names, seed=0, n_bootstrap=5)} == set(names)


def test_metrics_of_money_without_bills_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"target=best_bill, or leave out regret, eps_hit$"):
        evaluate(advised([0]), ["accuracy", "regret", "eps_hit"], seed=0, n_bootstrap=5)


def test_groups_are_named() -> None:
    table = by_hand().assign(usage_decile=[1, 1, 10, 3])
    found = evaluate(table, ["regret_by_held", "regret_by_decile"], seed=0, n_bootstrap=5)
    held, deciles = [one.group for one in found[:3]], [one.group for one in found[3:]]
    assert held == ["mini", "base", "plus"]
    assert deciles == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"held": ["mini", None, "mini", "plus"]}, r"'held' must name plans"),
        ({"menu@mini": [False, True, True, True]}, r"held and recommended must be on the menu; .* 1 rows: 0"),
        ({"menu@plus": [True, True, False, True]}, r"held and recommended must be on the menu; .* 1 rows: 2"),
        ({"future@base": [1.0, np.nan, 1.0, np.nan]}, r"must have a number in future@PLAN .* 2 rows: 1, 3"),
        ({"horizon": [3, 3, 0, 3]}, r"horizon must be at least 1 month, got 0"),
        ({"usage_decile": [0, 1, 2, 3]}, r"usage_decile must be 1 to 10, got 0 to 3"),
    ],
)
def test_an_inconsistent_out_of_fold_table_is_refused(changed: dict[str, list[object]], message: str) -> None:
    full = by_hand().assign(**{f"menu@{plan}": True for plan in PLANS[:3]})
    assert value("regret", full) >= 0
    with pytest.raises(DataError, match=message):
        read_judged_rows(full.assign(**changed))


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (["switching@mini", "switching@plus"], r"switching@PLAN, missing: switching@mini, switching@plus$"),
        (["future@base"], r"future@PLAN, missing: future@base$"),
        (["held", "horizon"], r"must have held, horizon as well"),
    ],
)
def test_bills_without_their_companion_columns_are_refused(gone: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_judged_rows(by_hand().drop(columns=gone))


def test_a_plan_outside_the_menu_needs_no_bill() -> None:
    menu = {"menu@mini": True, "menu@base": True, "menu@plus": [True, False, True, True]}
    table = by_hand().assign(**menu)
    table.loc[1, ["future@plus", "switching@plus"]] = np.nan
    assert value("regret", table) == value("regret", by_hand())


def test_a_harm_rate_above_its_guard_gives_a_warning() -> None:
    (warning,) = broken_guards({"regret": 99.0, "harm_rate": 0.08})
    assert warning.startswith("harm_rate is 0.080 and must be at most 0.05")
    assert broken_guards({"harm_rate": 0.05}) == []
