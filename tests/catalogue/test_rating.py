"""The fast rating agrees with the readable one, and both obey the laws of bills."""

from copy import deepcopy
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planrec.catalogue import Catalogue, bill_basis, hundredths, invoice, rate
from planrec.catalogue import rating as rating_module
from planrec.errors import DataError
from planrec.schema import Usage
from tests.catalogue.catalogues import amounts, month_of, raw_catalogues, shipped, usages


@given(raw_catalogues(), usages())
def test_the_fast_rating_agrees_with_the_reference_to_the_cent(raw, usage):
    catalogue = Catalogue.model_validate(raw)
    bills = rate(usage, catalogue)
    assert bills.dtype == np.int64
    for row, (position, plan) in product(range(len(bills)), enumerate(catalogue.plan_ids)):
        expected = invoice(catalogue, plan, month_of(usage, row))
        assert Decimal(int(bills[row, position])).scaleb(-catalogue.exponent) == expected


@given(raw_catalogues(), usages(), usages())
def test_a_bill_never_falls_when_usage_rises(raw, usage, more):
    catalogue = Catalogue.model_validate(raw)
    more = {name: np.minimum(usage[name] + more.get(name, 0), 1e9) for name in usage}
    # Calls only tell how much of the minutes was rounding, and a floor takes that off again.
    more[Usage.VOICE_CALLS] = usage[Usage.VOICE_CALLS]
    assert (rate(more, catalogue) >= rate(usage, catalogue)).all()


@given(raw_catalogues(), usages(), st.sampled_from(["voice", "sms", "data"]), st.integers(0, 4000))
def test_a_bigger_allowance_at_the_same_price_never_costs_more(raw, usage, name, more):
    bigger = deepcopy(raw)
    for plan in bigger["plans"]:
        if plan["services"][name]["included"] != "unlimited":
            included = plan["services"][name]["included"]
            plan["services"][name]["included"] = min(included + more / 4, 1e9)
    was = rate(usage, Catalogue.model_validate(raw))
    assert (rate(usage, Catalogue.model_validate(bigger)) <= was).all()


@given(raw_catalogues(), usages())
def test_a_bill_is_at_least_the_fee_and_at_most_fee_and_cap(raw, usage):
    catalogue = Catalogue.model_validate(raw)
    for plan, bills in zip(catalogue.plans, rate(usage, catalogue).T, strict=True):
        fee = int(plan.fee.recurring.scaleb(catalogue.exponent))
        cap = plan.overage_policy.cap_per_period
        assert (bills >= fee).all()
        assert cap is None or (bills <= fee + int(cap.scaleb(catalogue.exponent))).all()


@given(st.lists(amounts(1e6), max_size=20).map(np.array), st.integers(0, 20))
def test_the_bills_of_some_months_do_not_depend_on_the_other_months(mib, cut):
    usage = {name: np.zeros(len(mib)) for name in Usage.MEASURED} | {Usage.DATA_MIB: mib.astype(float)}
    whole = rate(usage, shipped("ladder"))
    part = rate({name: array[cut:] for name, array in usage.items()}, shipped("ladder"))
    np.testing.assert_array_equal(whole[cut:], part)


def test_blocks_do_not_show_in_the_bills(monkeypatch):
    rng = np.random.default_rng(0)
    usage = {name: np.round(rng.gamma(2, 5000, 100), 2) for name in Usage.ALL}
    whole = rate(usage, shipped("ladder"))
    monkeypatch.setattr(rating_module, "BLOCK_ROWS", 7)
    np.testing.assert_array_equal(rate(usage, shipped("ladder")), whole)


def test_no_months_give_no_bills():
    usage = {name: np.zeros(0) for name in Usage.MEASURED}
    assert rate(usage, shipped("ladder")).shape == (0, 6)


@pytest.mark.parametrize("bad", [-0.01, np.nan, np.inf, 1.1e9])
def test_usage_outside_the_range_is_refused_with_row_and_count(bad):
    with pytest.raises(DataError, match=r"usage\['sms'\] must be finite .* at row 1 \(2 such rows\)"):
        hundredths("sms", np.array([1.0, bad, bad]))


def test_missing_usage_columns_are_all_named():
    with pytest.raises(DataError, match=r"(?s)sms.*data_mib"):
        rate({Usage.VOICE_CALLS: np.ones(1), Usage.VOICE_MINUTES: np.ones(1)}, shipped("ladder"))


def test_usage_is_quantised_to_a_hundredth():
    assert hundredths("data_mib", np.array([0.014, 0.016, 123456.78])).tolist() == [1, 2, 12345678]


def test_bills_are_approximate_only_where_calls_are_rounded_and_unknown():
    measured = {name: np.ones(1) for name in Usage.MEASURED}
    assert bill_basis(measured, shipped("ladder")) == "approximate"
    assert bill_basis({**measured, Usage.VOICE_MINUTES_BILLED: np.ones(1)}, shipped("ladder")) == "exact"


@given(raw_catalogues(max_plans=1), usages(n=1))
def test_bills_do_not_overflow_at_the_largest_usage(raw, usage):
    catalogue = Catalogue.model_validate(raw)
    assume(catalogue.plans[0].overage_policy.cap_per_period is None)
    largest = {name: np.array([1e9]) for name in usage}
    assert rate(largest, catalogue)[0, 0] >= rate(usage, catalogue)[0, 0] >= 0
