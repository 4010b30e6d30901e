"""Rules across the plans of a catalogue, and rules that need its currency or data unit.

The rules read raw values, so that other errors in a plan do not hide these.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from planrec.catalogue.currencies import exponent_of
from planrec.catalogue.known_clauses import message_for, not_supported
from planrec.catalogue.terms import (
    MICRO_DIGITS,
    DataUnit,
    ValidFor,
    decimals_of,
    money_from,
    quantity_from,
)
from planrec.files.validation_errors import message_of
from planrec.schema.columns import MAX_USAGE

_LARGEST_BILL_MICRO = 2**62


def cross_plan_errors(plans: object, catalogue: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Yield the violations of rules that a plan alone cannot check.

    Args:
        plans: the plans as given: mappings or models, perhaps with other errors.
        catalogue: the valid ones of the catalogue's other fields.
    """
    if not isinstance(plans, list | tuple):
        return
    raw = [plan.model_dump(mode="json") if isinstance(plan, BaseModel) else plan for plan in plans]
    readable = {place: plan for place, plan in enumerate(raw) if isinstance(plan, Mapping)}
    yield from _repeated_ids(readable)
    yield from _differing_event_rounding(readable)
    for place, plan in readable.items():
        yield from _other_period(place, plan)
        yield from _misplaced_units(place, plan, catalogue.get("data_unit"))
        if "currency" in catalogue:
            yield from _too_fine_money(place, plan, catalogue["currency"])
        yield from _too_large_bill(place, plan)


def _repeated_ids(plans: Mapping[int, Mapping[str, Any]]) -> Iterator[InitErrorDetails]:
    for (first, one), (second, other) in combinations(plans.items(), 2):
        if one.get("id") is not None and one.get("id") == other.get("id"):
            message = f"plan id {one['id']!r} is already used by plan {first}; ids must differ"
            if _overlap(one.get("valid_for"), other.get("valid_for")):
                message += " (and the two are valid at the same time)"
            yield _problem((second, "id"), other["id"], message)


def _overlap(one: object, other: object) -> bool:
    try:
        a, b = ValidFor.model_validate(one), ValidFor.model_validate(other)
    except ValidationError:
        return False
    return a.start < (b.end or date.max) and b.start < (a.end or date.max)


_UNITS = {"voice": ("minute",), "sms": ("message",)}


def _misplaced_units(place: int, plan: object, data_unit: DataUnit | None) -> Iterator[InitErrorDetails]:
    names = (data_unit.name,) if data_unit else ("GiB", "GB")
    for name, allowed in {**_UNITS, "data": ("MiB", *names)}.items():
        path = (place, "services", name)
        unit = _dig(plan, "services", name, "unit")
        if unit in ("minute", "message", "MiB", "GiB", "GB") and unit not in allowed:
            yield _problem(
                (*path, "unit"), unit, f"unit of {name} must be {' or '.join(allowed)}, got {unit!r}"
            )
        if name != "voice" and _dig(plan, *path[1:], "rounding", "scope") == "event":
            yield _problem(
                (*path, "rounding", "scope"),
                "event",
                f"rounding each {name} event is not supported yet; supported: 'period', 'none'",
            )
        yield from _too_fine_quantities(path, _dig(plan, *path[1:]), data_unit)


def _too_fine_quantities(
    path_to: tuple[int | str, ...], service: object, data_unit: DataUnit | None
) -> Iterator[InitErrorDetails]:
    scale = data_unit.mib if data_unit and _dig(service, "unit") in ("GiB", "GB") else Decimal(1)
    for path in (("included",), ("overage", "per"), ("rounding", "step")):
        try:
            quantity = quantity_from(_dig(service, *path))
        except ValueError:
            continue
        if quantity * scale * 100 % 1:
            yield _problem(
                (*path_to, *path),
                quantity,
                f"must be whole hundredths of a minute, message or MiB, got {quantity * scale.normalize():f}",
            )


DAYS = {"day": Decimal(1), "week": Decimal(7), "month": Decimal("30.4375"), "year": Decimal("365.25")}
"Mean days of the units of periods."


def _other_period(place: int, plan: object) -> Iterator[InitErrorDetails]:
    """Yield a period other than one month, with the fee of a calendar month if it can be computed."""
    unit, length = _dig(plan, "period", "unit"), _dig(plan, "period", "length")
    if (unit, length) == ("month", 1) or None in (unit, length):
        return
    fee, written = _money_or_none(_dig(plan, "fee", "recurring")), "the fee of a calendar month"
    days = DAYS.get(str(unit).lower().removesuffix("s"))
    if days and type(length) is int and 0 < length <= 366:
        times = DAYS["month"] / (days * length)
        written += f" and its allowances: {times:.3f} times those of {length} x {unit}"
        if fee is not None:
            written += f', so `recurring: "{fee * times:.2f}"` for a fee of {fee}'
    message = not_supported(
        f"periods other than one month (got {length!r} {unit!r})",
        f"`period: {{unit: month, length: 1}}` with {written}",
    )
    yield _problem((place, "period"), None, message)


