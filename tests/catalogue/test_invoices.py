"""Invoices computed by hand decide between the two ratings."""

from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from planrec.catalogue import Catalogue, MonthUsage, invoice, rate
from tests.catalogue.catalogues import raw_catalogue, shipped

CENT, FIL, GIB = Fraction(1, 100), Fraction(1, 1000), 1024


@dataclass(frozen=True)
class Used:
    """A month; `billed` are the minutes after the rounding of each call."""

    calls: float = 0
    minutes: float = 0
    billed: float | None = 0
    sms: float = 0
    mib: float = 0

    @property
    def month(self) -> MonthUsage:
        amounts = [getattr(self, field.name) for field in fields(self)]
        exact = [None if amount is None else Decimal(f"{amount:.2f}") for amount in amounts]
        return MonthUsage(exact[0], exact[1], exact[3], exact[4], exact[2])


def both(catalogue: Catalogue, plan: str, used: Used) -> tuple[Fraction, Fraction]:
    """The bill by the reference and by the fast rating, in the currency."""
    usage = {name: np.array([float(value)]) for name, value in vars(used.month).items() if value is not None}
    fast = int(rate(usage, catalogue)[0, catalogue.plan_ids.index(plan)])
    return Fraction(invoice(catalogue, plan, used.month)), Fraction(fast, 10**catalogue.exponent)


def metered(included: float, unit: str, price: str, per: float = 1, **rounding: Any) -> dict[str, Any]:
    """A service: without rounding, or `scope=..., mode=..., step=...`."""
    return {
        "included": included,
        "unit": unit,
        "overage": {"price": price, "per": per},
        "rounding": rounding or {"scope": "none"},
    }


def made_up(fee: str = "20.00", currency: str = "USD", cap: str | None = None, **services: Any) -> Catalogue:
    """One plan whose services are unlimited unless given; `data_unit` as in a catalogue."""
    raw = raw_catalogue("megaline_us")
    plan = raw["plans"][0]
    unlimited = {
        name: {"included": "unlimited", "unit": service["unit"]} for name, service in plan["services"].items()
    }
    data_unit = services.pop("data_unit", raw["data_unit"])
    if data_unit["name"] != "GiB":
        unlimited["data"]["unit"] = data_unit["name"]
    plan |= {
        "id": "plan",
        "fee": {"recurring": fee, "activation": "0"},
        "services": unlimited | services,
        "overage_policy": {"mode": "charge", "cap_per_period": cap},
        "contract": {"commitment_months": 0, "early_termination_fee": "0"},
    }
    return Catalogue.model_validate(raw | {"currency": currency, "data_unit": data_unit, "plans": [plan]})


US, RU, LADDER = shipped("megaline_us"), shipped("megaline_ru"), shipped("ladder")
BY_EVENT = {"scope": "event", "mode": "ceil", "step": 1}
TENS_OF_SMS = made_up(sms=metered(15, "message", "0.30", per=10))
CAPPED = made_up(cap="25.00", data=metered(15, "GiB", "10.00", scope="period", mode="ceil", step=1))
TWO_QUARTER_CENTS = made_up(
    voice=metered(500, "minute", "0.0025", **BY_EVENT), sms=metered(50, "message", "0.0025")
)


def rounded_sms(mode: str, step: int) -> Catalogue:
    return made_up(sms=metered(50, "message", "0.03", scope="period", mode=mode, step=step))


def rounded_data(mode: str, step: float = 1) -> Catalogue:
    return made_up(data=metered(15, "GiB", "10.00", scope="period", mode=mode, step=step))


