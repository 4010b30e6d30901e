"""The fast rating agrees with the readable one, and both obey the laws of bills."""

from copy import deepcopy
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from planrec.catalogue import Catalogue, bill_basis, invoice, rate
from planrec.catalogue import rating as rating_module
from planrec.errors import DataError
from planrec.schema.columns import Usage
from tests.catalogue.catalogues import amounts, month_of, raw_catalogues, shipped, usages

EVENTS = st.fixed_dictionaries(
    {service: st.lists(st.integers(1, 20_000), max_size=8) for service in ("voice", "sms", "data")}
)
"Events of a month in hundredths of a minute, message and MiB."


def month_of_events(events, step=100):
    """One month of usage as a source adds it up: each call rounded up to `step` hundredths."""
    billed = sum(-(-call // step) * step for call in events["voice"])
    counts = {
        Usage.VOICE_CALLS: 100 * len(events["voice"]),
        Usage.VOICE_MINUTES: sum(events["voice"]),
        Usage.VOICE_MINUTES_BILLED: billed,
        Usage.SMS: sum(events["sms"]),
        Usage.DATA_MIB: sum(events["data"]),
    }
    return {name: np.array([count / 100]) for name, count in counts.items()}


def split(events, data):
    """Each event in two parts that add up to it."""
    cuts = {
        service: [data.draw(st.integers(0, event)) for event in of_it] for service, of_it in events.items()
    }
    return {
        service: [
            part for event, cut in zip(of_it, cuts[service], strict=True) for part in (cut, event - cut)
        ]
        for service, of_it in events.items()
    }


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
    # Calls only determine how many of the minutes are rounding, and a floor removes these again.
    more[Usage.VOICE_CALLS] = usage[Usage.VOICE_CALLS]
    assert (rate(more, catalogue) >= rate(usage, catalogue)).all()


@given(raw_catalogues(), usages(), st.sampled_from(["voice", "sms", "data"]), st.integers(0, 4000))
def test_a_bigger_allowance_at_the_same_price_never_costs_more(raw, usage, name, more):
    bigger = deepcopy(raw)
    for plan in bigger["plans"]:
        if plan["services"][name]["included"] != "unlimited":
            included = plan["services"][name]["included"]
            # Fives are whole hundredths of a MiB in every unit of data.
            plan["services"][name]["included"] = min(included + 5 * more, 1e9)
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
def test_the_bill_of_a_month_does_not_depend_on_other_months(mib, cut):
    usage = {name: np.zeros(len(mib)) for name in Usage.MEASURED} | {Usage.DATA_MIB: mib.astype(float)}
    whole = rate(usage, shipped("ladder"))
    part = rate({name: array[cut:] for name, array in usage.items()}, shipped("ladder"))
    np.testing.assert_array_equal(whole[cut:], part)


def test_rating_in_blocks_does_not_change_the_bills(monkeypatch):
    rng = np.random.default_rng(0)
    usage = {name: np.round(rng.gamma(2, 5000, 100), 2) for name in Usage.ALL}
    whole = rate(usage, shipped("ladder"))
    monkeypatch.setattr(rating_module, "BLOCK_ROWS", 7)
    np.testing.assert_array_equal(rate(usage, shipped("ladder")), whole)


def test_no_months_give_no_bills():
    usage = {name: np.zeros(0) for name in Usage.MEASURED}
    assert rate(usage, shipped("ladder")).shape == (0, 6)


def test_plans_without_any_allowance_cost_their_fee():
    raw = shipped("ladder").model_dump(mode="json", by_alias=True)
    for plan in raw["plans"]:
        plan["fee"]["recurring"] = "9.99"
        plan["services"] = {
            name: {"included": "unlimited", "unit": service["unit"]}
            for name, service in plan["services"].items()
        }
    usage = {name: np.full(2, 1e6) for name in Usage.MEASURED}
    assert rate(usage, Catalogue.model_validate(raw)).tolist() == [[999] * 6] * 2


@pytest.mark.parametrize("bad", [-0.01, np.nan, np.inf, 1.1e9])
def test_usage_outside_the_range_is_refused_with_row_and_count(bad):
    with pytest.raises(DataError, match=r"usage\['sms'\] must be finite .* at row 1 \(2 such rows\)"):
        rate(
            {name: np.ones(3) for name in Usage.MEASURED} | {"sms": np.array([1, bad, bad])},
            shipped("ladder"),
        )


def test_usage_just_above_the_range_is_shown_with_all_digits():
    usage = {name: np.array([1e9 + 1]) for name in Usage.MEASURED}
    with pytest.raises(DataError, match=r"between 0 and 1e\+09, got 1000000001\.0 at row 0"):
        rate(usage, shipped("ladder"))


def test_missing_usage_columns_are_all_named():
    with pytest.raises(DataError, match=r"(?s)sms.*data_mib"):
        rate({Usage.VOICE_CALLS: np.ones(1), Usage.VOICE_MINUTES: np.ones(1)}, shipped("ladder"))


def test_usage_is_quantised_to_a_hundredth():
    # 15 GiB are 15,360 MiB: four thousandths more are nothing, six are a hundredth and start a GiB.
    usage = {name: np.zeros(2) for name in Usage.MEASURED} | {
        Usage.DATA_MIB: np.array([15360.004, 15360.006])
    }
    assert rate(usage, shipped("megaline_us"))[:, 0].tolist() == [2000, 3000]


def test_bills_are_approximate_only_if_rounded_calls_are_unknown():
    measured = {name: np.ones(1) for name in Usage.MEASURED}
    assert bill_basis(measured, shipped("ladder")) == "approximate"
    assert bill_basis({**measured, Usage.VOICE_MINUTES_BILLED: np.ones(1)}, shipped("ladder")) == "exact"


@given(raw_catalogues(max_plans=1), usages(n=1))
def test_bills_do_not_overflow_at_the_largest_usage(raw, usage):
    catalogue = Catalogue.model_validate(raw)
    assume(catalogue.plans[0].overage_policy.cap_per_period is None)
    largest = {name: np.array([1e9]) for name in usage}
    assert rate(largest, catalogue)[0, 0] >= rate(usage, catalogue)[0, 0] >= 0


@given(raw_catalogues(), EVENTS, st.data())
def test_splitting_events_changes_nothing_without_rounding(raw, events, data):
    for plan in raw["plans"]:
        for service in plan["services"].values():
            service |= {"rounding": {"scope": "none"}} if "rounding" in service else {}
    catalogue = Catalogue.model_validate(raw)
    parts = split(events, data)
    whole, split_up = month_of_events(events), month_of_events(parts)
    np.testing.assert_array_equal(rate(whole, catalogue), rate(split_up, catalogue))
    for plan in catalogue.plan_ids:
        assert invoice(catalogue, plan, month_of(whole, 0)) == invoice(catalogue, plan, month_of(split_up, 0))


@given(EVENTS, st.data())
def test_splitting_a_call_never_lowers_a_bill_that_rounds_each_call_up(events, data):
    whole, split_up = (month_of_events(calls) for calls in (events, split(events, data)))
    assert (rate(split_up, shipped("ladder")) >= rate(whole, shipped("ladder"))).all()


def test_a_call_of_a_minute_split_in_two_costs_two_minutes():
    # 251 calls of one minute are one above mini's 250; the last one, split, is two.
    calls = {"voice": [100] * 251, "sms": [], "data": []}
    cut = calls | {"voice": [100] * 250 + [50, 50]}
    bills = [rate(month_of_events(events), shipped("ladder"))[0, 0] for events in (calls, cut)]
    assert bills == [1400 + 4, 1400 + 8]


# Three at most: three prices of 5 per quarter of a unit, times ten and that, stay below the largest bill.
@given(raw_catalogues(), usages(), st.integers(2, 3))
def test_scaling_all_prices_scales_unrounded_bills(raw, usage, factor):
    # Prices have at most one digit below the minor unit, so that times ten nothing is left to round.
    digits = {"USD": 2, "JPY": 0, "KWD": 3}[raw["currency"]]
    coarse = priced(raw, lambda price: (price % 5).quantize(Decimal(1).scaleb(-digits - 1)))
    unrounded, scaled = (
        rate(usage, Catalogue.model_validate(priced(coarse, lambda price, by=by: price * by)))
        for by in (10, 10 * factor)
    )
    np.testing.assert_array_equal(scaled, factor * unrounded)
    # And the bill itself is the unrounded one, in tenths, rounded half up.
    np.testing.assert_array_equal(rate(usage, Catalogue.model_validate(coarse)), (unrounded + 5) // 10)


def priced(raw, change):
    """The catalogue with every amount of money changed."""
    raw = deepcopy(raw)
    for plan in raw["plans"]:
        places = [(plan["fee"], "recurring"), (plan["overage_policy"], "cap_per_period")]
        places += [
            (service["overage"], "price") for service in plan["services"].values() if "overage" in service
        ]
        for place, name in places:
            if place[name] is not None:
                place[name] = f"{change(Decimal(place[name])):f}"
    return raw