def _differing_event_rounding(plans: Mapping[int, Mapping[str, Any]]) -> Iterator[InitErrorDetails]:
    """Yield the plans that round each call in another way than the first plan that does."""
    first: tuple[object, object, object] | None = None
    for place, plan in plans.items():
        rounding = _dig(plan, "services", "voice", "rounding")
        if _dig(rounding, "scope") != "event":
            continue
        rule = (_dig(rounding, "mode"), _dig(rounding, "step"), plan.get("id"))
        first = first or rule
        if rule[:2] != first[:2]:
            yield _problem((place, "services", "voice", "rounding"), rule, _two_roundings(first, rule))


def _two_roundings(one: tuple[object, object, object], other: tuple[object, object, object]) -> str:
    """Return the message about two plans that round each call differently: mode, step and id of each."""
    numbers = (int, float, Decimal)
    finer = min(one, other, key=lambda rule: float(rule[1]) if isinstance(rule[1], numbers) else 0.0)
    bias = {"ceil": "too low by about", "floor": "too high by about"}
    half = float(finer[1]) / 2 if isinstance(finer[1], numbers) else 0.0
    error = f"{bias.get(str(finer[0]), 'off by at most')} {half:g} minutes a call"
    return not_supported(
        f"plans that round each call differently, because a month has one sum of billed minutes (got"
        f" {other[0]!r} to {other[1]} in plan {other[2]!r} after {one[0]!r} to {one[1]} in plan {one[2]!r})",
        f"`rounding: {{scope: none}}` in plan {finer[2]!r}, which charges minutes as measured: they are then"
        f" {error}",
    )


_CURRENCY_MONEY = (
    ("fee", "recurring"),
    ("fee", "activation"),
    ("overage_policy", "cap_per_period"),
    ("contract", "early_termination_fee"),
)


def _too_fine_money(place: int, plan: object, currency: str) -> Iterator[InitErrorDetails]:
    for path in _CURRENCY_MONEY:
        money = _money_or_none(_dig(plan, *path))
        if money is not None and decimals_of(money) > exponent_of(currency):
            allowed = exponent_of(currency)
            yield _problem((place, *path), str(money), f"{currency} has {allowed} decimals, got {money}")


def _too_large_bill(place: int, plan: object) -> Iterator[InitErrorDetails]:
    """Check that a bill at MAX_USAGE fits in 64 bits, so that the fast rating never overflows."""
    worst = _money_or_none(_dig(plan, "fee", "recurring")) or Decimal(0)
    for name in ("voice", "sms", "data"):
        price = _money_or_none(_dig(plan, "services", name, "overage", "price"))
        per = _dig(plan, "services", name, "overage", "per")
        if price is not None and isinstance(per, int | float | Decimal) and per > 0:
            worst += price * (2 * int(MAX_USAGE) / Decimal(str(per)) + 1)
    if worst * 10**MICRO_DIGITS > _LARGEST_BILL_MICRO:
        yield _problem((place,), str(worst), f"a bill at {MAX_USAGE:g} units of usage must be below 4.6e12")


def _dig(value: object, *path: int | str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _money_or_none(value: object) -> Decimal | None:
    try:
        return money_from(value)
    except ValueError:
        return None


def _problem(loc: tuple[int | str, ...], found: object, message: str) -> InitErrorDetails:
    # The message may contain braces, so it is a value of the template and not the template.
    error = PydanticCustomError("catalogue", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=loc, input=found)


def errors_inside_plans(errors: Sequence[ErrorDetails]) -> Iterator[InitErrorDetails]:
    """Yield pydantic's errors inside plans with their paths in the YAML and our messages for our rules."""
    for error in errors:
        loc, kind = _yaml_path(error["loc"]), error["type"]
        if kind == "too_short" and len(errors) > 1:
            continue  # pydantic counts only the valid plans
        if kind == "literal_error" and loc[-2:-1] == ("period",):
            continue  # `_other_period` reports it, with the fee of a month
        if kind == "extra_forbidden" and (message := message_for(loc[-1])):
            yield _problem(loc, error["input"], message)
        elif kind == "value_error":
            yield _problem(loc, error["input"], message_of(error))
        else:
            yield InitErrorDetails(type=kind, loc=loc, input=error["input"], ctx=error.get("ctx", {}))


def errors_outside_plans(errors: Sequence[ErrorDetails]) -> Iterator[InitErrorDetails]:
    """Yield all errors of a catalogue, with a message for keys of known clauses beside its plans."""
    for error in errors:
        loc, kind = error["loc"], error["type"]
        if kind == "extra_forbidden" and len(loc) == 1 and (message := message_for(loc[-1])):
            yield _problem(loc, error["input"], message)
        elif kind in ("catalogue", "value_error"):
            yield _problem(loc, error["input"], message_of(error))
        else:
            yield InitErrorDetails(type=kind, loc=loc, input=error["input"], ctx=error.get("ctx", {}))


def _yaml_path(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Remove the tags that pydantic adds after a field with one of several models."""
    tagged = [at for at in range(2, len(loc)) if loc[at - 2] == "services" or loc[at - 1] == "rounding"]
    return tuple(part for at, part in enumerate(loc) if at not in tagged)