# what it shows: catalogue, plan, usage, the bill as fee + voice + SMS + data
BY_HAND = {
    "a silent month costs the fee": (US, "surf", Used(), 20),
    "all exactly at the allowance": (US, "surf", Used(90, 455, 500, 50, 15 * GIB), 20),
    "one MiB above starts a GiB": (US, "surf", Used(90, 455, 500, 50, 15 * GIB + 1), 20 + 1 * 10),
    "so does a hundredth of a MiB": (US, "surf", Used(mib=15360.01), 20 + 1 * 10),
    "one minute above": (US, "surf", Used(90, 455, 501), 20 + 1 * 3 * CENT),
    "rounded calls count, not talk": (US, "surf", Used(200, 430.5, 530), 20 + 30 * 3 * CENT),
    "one SMS above": (US, "surf", Used(sms=51), 20 + 1 * 3 * CENT),
    # 20.5 GiB is 21, 6 above.
    "three services above": (
        US,
        "surf",
        Used(9, 590, 600, 60, 20992),
        20 + 100 * 3 * CENT + 10 * 3 * CENT + 60,
    ),
    "the same inside the big plan": (US, "ultimate", Used(9, 590, 600, 60, 20992), 70),
    "one of each above the big plan": (US, "ultimate", Used(9, 1, 3001, 1001, 31232), 70 + CENT + CENT + 7),
    # 17.2 GiB is 18, 3 above.
    "roubles": (RU, "smart", Used(9, 1, 750, 70, 17612.8), 550 + 250 * 3 + 20 * 3 + 3 * 200),
    "roubles on the big plan": (RU, "ultra", Used(9, 1, 750, 70, 31 * GIB), 1950 + 1 * 150),
    "the smallest step of the ladder": (
        LADDER,
        "mini",
        Used(60, 270, 300, 55, 11 * GIB),
        14 + 50 * 4 * CENT + 5 * 4 * CENT + 3 * 5,
    ),
    "far above": (
        LADDER,
        "light",
        Used(90, 900, 1000, 500, 40 * GIB),
        20 + 600 * 4 * CENT + 400 * 4 * CENT + 28 * 5,
    ),
    "unlimited stays at its fee": (LADDER, "unlimited", Used(9e4, 44_640, 44_640, 1e5, 5000 * GIB), 52),
    # Rounding of the period's sum: mode and step.
    "nearest: a half goes up": (rounded_data("nearest"), "plan", Used(mib=17.5 * GIB), 20 + 3 * 10),
    "nearest: below a half goes down": (rounded_data("nearest"), "plan", Used(mib=17.49 * GIB), 20 + 2 * 10),
    "floor": (rounded_data("floor"), "plan", Used(mib=17.99 * GIB), 20 + 2 * 10),
    # 16 GiB is 20 in steps of five, 5 above.
    "ceil in steps of five": (rounded_data("ceil", 5), "plan", Used(mib=16 * GIB), 20 + 5 * 10),
    "nearest in steps of five": (rounded_sms("nearest", 5), "plan", Used(sms=57), 20 + 5 * 3 * CENT),
    "floor in steps of ten": (rounded_sms("floor", 10), "plan", Used(sms=69), 20 + 10 * 3 * CENT),
    # Without rounding, every started unit above the allowance.
    "a started minute": (
        made_up(voice=metered(100, "minute", "0.10")),
        "plan",
        Used(90, 101.01, 180),
        20 + 2 * 10 * CENT,
    ),
    "a started ten": (TENS_OF_SMS, "plan", Used(sms=16), 20 + 1 * 30 * CENT),
    "exactly a ten": (TENS_OF_SMS, "plan", Used(sms=25), 20 + 1 * 30 * CENT),
    "one more starts the next ten": (TENS_OF_SMS, "plan", Used(sms=26), 20 + 2 * 30 * CENT),
    # 1.3 GiB is 0.3 above 1: two quarters are started.
    "a started quarter of a GiB": (
        made_up(data=metered(1, "GiB", "1.50", per=0.25)),
        "plan",
        Used(mib=1331.2),
        20 + 2 * 150 * CENT,
    ),
    # Six GiB above cost 60, of which 25 are due.
    "the cap": (CAPPED, "plan", Used(mib=21 * GIB), 20 + 25),
    "below the cap": (CAPPED, "plan", Used(mib=17 * GIB), 20 + 2 * 10),
    "a cap of nothing": (
        made_up(cap="0", sms=metered(0, "message", "5.00")),
        "plan",
        Used(sms=1000),
        20,
    ),
    # 20 + 0.0025 + 0.0025 = 20.005: rounded once, half up; a quarter of a cent alone is not.
    "half a cent goes up, once": (TWO_QUARTER_CENTS, "plan", Used(9, 1, 501, 51), 20 + 1 * CENT),
    "a quarter of a cent goes down": (TWO_QUARTER_CENTS, "plan", Used(9, 1, 501, 50), 20),
    "two cents and half a one": (TWO_QUARTER_CENTS, "plan", Used(9, 1, 508, 52), 20 + 3 * CENT),
    # 3 * 0.5 = 1.5 yen above 980 is 982 yen; 1 * 0.4 is nothing.
    "half a yen goes up": (made_up("980", "JPY", sms=metered(0, "message", "0.5")), "plan", Used(sms=3), 982),
    "less goes down": (made_up("980", "JPY", sms=metered(0, "message", "0.4")), "plan", Used(sms=1), 980),
    "yen by MiB": (
        made_up("980", "JPY", cap="2000", data=metered(500, "MiB", "2")),
        "plan",
        Used(mib=1100.5),
        980 + 601 * 2,
    ),
    # 3 * 0.0015 = 0.0045 dinars is 0.005.
    "half a fils goes up": (
        made_up("7.250", "KWD", sms=metered(10, "message", "0.0015")),
        "plan",
        Used(sms=13),
        7250 * FIL + 5 * FIL,
    ),
    # A GB of 953.67 MiB: ten are 9,536.70, and a hundredth more starts the next.
    "a gigabyte that is no GiB": (
        made_up(
            data_unit={"name": "GB", "mib": 953.67},
            data=metered(10, "GB", "4.00", scope="period", mode="ceil", step=1),
        ),
        "plan",
        Used(mib=9536.71),
        20 + 1 * 4,
    ),
    # 480 + 0.5 * 60 = 510 minutes, ten above.
    "totals: half a minute a call": (US, "surf", Used(60, 480, None), 20 + 10 * 3 * CENT),
    "totals: missed calls are free": (US, "surf", Used(5000, 0, None), 20),
    # 500 + 0.5 * 0.01 * 1 = 500.005 minutes, which is 500.01 and starts a minute.
    "totals: a hundredth, halves up": (
        made_up(voice=metered(500, "minute", "0.03", scope="event", mode="ceil", step=0.01)),
        "plan",
        Used(1, 500, None),
        20 + 1 * 3 * CENT,
    ),
}


@pytest.mark.parametrize(("catalogue", "plan", "used", "bill"), BY_HAND.values(), ids=BY_HAND)
def test_an_invoice_equals_the_one_computed_by_hand(catalogue, plan, used, bill):
    assert both(catalogue, plan, used) == (bill, bill)


def test_there_are_enough_invoices_to_decide():
    assert len(BY_HAND) >= 30
