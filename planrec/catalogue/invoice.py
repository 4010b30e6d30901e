"""The bill of one month on one plan, easy to read and audit: plain `Decimal`, no arrays.

bill = fee + sum over services of price * started units above the allowance, after the plan's own rounding;
rounded once, half up, to the currency's exponent (docs/reference/bills.md). `rating` computes the same for
many months at once and shares no code with this file: the two must agree to the cent on all input.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from planrec.catalogue.plans import Catalogue, Plan
from planrec.catalogue.terms import AnyService, NoRounding, Rounding, UnlimitedService
from planrec.schema.columns import MAX_USAGE

CENT = Decimal("0.01")
"Resolution of usage, which is quantised when it is read: 0.01 minute, 0.01 MiB."


@dataclass(frozen=True)
class MonthUsage:
    """One subscriber's month, each amount a multiple of 0.01."""

    voice_calls: Decimal
    voice_minutes: Decimal
    sms: Decimal
    data_mib: Decimal
    voice_minutes_billed: Decimal | None = None
    "Minutes after the rounding of each call; None if only totals are known."


def invoice(catalogue: Catalogue, plan_id: str, month: MonthUsage) -> Decimal:
    """Compute the bill of the month on the plan, in the catalogue's currency.

    Raises:
        CatalogueError: the catalogue has no such plan.
    """
    plan = catalogue.plan(plan_id)
    services = plan.services
    overage = (
        _charge(services.voice, _voice_minutes(services.voice, month), Decimal(1))
        + _charge(services.sms, month.sms, Decimal(1))
        + _charge(services.data, month.data_mib, catalogue.mib_per_unit(services.data.unit))
    )
    exponent = Decimal(1).scaleb(-catalogue.exponent)
    return (plan.fee.recurring + _capped(plan, overage)).quantize(exponent, ROUND_HALF_UP)


def counted_usage(catalogue: Catalogue, plan: Plan, month: MonthUsage) -> dict[str, Decimal]:
    """Count the minutes, messages and MiB that use up each allowance, after the plan's rounding."""
    voice, sms, data = plan.services.voice, plan.services.sms, plan.services.data
    measured = {
        "voice": (voice, _voice_minutes(voice, month), Decimal(1)),
        "sms": (sms, month.sms, Decimal(1)),
        "data": (data, month.data_mib, catalogue.mib_per_unit(data.unit)),
    }
    return {
        name: used if isinstance(service, UnlimitedService) else _rounded(service.rounding, used, unit)
        for name, (service, used, unit) in measured.items()
    }


def _voice_minutes(voice: AnyService, month: MonthUsage) -> Decimal:
    """Return the minutes that the plan counts, with each call rounded if the plan rounds calls."""
    if isinstance(voice, UnlimitedService) or voice.rounding.scope != "event":
        return month.voice_minutes
    if month.voice_minutes_billed is not None:
        return month.voice_minutes_billed
    return approximate_billed_minutes(month, voice.rounding)


def approximate_billed_minutes(month: MonthUsage, rounding: Rounding) -> Decimal:
    """Estimate billed minutes from totals: a call gains half a step when rounded up.

    The estimate is slightly too high, because totals include missed calls, which are free.
    """
    if month.voice_minutes == 0:
        return Decimal(0)
    gained_steps = {"ceil": Decimal("0.5"), "nearest": Decimal(0), "floor": Decimal("-0.5")}[rounding.mode]
    billed = month.voice_minutes + month.voice_calls * rounding.step * gained_steps
    return min(max(billed, Decimal(0)), Decimal(int(MAX_USAGE))).quantize(CENT, ROUND_HALF_UP)


def _charge(service: AnyService, used: Decimal, unit: Decimal) -> Decimal:
    """Compute the overage of one service; `used` is in minutes, messages or MiB, `unit` of them in a unit."""
    if isinstance(service, UnlimitedService):
        return Decimal(0)
    over = _rounded(service.rounding, used, unit) - service.included * unit
    if over <= 0:
        return Decimal(0)
    units, rest = divmod(over, service.overage.per * unit)
    started = units + 1 if rest else units
    return started * service.overage.price


def _rounded(rounding: NoRounding | Rounding, used: Decimal, unit: Decimal) -> Decimal:
    """Round the sum of the period; `used` already includes the rounding of events."""
    if isinstance(rounding, NoRounding) or rounding.scope == "event":
        return used
    step = rounding.step * unit
    steps, rest = divmod(used, step)
    up = {"ceil": rest > 0, "nearest": 2 * rest >= step, "floor": False}[rounding.mode]
    return (steps + 1) * step if up else steps * step


def _capped(plan: Plan, overage: Decimal) -> Decimal:
    cap = plan.overage_policy.cap_per_period
    return overage if cap is None else min(overage, cap)
