"""Forecast x rater: draws of usage, rated on every plan."""

import copy
import tracemalloc
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from planrec.catalogue import Catalogue
from planrec.catalogue.past_usage import PastUsage
from planrec.errors import DataError
from planrec.metrics import paired_ratio
from planrec.model import TRUSTED_TYPES
from planrec.model.forecast import ROWS_AT_A_TIME
from planrec.model.known_months import months_of
from planrec.model.silent_months import silent_months_of
from planrec.model.usage_calendar import calendar_of, season_row
from planrec.model.usage_forecast import draws_of
from planrec.recommending.recommender import Recommender
from planrec.schema.columns import AS_OF, HELD, MAX_USAGE, Columns, Usage, lag, take_rows
from planrec.schema.request import Request, read_request
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import load_decisions, run
from planrec.training.fitting import fitted_recommender
from tests.catalogue.catalogues import raw_catalogue, shipped
from tests.quick_configs import composed
from tests.trained_runs import model_option

LADDER = shipped("ladder")
HORIZON = 3
MONTHS = 4
FIELDS = {
    "probability",
    "bill_mean",
    "bill_p10",
    "bill_p90",
    "prob_cheaper",
    "saving_p10",
    "saving_p50",
    "saving_p90",
}


def pipeline_of(catalogue: Catalogue = LADDER, **changed: object) -> Pipeline:
    return clone(Pipeline([("model", model_option("forecast", **changed).build(0, catalogue))]))


def fitted(columns: Columns, **changed: object) -> Pipeline:
    """Fit a forecast as a run does."""
    rows = np.zeros(len(columns[lag(Usage.SMS, 1)]), np.int64)
    return pipeline_of(**changed).fit(columns, rows, model__horizon=HORIZON)


def subscribers(n: int = 200, seed: int = 0, billed: bool = False) -> Columns:
    """Draw subscribers with levels of their own and 4, 3, 2, 1 and 0 known months."""
    rng = np.random.default_rng(seed)
    known = MONTHS - np.arange(n) % (MONTHS + 1)
    columns: Columns = {}
    names = Usage.ALL if billed else Usage.MEASURED
    for name in names:
        level = 500 * np.exp(0.5 * rng.standard_normal(n))
        for ago in range(1, MONTHS + 1):
            used = np.round(level * np.exp(0.2 * rng.standard_normal(n)))
            columns[lag(name, ago)] = np.where(ago <= known, used, np.nan)
    held = rng.integers(0, 6, n).astype(np.float64)
    held[0] = np.nan
    return columns | {HELD: held, AS_OF: np.full(n, "2018-10-01", "datetime64[s]")}


def one(columns: Columns, **usage: object) -> Columns:
    """Copy the first fully known row with these values in every month, or in each month of a list."""
    row = take_rows(columns, np.array([5]))
    for name, value in usage.items():
        values = value if isinstance(value, list) else [value] * MONTHS
        row |= {lag(name, ago): np.array([values[ago - 1]]) for ago in range(1, MONTHS + 1)}
    return row


SUBSCRIBERS = subscribers()
FITTED = fitted(SUBSCRIBERS)


def bills_of(columns: Columns, pipeline: Pipeline = FITTED) -> dict[str, np.ndarray]:
    bills: dict[str, np.ndarray] = pipeline[-1].predict_bills(columns)
    return bills


AMOUNTS = st.sampled_from([0.0, 0.01, 1.0, 500.0, MAX_USAGE]) | st.floats(0, MAX_USAGE)


