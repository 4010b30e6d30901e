"""Rating: the bills of months of usage on every plan, exact and fast, in integers only.

Usage is counted in hundredths of a minute, message or MiB, money in millionths of the currency, rounded
once per bill, half up. `invoice` is the readable reference; the two share no code and agree to the cent.

Plans of one operator usually count in the same way (whole minutes, whole GiB) and differ in allowance and
price. So the started units of each way of counting are computed once, and a plan takes a few passes over
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NoReturn

import numpy as np

from planrec.catalogue.plans import Catalogue, Plan
from planrec.catalogue.terms import MICRO_DIGITS, Rounding, Service
from planrec.errors import DataError
from planrec.schema.columns import MAX_USAGE, Columns, Usage

BLOCK_ROWS = 2048
"Rows rated at a time, so that a block's arrays stay in the processor's cache."


@dataclass(frozen=True)
class Meter:
    """One way to count: hundredths of a usage column -> started units above `offset`."""

    column: str
    "A `Usage` column."
    mode: Literal["ceil", "nearest", "floor", "none"]
    "Rounding of the period's sum."
    step: int
    per: int
    offset: int
    "Remainder of the allowance after whole blocks of `per`. step, per and offset are in hundredths."


@dataclass(frozen=True)
class Charge:
    """Overage of one service on one plan."""

    meter: int
    "Position in `Tariffs.meters`."
    included: int
    "Whole units of the meter."
    price: int
    "Money units of the tariff, per unit of the meter."


UNLIMITED = Charge(meter=0, included=0, price=0)


@dataclass(frozen=True)
class Tariff:
    """One plan in integers."""

    fee: int
    charges: tuple[Charge, ...]
    "For voice, SMS and data."
    cap: int | None
    divisor: int
    "Money units of this tariff in one minor unit; 1 if every price is in whole minor units."


@dataclass(frozen=True)
class Tariffs:
    """A catalogue in integers."""

    read: tuple[str, ...]
    "`Usage` columns that the meters read."
    read_without_billed: tuple[str, ...]
    "The same if billed minutes are unknown: totals of calls replace them."
    meters: tuple[Meter, ...]
    meter: np.ndarray
    "Shape (S, J): position in `meters`, of S services and J plans; or (S, 1), see `_meters_of`."
    included: np.ndarray
    "Shape (S, J, 1), int64: `Charge.included`."
    price: np.ndarray
    "Shape (S, J, 1), int64: `Charge.price`; 0 if a plan charges nothing."
    fee: np.ndarray
    "Shape (J, 1), int64."
    cap: np.ndarray | None
    "Shape (J, 1), int64; None if no plan has a cap."
    divisor: np.ndarray | None
    "Shape (J, 1), int64; None if all are 1."
    rounded_calls: tuple[str, int] | None
    "Mode and step (hundredths) of the rounding of each call; None if no plan rounds calls."


def rate(usage: Columns, catalogue: Catalogue) -> np.ndarray:
    """Compute the bills of n months on the J plans of the catalogue: (n, J) int64, minor units.

    The array is in Fortran order, because most operations on bills read all bills of a plan.

    Args:
        usage: the `Usage.MEASURED` columns of shape (n,) and, for exact bills on plans that round calls,
            `voice_minutes_billed`; without it the bills are approximate (see `bill_basis`).
        catalogue: the plans.

    Raises:
        DataError: A column is missing, or a value is not in [0, MAX_USAGE].
    """
    tariffs = tariffs_of(catalogue)
    _check_columns(usage)
    bills = np.empty((len(tariffs.fee), len(usage[Usage.SMS])), np.int64)
    for start in range(0, bills.shape[1], BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        _rate_into(bills[:, block], _counts(usage, tariffs, block), tariffs)
    return bills.T


def counts_of(usage: Columns, catalogue: Catalogue) -> Mapping[str, np.ndarray]:
    """Count the columns that plans charge for, in hundredths, int64; unknown billed minutes are estimated.

    Raises:
        DataError: as for `rate`.
    """
    _check_columns(usage)
    return _counts(usage, tariffs_of(catalogue), slice(None))


def rate_counts(counts: Mapping[str, np.ndarray], n: int, catalogue: Catalogue) -> np.ndarray:
    """Compute the bills of `rate` from the result of `counts_of` for n months."""
    tariffs = tariffs_of(catalogue)
    bills = np.empty((len(tariffs.fee), n), np.int64)
    for start in range(0, n, BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        _rate_into(bills[:, block], {name: count[block] for name, count in counts.items()}, tariffs)
    return bills.T


def bill_basis(usage: Columns, catalogue: Catalogue) -> Literal["exact", "approximate"]:
    """Return `approximate` if a plan rounds each call and the months only have totals, else `exact`."""
    known = Usage.VOICE_MINUTES_BILLED in usage
    return "exact" if known or tariffs_of(catalogue).rounded_calls is None else "approximate"


@lru_cache(maxsize=64)
def tariffs_of(catalogue: Catalogue) -> Tariffs:
    """Convert the catalogue to integers, once per catalogue."""
    meters: dict[Meter, int] = {}
    plans = [_tariff(plan, catalogue, meters) for plan in catalogue.plans]
    return _in_arrays(tuple(meters), plans, _rounding_of_calls(catalogue))


def _check_columns(usage: Columns) -> None:
    missing = [name for name in Usage.MEASURED if name not in usage]
    if missing:
        raise DataError("columns that a bill needs are missing", missing)


def _refuse(usage: Columns) -> NoReturn:
    """Raise a DataError about the first column with values out of range."""
    bad = {name: ~((usage[name] >= 0) & (usage[name] <= MAX_USAGE)) for name in Usage.ALL if name in usage}
    name, rows = next((name, np.flatnonzero(is_bad)) for name, is_bad in bad.items() if is_bad.any())
    raise DataError(
        f"usage[{name!r}] must be finite and between 0 and {MAX_USAGE:g},"
        f" got {float(usage[name][rows[0]])!r} at row {rows[0]} ({len(rows)} such rows)"
    )


def _counts(usage: Columns, tariffs: Tariffs, rows: slice) -> Mapping[str, np.ndarray]:
    """Count the columns that the meters read in some rows, in hundredths; check all columns."""
    # One array of all columns: for one subscriber's months, numpy calls take longer than their work.
    is_billed_known = Usage.VOICE_MINUTES_BILLED in usage
    read = tariffs.read if is_billed_known else tariffs.read_without_billed
    unread = [name for name in Usage.ALL if name in usage and name not in read]
    amounts = np.array([usage[name][rows] for name in (*read, *unread)])
    # NaN fails both comparisons, and is minimum and maximum of every array that contains it.
    if not (amounts.min(initial=0.0) >= 0.0 and amounts.max(initial=0.0) <= MAX_USAGE):
        _refuse(usage)
    hundredths = np.rint(amounts[: len(read)] * 100).astype(np.int64)
    counts = dict(zip(read, hundredths, strict=True))
    if tariffs.rounded_calls is not None and not is_billed_known:
        minutes, calls = (counts[name] for name in (Usage.VOICE_MINUTES, Usage.VOICE_CALLS))
        counts[Usage.VOICE_MINUTES_BILLED] = _billed_from_totals(minutes, calls, *tariffs.rounded_calls)
    return counts


def _billed_from_totals(minutes: np.ndarray, calls: np.ndarray, mode: str, step: int) -> np.ndarray:
    """Add half a step per call, but none in a month without minutes: docs/reference/bills.md."""
    half_steps = {"ceil": 1, "nearest": 0, "floor": -1}[mode]
    billed = minutes + (half_steps * calls * step + 100) // 200
    return np.where(minutes == 0, 0, np.clip(billed, 0, int(MAX_USAGE) * 100))


def rounded(mode: str, step: int, used: np.ndarray) -> np.ndarray:
    """Round sums of a period to whole steps; all in hundredths.

    Examples:
        >>> rounded("ceil", 100, np.array([101, 200])).tolist()
        [200, 200]
    """
    if mode == "ceil":
        return -(-used // step) * step
    if mode == "nearest":
        return (2 * used + step) // (2 * step) * step
    return used if mode == "none" else used // step * step


def _started_units(meter: Meter, used: np.ndarray) -> np.ndarray:
    used = rounded(meter.mode, meter.step, used)
    return (used + (meter.per - 1 - meter.offset)) // meter.per


def _rate_into(bills: np.ndarray, counts: Mapping[str, np.ndarray], tariffs: Tariffs) -> None:
    """Write the bills into `bills`, shape (J, n), minor units."""
    started = [_started_units(meter, counts[meter.column]) for meter in tariffs.meters]
    above = np.array(started or [np.zeros(bills.shape[1], np.int64)])[tariffs.meter] - tariffs.included
    np.maximum(above, 0, out=above)
    above *= tariffs.price
    above.sum(axis=0, out=bills)
    if tariffs.cap is not None:
        np.minimum(bills, tariffs.cap, out=bills)
    bills += tariffs.fee
    if tariffs.divisor is not None:
        bills += tariffs.divisor // 2
        bills //= tariffs.divisor


def _in_arrays(
    meters: tuple[Meter, ...], plans: list[Tariff], rounded_calls: tuple[str, int] | None
) -> Tariffs:
    by_service = list(zip(*(plan.charges for plan in plans), strict=True))
    # Services that no plan charges for are left out; one row stays, so that the array is not empty.
    charged = [row for row in by_service if any(charge.price for charge in row)] or by_service[:1]
    most = np.iinfo(np.int64).max
    caps = [most if plan.cap is None else plan.cap for plan in plans]
    divisors = [plan.divisor for plan in plans]
    read = {meter.column for meter in meters}
    totals = {Usage.VOICE_MINUTES, Usage.VOICE_CALLS} if Usage.VOICE_MINUTES_BILLED in read else set()
    without_billed = (read | totals) - {Usage.VOICE_MINUTES_BILLED}
    return Tariffs(
        read=tuple(name for name in Usage.ALL if name in read),
        read_without_billed=tuple(name for name in Usage.ALL if name in without_billed),
        meters=meters,
        meter=_meters_of(charged),
        included=_integers([[charge.included for charge in row] for row in charged]),
        price=_integers([[charge.price for charge in row] for row in charged]),
        fee=_integers([plan.fee for plan in plans]),
        cap=None if min(caps) == most else _integers(caps),
        divisor=None if max(divisors) == 1 else _integers(divisors),
        rounded_calls=rounded_calls,
    )


def _meters_of(charged: list[tuple[Charge, ...]]) -> np.ndarray:
    """Return shape (S, J), or (S, 1) if all plans that charge for a service count it in one way."""
    distinct = [{charge.meter for charge in row if charge.price} for row in charged]
    if all(len(meters) <= 1 for meters in distinct):
        return np.array([[next(iter(meters), 0)] for meters in distinct], np.intp)
    return np.array([[charge.meter for charge in row] for row in charged], np.intp)


def _integers(values: list[int] | list[list[int]]) -> np.ndarray:
    """Make an int64 array with a last axis of 1, which broadcasts over months."""
    return np.array(values, np.int64)[..., np.newaxis]


def _tariff(plan: Plan, catalogue: Catalogue, meters: dict[Meter, int]) -> Tariff:
    cap = plan.overage_policy.cap_per_period
    charges = []
    services = plan.services
    for service, column in (
        (services.voice, voice_column(services.voice)),
        (services.sms, Usage.SMS),
        (services.data, Usage.DATA_MIB),
    ):
        if isinstance(service, Service):
            unit = catalogue.mib_per_unit(service.unit) if column == Usage.DATA_MIB else Decimal(1)
            charges.append(_charge(service, column, unit, meters))
        else:
            charges.append(UNLIMITED)
    return _in_largest_money_unit(
        _micro(plan.fee.recurring),
        charges,
        None if cap is None else _micro(cap),
        10 ** (MICRO_DIGITS - catalogue.exponent),
    )


def _in_largest_money_unit(fee: int, charges: list[Charge], cap: int | None, divisor: int) -> Tariff:
    """Use minor units if all amounts are whole ones, which saves the last rounding; else micro-units."""
    if any(amount % divisor for amount in (fee, cap or 0, *(charge.price for charge in charges))):
        return Tariff(fee, tuple(charges), cap, divisor)
    whole = tuple(Charge(charge.meter, charge.included, charge.price // divisor) for charge in charges)
    return Tariff(fee // divisor, whole, None if cap is None else cap // divisor, 1)


def _charge(service: Service, column: str, unit: Decimal, meters: dict[Meter, int]) -> Charge:
    per, included = hundredths(service.overage.per * unit), hundredths(service.included * unit)
    rounding = service.rounding
    if isinstance(rounding, Rounding) and rounding.scope == "period":
        meter = Meter(column, rounding.mode, hundredths(rounding.step * unit), per, included % per)
    else:
        meter = Meter(column, "none", 1, per, included % per)
    position = meters.setdefault(meter, len(meters))
    return Charge(position, included // per, _micro(service.overage.price))


def voice_column(voice: object) -> str:
    """Return the usage column that a voice service counts."""
    rounds_calls = isinstance(voice, Service) and voice.rounding.scope == "event"
    return Usage.VOICE_MINUTES_BILLED if rounds_calls else Usage.VOICE_MINUTES


def _rounding_of_calls(catalogue: Catalogue) -> tuple[str, int] | None:
    for plan in catalogue.plans:
        voice = plan.services.voice
        if (
            isinstance(voice, Service)
            and isinstance(voice.rounding, Rounding)
            and voice.rounding.scope == "event"
        ):
            return voice.rounding.mode, hundredths(voice.rounding.step)
    return None


def hundredths(quantity: Decimal) -> int:
    """Convert minutes, messages or MiB to hundredths, which are whole numbers in a valid catalogue.

    Examples:
        >>> hundredths(Decimal("0.25"))
        25
    """
    return int(quantity * 100)


def _micro(money: Decimal) -> int:
    return int(money.scaleb(MICRO_DIGITS))
