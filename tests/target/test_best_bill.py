"""The label is the plan with the lowest later bills, and no input comes from after the decision."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrec.catalogue import Catalogue, MonthUsage, invoice
from planrec.catalogue.menu import best_plan, exit_fees, switching_costs, tie_ranks
from planrec.config.conf_folder import CONF, content_of
from planrec.cv.rolling import Rolling
from planrec.errors import DataError
from planrec.schema.columns import Usage
from planrec.schema.tables import UsageHistory
from planrec.target.best_bill import BestBillTarget

RAW_LADDER = content_of(CONF / "catalogue" / "ladder.yaml")
LADDER = Catalogue.model_validate(RAW_LADDER)
TARGET = BestBillTarget(kind="best_bill", window=3, horizon=2, min_history=2)


def ladder_with(**plans: dict) -> Catalogue:
    """Change some entries of some plans of the ladder: `mini={"fee": {...}}`."""
    changed = [plan | plans.get(plan["id"], {}) for plan in RAW_LADDER["plans"]]
    return Catalogue.model_validate(RAW_LADDER | {"plans": changed})


def history_of(n_subscribers: int, n_months: int, seed: int) -> UsageHistory:
    rng = np.random.default_rng(seed)
    n = n_subscribers * n_months
    calls = rng.poisson(60, n).astype(float)
    minutes = np.round(calls * rng.gamma(2, 3, n), 2)
    return UsageHistory(
        subscriber=np.repeat(np.arange(n_subscribers), n_months),
        month=np.tile(
            np.datetime64("2018-01", "M") + np.arange(n_months).astype("timedelta64[M]"), n_subscribers
        ),
        plan_held=np.repeat(rng.integers(0, 6, n_subscribers), n_months).astype(np.int32),
        plans=tuple(LADDER.plan_ids),
        usage={
            Usage.VOICE_CALLS: calls,
            Usage.VOICE_MINUTES: minutes,
            Usage.VOICE_MINUTES_BILLED: np.ceil(minutes + calls / 2),
            Usage.SMS: rng.poisson(40, n).astype(float),
            Usage.DATA_MIB: np.round(rng.gamma(4, 4_000, n), 2),
        },
    )


def bill(history: UsageHistory, row: int, plan: str) -> Decimal:
    month = MonthUsage(**{name: Decimal(str(array[row])) for name, array in history.usage.items()})
    return invoice(LADDER, plan, month)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_label_is_the_plan_whose_later_invoices_are_lowest(seed):
    history = history_of(4, 6, seed)
    table = TARGET.label(history, LADDER)
    for decision in range(len(table)):
        months = np.flatnonzero(
            (history.subscriber == table.subscriber[decision])
            & (history.month >= table.as_of[decision].astype("datetime64[M]"))
        )[: TARGET.horizon]
        sums = {plan: sum(bill(history, row, plan) for row in months) for plan in table.plans}
        expected = [int(sums[plan] * 100) for plan in table.plans]
        assert table.future_bills[decision].tolist() == expected
        assert sums[table.plans[table.y[decision]]] == min(sums.values())


def test_decisions_follow_months_with_enough_before_and_after():
    table = TARGET.label(history_of(3, 6, 0), LADDER)
    months = [str(month) for month in table.as_of.astype("datetime64[M]")]
    assert months == ["2018-03", "2018-04", "2018-05"] * 3


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_inputs_of_a_decision_come_from_before_it(seed, month):
    history = history_of(3, 7, seed)
    later = (history.month - np.datetime64("2018-01", "M")).astype(int) >= month
    changed = UsageHistory(
        history.subscriber,
        history.month,
        np.where(later, 0, history.plan_held).astype(np.int32),
        history.plans,
        {name: np.where(later, array + 999.0, array) for name, array in history.usage.items()},
    )
    before, after = TARGET.label(history, LADDER), TARGET.label(changed, LADDER)
    early = before.as_of <= (np.datetime64("2018-01", "M") + np.timedelta64(month, "M")).astype(
        "datetime64[D]"
    )
    for name, array in before.X.items():
        np.testing.assert_array_equal(array[early], after.X[name][early])
    np.testing.assert_array_equal(before.held[early], after.held[early])
    np.testing.assert_array_equal(before.menu[early], after.menu[early])


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_rolling_folds_train_on_the_past_of_other_subscribers(seed):
    table = TARGET.label(history_of(12, 9, seed), LADDER)
    folds = list(Rolling(kind="rolling", n_folds=3, n_repeats=1, n_instants=3).split(table, seed))
    assert folds
    for fold in folds:
        label_end = table.as_of[fold.train].astype("datetime64[M]") + np.timedelta64(table.horizon, "M")
        assert label_end.max() <= table.as_of[fold.test].min().astype("datetime64[M]")
        assert not set(table.subscriber[fold.train]) & set(table.subscriber[fold.test])


def test_ties_go_to_the_plan_held_then_to_the_lower_fee():
    cost = np.array([[5, 5, 9, 9, 9, 9]] * 3)
    menu = np.ones((3, 6), bool)
    assert best_plan(cost, menu, tie_ranks(LADDER, np.array([1, 0, 4]))).tolist() == [1, 0, 0]


def test_a_plan_outside_the_menu_is_never_the_label():
    menu = np.ones((1, 6), bool)
    menu[0, 0] = False
    assert best_plan(np.array([[0, 2, 1, 3, 3, 3]]), menu, tie_ranks(LADDER, np.array([5]))).tolist() == [2]


def test_a_plan_no_longer_sold_is_on_the_menu_of_its_holders_only():
    catalogue = ladder_with(mini={"sellable": False})
    table = TARGET.label(history_of(30, 6, 0), catalogue)
    np.testing.assert_array_equal(table.menu[:, 0], table.held == 0)
    assert table.menu[:, 1:].all()


def test_switching_costs_are_part_of_the_label():
    dear = {"fee": {"recurring": "27.00", "activation": "5000.00"}}
    table = TARGET.label(history_of(30, 6, 0), ladder_with(base=dear))
    assert (table.y[table.held != 2] != 2).all()
    assert (table.switching_cost[table.held != 2, 2] == 500_000).all()
    assert (table.switching_cost[np.arange(len(table)), table.held] == 0).all()


def test_leaving_a_plan_with_a_commitment_costs_its_termination_fee():
    bound = ladder_with(mini={"contract": {"commitment_months": 12, "early_termination_fee": "30.00"}})
    held = np.array([0, 1, -1])
    assert switching_costs(bound, held, exit_fees(bound, held)).tolist() == [
        [0, 3000, 3000, 3000, 3000, 3000],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_short_histories_are_rejected_with_the_overrides_to_type():
    with pytest.raises(DataError, match=r"target\.min_history=1 target\.horizon=1"):
        TARGET.label(history_of(3, 3, 0), LADDER)
    assert len(TARGET.label(history_of(3, 4, 0), LADDER)) == 3
