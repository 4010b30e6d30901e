"""Rules `stay`, `cheapest_fee` and `rerate`, over lag columns and the plan held."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import skops.io
from hypothesis import given
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from planrec.catalogue import Catalogue, invoice
from planrec.model import TRUSTED_TYPES
from planrec.schema.columns import HELD, Columns, Usage, lag
from tests.catalogue.catalogues import month_of, raw_catalogue, raw_catalogues, shipped, usages
from tests.quick_configs import composed
from tests.trained_runs import model_option

LADDER = shipped("ladder")
MONTHS = 4
RULES = ["stay", "cheapest_fee", "rerate", "rerate_1", "rerate_3", "rerate_6"]
every_rule = pytest.mark.parametrize("name", RULES)


def fitted(name: str, columns: Columns, catalogue: Catalogue | None = LADDER, **changed: object) -> Pipeline:
    """Fit a rule as a run does; the only label is the first plan, and rules ignore labels."""
    pipeline = clone(Pipeline([("model", model_option(name, **changed).build(0, catalogue))]))
    return pipeline.fit(columns, np.zeros(len(columns[lag(Usage.SMS, 1)]), np.int64))


def history(n: int = 5, seed: int = 0) -> Columns:
    """Draw subscribers with 4, 3, 2, 1 and 0 known months; the plan of the first one is unknown."""
    rng = np.random.default_rng(seed)
    known = MONTHS - np.arange(n) % (MONTHS + 1)
    columns = {}
    for name, most in zip(Usage.MEASURED, (90, 900, 150, 40_000), strict=True):
        for ago in range(1, MONTHS + 1):
            used = np.round(rng.uniform(0, most, n))
            columns[lag(name, ago)] = np.where(ago <= known, used, np.nan)
    held = rng.integers(0, 6, n).astype(np.float64)
    held[0] = np.nan
    return columns | {HELD: held}


def silent(n: int, held: list[float]) -> Columns:
    months = {lag(name, ago): np.zeros(n) for name in Usage.MEASURED for ago in (1, 2)}
    return months | {HELD: np.array(held)}


def with_fees(*fees: str, ids: str = "jihgfedcba") -> Catalogue:
    """Build plans that differ only in the fee and the id, which is one letter."""
    raw = raw_catalogue("ladder")
    template = raw["plans"][-1]
    plans = [
        {**template, "id": letter, "fee": {"recurring": fee, "activation": "0"}}
        for letter, fee in zip(ids, fees, strict=False)
    ]
    return Catalogue.model_validate({**raw, "plans": plans})


@every_rule
def test_probabilities_are_over_all_plans_for_any_labels(name: str) -> None:
    columns = history()
    rule = fitted(name, columns)
    np.testing.assert_array_equal(rule.classes_, np.arange(6))
    probability = rule.predict_proba(columns)
    assert probability.shape == (5, 6)
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_array_equal(rule.predict(columns), probability.argmax(axis=1))


@every_rule
def test_a_row_does_not_depend_on_the_other_rows(name: str) -> None:
    columns = history(20)
    rule = fitted(name, columns)
    together = rule.predict_proba(columns)
    for row in range(20):
        alone = rule.predict_proba({column: array[[row]] for column, array in columns.items()})
        np.testing.assert_array_equal(alone, together[[row]])


@every_rule
def test_a_saved_rule_loads_with_our_own_list_and_gives_the_same_bits(name: str) -> None:
    columns = history()
    rule = fitted(name, columns)
    saved = skops.io.dumps(rule)
    assert set(skops.io.get_untrusted_types(data=saved)) <= set(model_option(name).traits.trusted_types)
    loaded = skops.io.loads(saved, trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(loaded.predict_proba(columns), rule.predict_proba(columns))


@every_rule
def test_rules_read_histories_and_claim_no_probabilities(name: str) -> None:
    model = model_option(name)
    assert model.traits.reads == "history"
    assert not model.traits.probabilistic
    assert model.traits.needs_catalogue == (model.kind != "stay")


def test_stay_names_the_plan_held_or_none_if_it_is_unknown() -> None:
    columns = silent(3, [4.0, np.nan, 0.0])
    probability = fitted("stay", columns).predict_proba(columns)
    np.testing.assert_array_equal(probability, [np.eye(6)[4], np.full(6, 1 / 6), np.eye(6)[0]])


def test_stay_without_catalogue_and_plan_held_names_no_plan() -> None:
    columns = {"age": np.array([30.0, 40.0])}
    rule = model_option("stay").build(0, None).fit(columns, np.array([0, 2]))
    np.testing.assert_array_equal(rule.predict_proba(columns), np.full((2, 3), 1 / 3))


@given(st.lists(st.integers(0, 500), min_size=1, max_size=7), st.data())
def test_the_cheapest_fee_of_any_menu_comes_first(fees: list[int], data: Any) -> None:
    catalogue = with_fees(*map(str, fees))
    columns = silent(1, [np.nan])
    (probability,) = fitted("cheapest_fee", columns, catalogue).predict_proba(columns)
    menu = data.draw(st.lists(st.sampled_from(range(len(fees))), min_size=1, unique=True))
    for one in menu:
        for other in menu:
            assert (probability[one] > probability[other]) == (fees[one] < fees[other])


@given(raw_catalogues(), usages(n=4), st.integers(1, 6))
def test_rerate_is_the_mean_of_the_invoices_of_the_last_months(raw: Any, usage: Columns, window: int) -> None:
    """Compare with the Decimal reference, which shares no code with the vectorised rating."""
    catalogue = Catalogue.model_validate(raw)
    # The four months of one subscriber, the latest first.
    columns = {lag(name, ago): array[[ago - 1]] for name, array in usage.items() for ago in range(1, 5)}
    months = [month_of(usage, row) for row in range(min(window, 4))]
    rule = fitted("rerate", columns, catalogue, window=window)
    (bill_mean,) = rule[-1].predict_bills(columns)["bill_mean"]
    for plan, bill in zip(catalogue.plan_ids, bill_mean, strict=True):
        total = sum(invoice(catalogue, plan, month) for month in months)
        assert bill == pytest.approx(float(total) / len(months), rel=1e-14)


def test_rerate_rates_each_month_and_only_the_known_ones() -> None:
    columns = {lag(name, ago): np.zeros(3) for name in Usage.MEASURED for ago in (1, 2, 3)}
    # Mini: 14 dollars, 8 GiB, 5 dollars for each started GiB above.
    columns["data_mib.1"] = np.array([10.0, 9.5, np.nan]) * 1024
    columns["data_mib.2"] = np.array([7.0, np.nan, np.nan]) * 1024
    columns["data_mib.3"] = np.array([1.0, np.nan, np.nan]) * 1024
    mini = fitted("rerate_3", columns)[-1].predict_bills(columns)["bill_mean"][:, 0]
    # The mean month of the first is 6 GiB, which would cost 14; the last has no known month: the fee.
    np.testing.assert_allclose(mini, [(24 + 14 + 14) / 3, 24, 14], rtol=1e-15)
    latest = fitted("rerate_1", columns)[-1].predict_bills(columns)["bill_mean"][:, 0]
    np.testing.assert_array_equal(latest, [24, 24, 14])


@given(st.integers(0, 10_000))
def test_rerate_orders_plans_by_bill_then_held_then_fee_then_id(seed: int) -> None:
    columns = history(seed=seed)
    rule = fitted("rerate_3", columns)
    probability, bills = rule.predict_proba(columns), rule[-1].predict_bills(columns)["bill_mean"]
    for row, held in enumerate(columns[HELD]):
        by_hand = sorted(
            range(6),
            key=lambda j: (bills[row, j], j != held, LADDER.plans[j].fee.recurring, LADDER.plans[j].id),
        )
        assert list(np.argsort(-probability[row])) == by_hand
        assert len(set(probability[row])) == 6


def test_rerate_breaks_ties_by_the_plan_held_then_the_first_id() -> None:
    catalogue, columns = with_fees("20", "20", "20", ids="bca"), silent(3, [0.0, 1.0, np.nan])
    probability = fitted("rerate", columns, catalogue).predict_proba(columns)
    # The plan held, then a, b, c: positions 2, 0, 1.
    np.testing.assert_array_equal(np.argsort(-probability), [[0, 2, 1], [1, 2, 0], [2, 0, 1]])


def test_equal_sums_of_different_months_are_a_tie_to_the_last_bit() -> None:
    """Bills are added in whole cents: in floats 0.29 + 0.57 + 0.58 differs from three times 0.48."""
    raw = raw_catalogue("ladder")
    free = {**raw["plans"][-1], "fee": {"recurring": "0", "activation": "0"}}

    def at(price: str) -> Any:
        return {
            "included": 0,
            "unit": "message",
            "overage": {"price": price, "per": 1},
            "rounding": {"scope": "none"},
        }

    plans = [
        {**free, "id": "by_sms", "services": {**free["services"], "sms": at("0.01")}},
        {
            **free,
            "id": "by_voice",
            "services": {**free["services"], "voice": {**at("0.01"), "unit": "minute"}},
        },
    ]
    catalogue = Catalogue.model_validate({**raw, "plans": plans})
    columns = {lag(name, ago): np.zeros(1) for name in Usage.MEASURED for ago in (1, 2, 3)}
    for ago, messages in enumerate((29.0, 57.0, 58.0), start=1):
        columns[lag(Usage.SMS, ago)] = np.array([messages])
        columns[lag(Usage.VOICE_MINUTES, ago)] = np.array([48.0])
    bills = fitted("rerate", columns, catalogue)[-1].predict_bills(columns)["bill_mean"]
    assert bills[0, 0] == bills[0, 1] == 0.48


@pytest.mark.parametrize(
    ("name", "window"), [("rerate_1", 1), ("rerate_3", 3), ("rerate_6", 6), ("rerate", 6)]
)
def test_a_preset_is_its_kind_with_its_own_window(name: str, window: int) -> None:
    assert model_option(name) == model_option("rerate", window=window)


def test_a_preset_may_be_a_baseline() -> None:
    config = composed("baselines=[stay,popular,cheapest_fee,rerate_1,rerate_3]")
    assert [model.kind for model in config.baselines.values()] == [
        "stay",
        "popular",
        "cheapest_fee",
        "rerate",
        "rerate",
    ]
    assert config.baselines["rerate_3"] == model_option("rerate_3")


def test_the_window_reaches_the_rule() -> None:
    built: BaseEstimator = model_option("rerate_3").build(0, LADDER)
    assert built.get_params()["window"] == 3
