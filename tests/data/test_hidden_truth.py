"""The hidden truth of the simulator: right, in the order of the history, and not part of it."""

from functools import cache

import numpy as np
import pytest
from scipy.special import logit

from planrec.catalogue import Catalogue, rate
from planrec.data.hidden_truth import best_plans, hidden_bills, hidden_truth, true_bills
from planrec.data.simulated_history import levels_of, simulate
from planrec.data.simulated_usage import monthly_load
from planrec.schema.columns import Usage
from tests.catalogue.catalogues import raw_catalogue, shipped
from tests.data.test_simulator import simulator

N, MONTHS = 4_000, np.arange(9, 12)
AS_OF = np.datetime64("2018-10-01", "D")


@cache
def simulated():
    return simulate(simulator(n_subscribers=N).population, shipped("ladder"))


@cache
def three_months():
    """True expected monthly bills over October to December: (N, J)."""
    return true_bills(simulated()[1].level, MONTHS, shipped("ladder")).mean(axis=1)


def test_the_mean_over_many_random_months_is_the_expected_bill():
    level = levels_of(simulator(n_subscribers=100).population)
    # All 400 months of all subscribers at once.
    load = monthly_load(np.tile(level, (400, 1)), np.array([11]), np.random.default_rng(0))[:, 0]
    usage = dict.fromkeys((Usage.VOICE_MINUTES, Usage.VOICE_MINUTES_BILLED), np.rint(load[:, 0]))
    usage |= {Usage.VOICE_CALLS: np.zeros(len(load)), Usage.SMS: load[:, 1], Usage.DATA_MIB: load[:, 2]}
    total = rate(usage, shipped("ladder")).reshape(400, 100, -1).sum(axis=0) / 100
    expected = true_bills(level, np.array([11]), shipped("ladder"))[:, 0]
    # 400 draws of a bill that varies by about 20 dollars: one dollar each, a tenth over 100 persons.
    np.testing.assert_allclose(expected.mean(axis=0), total.mean(axis=0) / 400, atol=0.35)
    assert np.abs(expected - total / 400).max() < 6


def test_realised_bills_scatter_around_the_true_expected_ones():
    costs = rate(simulated()[0].usage, shipped("ladder")).reshape(N, 12, -1)[:, MONTHS].mean(axis=1) / 100
    np.testing.assert_allclose(three_months().mean(axis=0), costs.mean(axis=0), atol=0.8)
    assert (np.abs(three_months() - costs).max(axis=0)[:5] > 5).all()


def test_staying_has_the_published_regret_of_the_hidden_truth():
    # Of 6.40 dollars of realised regret 4.36 are hidden truth; the rest is chance that no adviser can know.
    held = simulated()[1].plan_held
    regret = three_months()[np.arange(N), held] - three_months().min(axis=1)
    assert regret.mean() == pytest.approx(4.36, abs=0.5)


def test_levels_alone_are_those_of_the_whole_simulation():
    np.testing.assert_array_equal(levels_of(simulator(n_subscribers=N).population), simulated()[1].level)


def test_hidden_bills_are_sums_in_cents_over_the_label_months():
    subscriber, as_of = np.array([7, 3, 7]), AS_OF + np.array([0, 0, 31])
    found = hidden_bills(
        simulator(n_subscribers=600).population, shipped("ladder"), subscriber, as_of, horizon=2
    )
    level = levels_of(simulator(n_subscribers=600).population)
    for row, (who, first) in enumerate([(6, 9), (2, 9), (6, 10)]):
        expected = true_bills(level[[who]], np.arange(first, first + 2), shipped("ladder"))[0].sum(axis=0)
        np.testing.assert_allclose(found[row], expected * 100, rtol=1e-12)


def test_hidden_bills_of_a_currency_without_cents_are_whole_units():
    yen = Catalogue.model_validate(in_yen())
    found = hidden_bills(
        simulator(n_subscribers=3).population, yen, np.array([1]), np.array([AS_OF]), horizon=1
    )
    assert found[0, 5] == 52.0


