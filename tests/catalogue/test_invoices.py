"""Invoices computed by hand decide between the two ratings."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from planrec.catalogue import Catalogue, MonthUsage, invoice, rate
from tests.catalogue.catalogues import raw_catalogue, shipped

CENT, GIB = Fraction(1, 100), 1024

# catalogue, plan, billed minutes, SMS, MiB -> the bill as a sum: fee + voice + SMS + data
BY_HAND = [
    # A silent month costs the fee.
    ("megaline_us", "surf", 0, 0, 0, 20),
    # Everything exactly at the allowance: 15 GiB is 15,360 MiB.
    ("megaline_us", "surf", 500, 50, 15 * GIB, 20),
    # One MiB above 15 GiB starts a sixteenth: ten dollars.
    ("megaline_us", "surf", 500, 50, 15 * GIB + 1, 20 + 10),
    # So does a hundredth of a MiB.
    ("megaline_us", "surf", 500, 50, Fraction("15360.01"), 20 + 10),
    # 100 minutes and 10 SMS over, 20.5 GiB is 21, 6 over.
    ("megaline_us", "surf", 600, 60, 20.5 * GIB, 20 + 100 * 3 * CENT + 10 * 3 * CENT + 6 * 10),
    # One minute over.
    ("megaline_us", "surf", 501, 0, 0, 20 + 3 * CENT),
    # The same usage on the big plan is inside it.
    ("megaline_us", "ultimate", 600, 60, 20.5 * GIB, 70),
    # 1 minute, 1 SMS, 1 GiB over.
    ("megaline_us", "ultimate", 3001, 1001, 30 * GIB + 0.5, 70 + CENT + CENT + 7),
    # 250 minutes at 3 roubles, 20 SMS at 3, 17.2 GiB is 18, 3 over at 200.
    ("megaline_ru", "smart", 750, 70, 17.2 * GIB, 550 + 250 * 3 + 20 * 3 + 3 * 200),
    # 31 GiB: one over at 150.
    ("megaline_ru", "ultra", 750, 70, 31 * GIB, 1950 + 150),
    # 50 minutes at 4 cents, 5 SMS at 4 cents, 11 GiB is 3 over at 5.
    ("ladder", "mini", 300, 55, 11 * GIB, 14 + 50 * 4 * CENT + 5 * 4 * CENT + 3 * 5),
    # Far over: 600 minutes, 400 SMS, 28 GiB above light.
    ("ladder", "light", 1000, 500, 40 * GIB, 20 + 600 * 4 * CENT + 400 * 4 * CENT + 28 * 5),
    # 40 GiB is 18 above plus, at 4.
    ("ladder", "plus", 1000, 500, 40 * GIB, 35 + 18 * 4),
    # Unlimited stays at its fee, whatever is used.
    ("ladder", "unlimited", 44_640, 100_000, 5000 * GIB, 52),
]


@pytest.mark.parametrize(("name", "plan", "minutes", "sms", "mib", "bill"), BY_HAND)
def test_an_invoice_equals_the_one_computed_by_hand(name, plan, minutes, sms, mib, bill):
    catalogue = shipped(name)
    month = MonthUsage(
        voice_calls=Decimal(100),
        voice_minutes=Decimal(minutes),
        voice_minutes_billed=Decimal(minutes),
        sms=Decimal(sms),
        data_mib=Decimal(f"{float(mib):.2f}"),
    )
    usage = {key: np.array([float(value)]) for key, value in vars(month).items()}
    assert Fraction(invoice(catalogue, plan, month)) == bill
    assert Fraction(int(rate(usage, catalogue)[0, catalogue.plan_ids.index(plan)]), 100) == bill


def test_minutes_from_totals_gain_half_a_minute_a_call():
    # 480 + 0.5 * 60 = 510 minutes: ten over, at 3 cents.
    month = MonthUsage(Decimal(60), Decimal(480), Decimal(0), Decimal(0))
    usage = {key: np.array([float(value)]) for key, value in vars(month).items() if value is not None}
    assert invoice(shipped("megaline_us"), "surf", month) == Decimal("20.30")
    assert rate(usage, shipped("megaline_us"))[0, 0] == 2030


def test_missed_calls_alone_are_free():
    month = MonthUsage(Decimal(5000), Decimal(0), Decimal(0), Decimal(0))
    usage = {key: np.array([float(value)]) for key, value in vars(month).items() if value is not None}
    assert invoice(shipped("megaline_us"), "surf", month) == 20
    assert rate(usage, shipped("megaline_us"))[0, 0] == 2000


def test_half_a_cent_is_rounded_up_once_at_the_end():
    raw = raw_catalogue("megaline_us")
    for name in ("voice", "sms"):
        raw["plans"][0]["services"][name]["overage"]["price"] = "0.0025"
    catalogue = Catalogue.model_validate(raw)
    # One minute and one SMS over, a quarter of a cent each: 20.005.
    month = MonthUsage(Decimal(1), Decimal(501), Decimal(51), Decimal(0), Decimal(501))
    usage = {key: np.array([float(value)]) for key, value in vars(month).items()}
    assert invoice(catalogue, "surf", month) == Decimal("20.01")
    assert rate(usage, catalogue)[0, 0] == 2001


def surf_with(service, **rounding):
    raw = raw_catalogue("megaline_us")
    raw["plans"] = raw["plans"][:1]
    raw["plans"][0]["services"][service]["rounding"] = rounding
    return Catalogue.model_validate(raw)


@pytest.mark.parametrize(
    ("mode", "gib", "started"),
    [("nearest", 17.5, 3), ("nearest", 17.49, 2), ("floor", 17.99, 2), ("ceil", 17.01, 3)],
)
def test_the_mode_says_which_way_a_started_gib_goes(mode, gib, started):
    catalogue = surf_with("data", scope="period", mode=mode, step=1)
    month = MonthUsage(Decimal(0), Decimal(0), Decimal(0), Decimal(f"{gib * GIB:.2f}"), Decimal(0))
    usage = {key: np.array([float(value)]) for key, value in vars(month).items()}
    assert invoice(catalogue, "surf", month) == 20 + 10 * started
    assert rate(usage, catalogue).tolist() == [[2000 + 1000 * started]]


def test_minutes_from_totals_are_rounded_to_a_hundredth_halves_up():
    # 500 + 0.5 * 0.01 * 1 = 500.005 minutes, which is 500.01 and starts the minute after the allowance.
    catalogue = surf_with("voice", scope="event", mode="ceil", step=0.01)
    month = MonthUsage(Decimal(1), Decimal(500), Decimal(0), Decimal(0))
    usage = {key: np.array([float(value)]) for key, value in vars(month).items() if value is not None}
    assert invoice(catalogue, "surf", month) == Decimal("20.03")
    assert rate(usage, catalogue).tolist() == [[2003]]