@st.composite
def lag_tables(draw: st.DrawFn, min_rows: int = 1, max_rows: int = 4) -> Columns:
    """Draw any legal lag table: unknown months come before known ones, in all services alike."""
    n = draw(st.integers(min_rows, max_rows))
    known = np.array(draw(st.lists(st.integers(0, MONTHS), min_size=n, max_size=n)))
    columns: Columns = {}
    for name in draw(st.sampled_from([Usage.ALL, Usage.MEASURED])):
        for ago in range(1, MONTHS + 1):
            amounts = np.round(draw(st.lists(AMOUNTS, min_size=n, max_size=n)), 2)
            columns[lag(name, ago)] = np.where(ago <= known, amounts, np.nan)
    held = draw(st.lists(st.sampled_from([np.nan, *map(float, range(6))]), min_size=n, max_size=n))
    instants = st.sampled_from(["1900-01-01", "2018-10-01", "2024-02-01", "9999-12-01", "NaT"])
    as_of = draw(st.lists(instants, min_size=n, max_size=n))
    return columns | {HELD: np.array(held), AS_OF: np.array(as_of, "datetime64[s]")}


def check_answers(columns: Columns, pipeline: Pipeline) -> None:
    answer = bills_of(columns, pipeline)
    assert set(answer) == FIELDS
    against_held = {"prob_cheaper", "saving_p10", "saving_p50", "saving_p90"}
    known = ~np.isnan(columns[HELD])
    for name, values in answer.items():
        assert values.shape == (len(known), 6)
        assert np.isfinite(values[known] if name in against_held else values).all()
    np.testing.assert_allclose(answer["probability"].sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(answer["probability"], pipeline.predict_proba(columns))
    fees = np.array([float(plan.fee.recurring) for plan in LADDER.plans])
    assert (answer["bill_p10"] >= fees).all()
    assert (answer["bill_p10"] <= answer["bill_p90"]).all()
    assert (answer["saving_p10"][known] <= answer["saving_p50"][known]).all()
    assert (answer["saving_p50"][known] <= answer["saving_p90"][known]).all()
    assert ((answer["prob_cheaper"][known] >= 0) & (answer["prob_cheaper"][known] <= 1)).all()
    rows = np.flatnonzero(known)
    held = columns[HELD][rows].astype(int)
    assert (answer["prob_cheaper"][rows, held] == 0).all()
    assert (answer["saving_p50"][rows, held] == 0).all()


@given(lag_tables())
def test_every_legal_table_has_finite_answers_in_order(columns: Columns) -> None:
    check_answers(columns, FITTED)


@given(lag_tables(max_rows=3), lag_tables(max_rows=2))
@settings(max_examples=25)
def test_every_legal_table_can_be_learned_from(learned: Columns, asked: Columns) -> None:
    check_answers(asked, fitted(learned, n_draws=16))


@given(lag_tables(min_rows=2))
@settings(max_examples=25)
def test_a_row_does_not_depend_on_the_other_rows(columns: Columns) -> None:
    together = bills_of(columns)
    for row in range(len(columns[HELD])):
        for name, alone in bills_of(take_rows(columns, np.array([row]))).items():
            np.testing.assert_array_equal(alone[0], together[name][row], err_msg=name)


def test_a_row_of_a_large_batch_is_the_row_alone_to_the_last_bit() -> None:
    columns = subscribers(600)
    together = bills_of(columns)
    for row in (0, 255, 256, 599):
        for name, alone in bills_of(take_rows(columns, np.array([row]))).items():
            np.testing.assert_array_equal(alone[0], together[name][row], err_msg=name)


def test_no_rows_give_no_answers() -> None:
    assert bills_of(take_rows(SUBSCRIBERS, np.array([], int)))["bill_mean"].shape == (0, 6)


def test_a_subscriber_without_history_is_like_the_population() -> None:
    """An empty history gets the widest range, around the bills of the others."""
    unknown, known = take_rows(SUBSCRIBERS, np.array([4])), take_rows(SUBSCRIBERS, np.arange(0, 200, 5))
    assert np.isnan(unknown["data_mib.1"]).all()
    population, others = bills_of(unknown), bills_of(known)
    mini = population["bill_mean"][0, 0], others["bill_mean"][:, 0].mean()
    assert mini[0] == pytest.approx(mini[1], rel=0.2)
    width = (population["bill_p90"] - population["bill_p10"])[0, 0]
    assert width > np.quantile((others["bill_p90"] - others["bill_p10"])[:, 0], 0.9)


def test_a_month_of_absurd_usage_is_a_month_of_much_usage() -> None:
    usual = one(SUBSCRIBERS, data_mib=9_000.0)
    absurd = one(SUBSCRIBERS, data_mib=[9_000.0, 1e9, 9_000.0, 9_000.0])
    at_most = one(SUBSCRIBERS, data_mib=[9_000.0, 9_000.0 * 8, 9_000.0, 9_000.0])
    rule = fitted(
        subscribers() | {f"data_mib.{ago}": 20 * SUBSCRIBERS[f"data_mib.{ago}"] for ago in range(1, 5)}
    )
    assert bills_of(absurd, rule)["bill_mean"][0, 0] > bills_of(usual, rule)["bill_mean"][0, 0]
    np.testing.assert_array_equal(bills_of(absurd, rule)["bill_mean"], bills_of(at_most, rule)["bill_mean"])


def test_a_subscriber_without_any_usage_pays_the_fee() -> None:
    silent = one(SUBSCRIBERS, **dict.fromkeys(Usage.MEASURED, 0.0))
    fees = [float(plan.fee.recurring) for plan in LADDER.plans]
    np.testing.assert_allclose(bills_of(silent)["bill_mean"][0], fees, atol=0.5)


def test_constant_usage_is_expected_to_go_on() -> None:
    columns = {name: np.full(50, 300.0) for name in SUBSCRIBERS if "." in name}
    columns |= {HELD: np.zeros(50), AS_OF: np.full(50, "2018-10-01", "datetime64[s]")}
    same = fitted(columns)
    drawn = same[-1].forecast_.amounts(months_of(columns))
    assert np.median(drawn[0]) == pytest.approx(300, rel=0.05)


def test_the_mean_bill_is_the_mean_of_rated_draws() -> None:
    columns = one(SUBSCRIBERS)
    estimator = FITTED[-1]
    (drawn,) = estimator._drawn(columns)
    assert drawn.total.shape == (6, 1, estimator.n_draws)
    expected = drawn.total[:, 0].mean(axis=1) / (HORIZON * 100)
    np.testing.assert_allclose(bills_of(columns)["bill_mean"][0], expected, rtol=1e-12)


def test_switching_cost_counts_in_chances_and_savings_and_not_in_bills() -> None:
    raw = raw_catalogue("ladder")
    dear = copy.deepcopy(raw)
    for plan in dear["plans"]:
        plan["fee"]["activation"] = "30.00"
    columns = take_rows(SUBSCRIBERS, np.array([5]))
    free, costly = (
        bills_of(columns, fitted(SUBSCRIBERS, catalogue=Catalogue.model_validate(catalogue)))
        for catalogue in (raw, dear)
    )
    other = np.arange(6) != columns[HELD][0]
    np.testing.assert_array_equal(free["bill_mean"], costly["bill_mean"])
    # 30 dollars over 3 months.
    np.testing.assert_allclose(costly["saving_p50"][0, other], free["saving_p50"][0, other] - 10)
    assert (costly["prob_cheaper"] <= free["prob_cheaper"]).all()


def test_bill_chances_count_the_draws_below_and_up_to_a_bill() -> None:
    columns = subscribers(300)
    first = next(FITTED[-1]._drawn(columns)).total
    bills = np.repeat(first[:, 0, :1].T, 300, axis=0)
    chances = FITTED[-1].bill_chances(columns, bills)
    assert chances.shape == (300, 6, 2)
    np.testing.assert_array_equal(chances[0, :, 0], (bills[0] > first[:, 0].T).mean(axis=0))
    np.testing.assert_array_equal(chances[0, :, 1], (bills[0] >= first[:, 0].T).mean(axis=0))
    assert (chances[0, :, 1] > chances[0, :, 0]).all()


def test_a_saved_model_loads_with_our_own_list_and_gives_the_same_bits() -> None:
    saved = skops.io.dumps(FITTED)
    loaded = skops.io.loads(saved, trusted=list(TRUSTED_TYPES))
    for name, values in bills_of(SUBSCRIBERS).items():
        np.testing.assert_array_equal(bills_of(SUBSCRIBERS, loaded)[name], values)


def test_the_seed_scrambles_the_draws_and_nothing_else() -> None:
    np.testing.assert_array_equal(draws_of(100, 3, 1).usage, draws_of(100, 3, 1).usage)
    assert not np.array_equal(draws_of(100, 3, 1).usage, draws_of(100, 3, 2).usage)
    usage = draws_of(256, 3, 0).usage
    assert usage.shape == (9, 256)
    np.testing.assert_allclose(usage.mean(axis=1), 0, atol=0.02)
    np.testing.assert_allclose(usage.std(axis=1), 1, atol=0.02)


def test_trend_and_season_are_found_if_the_months_show_them() -> None:
    """Windows of 12 months over three years: December is 20 % higher, usage grows by 1 % a month."""
    rng = np.random.default_rng(0)
    instants = np.arange(588, 612, dtype=np.float64)  # from January 2019: months since 1970
    month = np.repeat(instants, 40)
    t = month[:, None] - np.arange(1, 13)
    december = np.log(1.2) * (t % 12 == 11)
    level = 5 + 0.5 * rng.standard_normal(len(month))
    y = level[:, None] + 0.01 * t + december + 0.2 * rng.standard_normal(t.shape)
    calendar = calendar_of(np.repeat(y[..., None], 3, axis=2), month, 3, 0.03, 0.1)
    np.testing.assert_allclose(calendar.trend, 0.01, atol=0.001)
    others = calendar.season[:11].mean(axis=0)
    np.testing.assert_allclose(calendar.season[11] - others, np.log(1.2), atol=0.02)


def test_an_unknown_month_counts_as_a_usual_one() -> None:
    y = np.full((4, 3, 3), 2.0)
    calendar = calendar_of(y, np.full(4, 585.0), 3, 0.03, 0.03)
    np.testing.assert_allclose(calendar.season, 0, atol=1e-12)
    np.testing.assert_array_equal(calendar.season[season_row(np.array([np.nan]), 2)], np.zeros((1, 3)))


def test_never_using_a_service_differs_from_seldom_using_it() -> None:
    """A fifth of the subscribers never use it; the others are silent in a tenth of months."""
    rng = np.random.default_rng(0)
    known = np.full((5_000, 3), 6)
    silent = rng.binomial(6, 0.1, (5_000, 3))
    silent[:1_000] = 6
    learned = silent_months_of(silent, known, 6)
    np.testing.assert_allclose(learned.never[0], 0.2, atol=0.01)
    chance = learned.probability(np.array([[0, 1, 6]]), np.full((1, 3), 6))
    np.testing.assert_allclose(chance[0], [0.1, 0.1, 1.0], atol=0.02)
    unknown = learned.probability(np.zeros((1, 3), np.int64), np.zeros((1, 3), np.int64))
    np.testing.assert_allclose(unknown, 0.2 + 0.8 * 0.1, atol=0.02)


@pytest.fixture(scope="module")
def trained() -> tuple[Recommender, DecisionTable]:
    config = composed("model=forecast", "data.n_subscribers=300")
    table = load_decisions(config).table
    return fitted_recommender(config, config.model, table, table, threads=1), table


def request_of(recommender: Recommender, gib: float, **others: Any) -> Request:
    amounts = dict.fromkeys(recommender.inputs.usage, 200.0) | {"data_mib": 1024 * gib}
    months = [{"month": f"2018-0{number}", **amounts} for number in range(1, 7)]
    return read_request({"months": months, "attributes": {}, "plan_held": "max"} | others)


@pytest.mark.parametrize("model", ["forecast", "rerate_6"])
def test_a_plan_added_to_the_catalogue_is_recommended_without_training(model: str) -> None:
    config = composed(f"model={model}", "data.n_subscribers=60")
    table = load_decisions(config).table
    recommender = fitted_recommender(config, config.model, table, table, threads=1)
    raw = raw_catalogue("ladder")
    added = copy.deepcopy(raw["plans"][-1]) | {"id": "summer", "name": "Summer"}
    added["fee"]["recurring"] = "12.00"
    summer = recommender.with_catalogue(
        Catalogue.model_validate({**raw, "version": "2030.1", "plans": [added, *raw["plans"]]})
    )
    request = request_of(recommender, gib=25.0)
    before = recommender.recommend(recommender.table([request]))[1]
    prediction, after = summer.recommend(summer.table([request]))
    assert recommender.plans[before.recommended[0]] != "summer"
    assert summer.plans[after.recommended[0]] == "summer"
    assert prediction.probability[0].argmax() == summer.plans.index("summer")
    # The other plans cost the same as before.
    old = recommender.predict(recommender.table([request])).bill_mean
    np.testing.assert_array_equal(prediction.bill_mean[0, 1:], old[0])


def test_a_model_of_its_own_plans_rejects_other_plans() -> None:
    config = composed("model=popular", "data.n_subscribers=60")
    table = load_decisions(config).table
    recommender = fitted_recommender(config, config.model, table, table, threads=1)
    with pytest.raises(DataError, match="ranks only plans that it was trained on"):
        recommender.with_catalogue(LADDER)


def test_rating_draws_beats_rating_the_past() -> None:
    """Checked on 3,000 simulated subscribers; docs/results/forecast.md has the figures of 10,000."""
    config = composed(
        "model=forecast",
        "policy.absolute=0",
        "policy.relative=0",
        "data.n_subscribers=3000",
        "baselines=[rerate_6]",
        "n_bootstrap=50",
        "data.seed=3",
    )
    result = run(config)
    high = paired_ratio(result.out_of_fold, "regret", ("forecast", "rerate_6"), 0, 200)[2]
    assert high < 0.75
    assert paired_ratio(result.out_of_fold, "regret_hidden", ("forecast", "rerate_6"), 0, 200)[2] < 0.45
    values = {value.metric: value.value for value in result.metrics if value.model == "forecast"}
    assert values["ece_cheaper"] < 0.03
    by_plan = [v.value for v in result.metrics if v.model == "forecast" and v.metric == "pit_80"]
    assert len(by_plan) == 6
    assert all(0.76 < share < 0.84 for share in by_plan)


def test_savings_against_a_known_plan_follow_the_bills(trained: Any) -> None:
    recommender, table = trained
    prediction = recommender.predict(table)
    rows = np.arange(len(table))
    saving = prediction.bill_mean[rows, table.held][:, None] - prediction.bill_mean
    between = (saving >= prediction.saving_p10 - 1e-9) & (saving <= prediction.saving_p90 + 1e-9)
    assert between.mean() > 0.9


def test_most_of_the_rated_past_is_inside_the_range(trained: Any) -> None:
    recommender, table = trained
    prediction = recommender.predict(table)
    past = PastUsage(table.X, LADDER).expected_bill
    assert ((past >= prediction.bill_p10 - 5) & (past <= prediction.bill_p90 + 5)).mean() > 0.8


@pytest.mark.parametrize("method", ["predict_proba", "predict_bills"])
def test_draws_of_a_block_are_freed_before_the_next_block(method):
    classifier = fitted(subscribers(50))[-1]

    def peak(n: int) -> int:
        columns = subscribers(n)
        tracemalloc.start()
        getattr(classifier, method)(columns)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20 * ROWS_AT_A_TIME) < 3 * peak(ROWS_AT_A_TIME)