def in_yen():
    raw = raw_catalogue("ladder") | {"currency": "JPY"}
    for plan in raw["plans"]:
        plan["fee"] = {"recurring": plan["fee"]["recurring"].removesuffix(".00"), "activation": "0"}
    return raw


def test_ties_of_the_best_plan_go_to_the_plan_held_the_lower_fee_the_id():
    raw = raw_catalogue("ladder")
    raw["plans"][0]["fee"]["recurring"] = raw["plans"][2]["fee"]["recurring"] = "30.00"
    fees = Catalogue.model_validate(raw)  # light 20 < base, mini 30 < plus 35 < max 43 < unlimited 52
    bills = np.array(
        [
            [[5, 9, 9, 4, 9, 9]],  # one cheapest
            [[4, 4, 9, 4, 4, 9]],  # the plan held is among the cheapest
            [[9, 4, 9, 4, 4, 9]],  # light has the lowest fee
            [[4, 9, 4, 9, 9, 9]],  # equal fees: base comes before mini
        ]
    )
    assert best_plans(bills, np.array([5, 4, 5, 5]), fees).ravel().tolist() == [3, 4, 1, 2]


@cache
def truth(n=300, **changes):
    raw = raw_catalogue("ladder")
    for plan in raw["plans"]:
        plan["contract"]["early_termination_fee"] = changes.get("fee", "0.00")
    catalogue = Catalogue.model_validate(raw)
    history, people = simulate(simulator(n_subscribers=n, n_months=8).population, catalogue)
    return hidden_truth(history, people, catalogue, None), history, people


def test_acceptance_follows_the_formula():
    found, _, people = truth()
    rows, held = np.arange(300), people.plan_held
    saving = people.believed_bills[rows, held][:, None] - people.believed_bills
    # The ladder's plans are in the order of their data allowances.
    downgrade = (np.arange(6) < held[:, None]) * people.flat_preference[:, None]
    others = np.arange(6) != held[:, None]
    expected = -3.2 + 0.06 * saving - 0.5 * downgrade
    np.testing.assert_allclose(logit(found.acceptance[others]), expected[others], atol=1e-9)
    assert np.isnan(found.acceptance[~others]).all()
    assert np.isnan(found.acceptance).sum() == 300


def test_a_termination_fee_of_ten_takes_eight_tenths_off_the_logit():
    others = ~np.isnan(truth()[0].acceptance)
    lower = logit(truth(fee="10.00")[0].acceptance) - logit(truth()[0].acceptance)
    np.testing.assert_allclose(lower[others], -0.8, atol=1e-9)


def test_churn_rises_after_a_bill_shock_and_a_refused_offer():
    found, history, people = truth()
    bills = rate(history.usage, shipped("ladder"))[np.arange(len(history)), history.plan_held] / 100
    expected = found.bills[np.arange(300), :, people.plan_held]
    above = (bills.reshape(300, 8) - expected).clip(min=0)
    np.testing.assert_allclose(logit(found.churn), logit(0.013) + 0.01 * above, atol=1e-9)
    np.testing.assert_allclose(logit(found.churn_if_refused) - logit(found.churn), 0.5, atol=1e-9)
    assert 0.012 < found.churn.mean() < 0.015


def test_the_truth_does_not_depend_on_the_number_of_subscribers():
    few, many = truth(n=40)[0], truth(n=300)[0]
    for name in ("bills", "best_plan", "acceptance", "churn", "churn_if_refused"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:40])
    assert few.bills.shape == (40, 8, 6)


def test_a_history_does_not_hold_the_truth():
    history, _ = simulated()
    assert set(history.usage) == set(Usage.ALL)
    assert (history.attributes, history.inputs, history.notes, history.dropped) == ({}, (), (), {})


def test_the_expected_bill_without_usage_is_the_fee():
    assert true_bills(np.zeros((1, 3)), MONTHS, shipped("ladder"))[0, 0].tolist() == [14, 20, 27, 35, 43, 52]
