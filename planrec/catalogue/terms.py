"""The terms of a plan: fee, allowances, prices, rounding, contract, each checked by itself."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from planrec.schema import MAX_USAGE, Config, did_you_mean

MICRO_DIGITS = 6
"Money is counted in millionths of the currency inside, so a price has at most this many decimals."

# ISO 4217 minor units; every currency that is not listed has two decimals.
_NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV")
) | frozenset(("XAF", "XOF", "XPF"))
_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def money_from(value: object) -> Decimal:
    """A decimal string as money: >= 0, at most six decimals. Raises ValueError."""
    if isinstance(value, Decimal):
        money = value
    elif isinstance(value, str) and value.strip().removeprefix("-").replace(".", "", 1).isdecimal():
        money = Decimal(value.strip())
    else:
        raise ValueError(f'money must be a decimal string like "20.00", got {value!r}')
    # A NaN is not compared but raises.
    if not money.is_finite() or money < 0:
        raise ValueError(f"money must be >= 0, got {money}")
    if decimals_of(money) > MICRO_DIGITS:
        raise ValueError(f"money must have at most {MICRO_DIGITS} decimals, got {money}")
    return money


def quantity_from(value: object) -> Decimal:
    """A number as a quantity of usage in [0, MAX_USAGE]. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"a quantity must be a number, got {value!r}")
    quantity = Decimal(str(value))
    if not (quantity.is_finite() and 0 <= quantity <= int(MAX_USAGE)):
        raise ValueError(f"a quantity must be between 0 and {MAX_USAGE:g}, got {value!r}")
    return quantity


def _positive(value: Decimal) -> Decimal:
    if value == 0:
        raise ValueError("must be > 0, got 0")
    return value


def _refuse_other_modes(mode: object) -> object:
    if mode in ("throttle", "block"):
        raise ValueError(f"mode {mode!r} is not supported yet; supported: 'charge'")
    return mode


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _text(value: Decimal) -> str:
    return format(value, "f")


Money = Annotated[Decimal, BeforeValidator(money_from), PlainSerializer(_text, when_used="json")]
Quantity = Annotated[Decimal, BeforeValidator(quantity_from), PlainSerializer(_number, when_used="json")]
PositiveQuantity = Annotated[Quantity, BeforeValidator(lambda value: _positive(quantity_from(value)))]


class DataUnit(Config):
    """What "GB" means in this catalogue."""

    name: Literal["GiB", "GB"]
    mib: PositiveQuantity
    "MiB in one unit: 1024, or 953.67 for a gigabyte of 10^9 bytes."


class ValidFor(Config):
    """When a plan can be sold and held, half-open."""

    start: date
    end: date | None
    "First day on which the plan is gone; null while it has no end."

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> "ValidFor":
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end must be after start, got start {self.start} and end {self.end}")
        return self


class Period(Config):
    """What one fee pays for. Other periods than one month are not supported yet."""

    unit: Literal["month"]
    length: Literal[1]


class Fee(Config):
    """What is due whatever is used."""

    recurring: Money
    "Per period."
    activation: Money
    "Once, when the plan is taken."


class Overage(Config):
    """The price above the allowance, for every started `per` units after rounding."""

    price: Money
    per: PositiveQuantity
    "In the service's unit."


class NoRounding(Config):
    """Usage is charged as measured."""

    scope: Literal["none"]


class Rounding(Config):
    """How usage is rounded before the allowance is taken off: each event, or the sum of the period."""

    scope: Literal["event", "period"]
    mode: Literal["ceil", "nearest", "floor"]
    "nearest: halves go up."
    step: PositiveQuantity
    "In the service's unit."

    @model_validator(mode="after")
    def _calls_round_to_at_most_an_hour(self) -> "Rounding":
        if self.scope == "event" and self.step > 60:
            raise ValueError(f"step of a rounded call must be at most 60 minutes, got {self.step}")
        return self


class Service(Config):
    """A service with an allowance."""

    included: Quantity
    unit: Literal["minute", "message", "MiB", "GiB", "GB"]
    overage: Overage
    rounding: Annotated[NoRounding | Rounding, Field(discriminator="scope")]


class UnlimitedService(Config):
    """A service whose use costs nothing beyond the fee."""

    included: Literal["unlimited"]
    unit: Literal["minute", "message", "MiB", "GiB", "GB"]


def _allowance_kind(value: Any) -> str:
    included = value.get("included") if isinstance(value, Mapping) else value.included
    return "unlimited" if isinstance(included, str) else "metered"


AnyService = Annotated[
    Annotated[Service, Tag("metered")] | Annotated[UnlimitedService, Tag("unlimited")],
    Discriminator(_allowance_kind),
]


class Services(Config):
    """The three services that every plan prices."""

    voice: AnyService
    sms: AnyService
    data: AnyService


class OveragePolicy(Config):
    """What happens above the allowance."""

    mode: Annotated[Literal["charge"], BeforeValidator(_refuse_other_modes)]
    cap_per_period: Money | None
    "Most that the overage of all services together can cost in one period; null for no cap."


class Contract(Config):
    """What leaving costs."""

    commitment_months: Annotated[int, Field(ge=0, strict=True)]
    early_termination_fee: Money


class Eligibility(Config):
    """One condition on an attribute of the subscriber; a missing attribute value never fulfils it."""

    field: str
    op: Literal["<", "<=", ">", ">=", "==", "!="]
    value: int | float | str

    def __str__(self) -> str:
        return f"{self.field} {self.op} {self.value!r}"

    def misfit(self, attributes: Mapping[str, np.ndarray]) -> str | None:
        """Why the condition cannot be asked of these attributes; None where it can."""
        column = attributes.get(self.field)
        if column is None:
            return f"the data has no attribute {self.field!r}{did_you_mean(self.field, attributes)}"
        wanted = "text" if isinstance(self.value, str) else "numbers"
        found = {"f": "numbers", "M": "dates"}.get(column.dtype.kind, "text")
        # An attribute without a single value says nothing about its kind, and fulfils nothing.
        if found == wanted or not _is_known(column).any():
            return None
        return f"it asks for {wanted}, and the data has {found}"

    def holds(self, column: np.ndarray) -> np.ndarray:
        """Shape (n,), bool. `column` is one of `Columns` that has no `misfit`."""
        known = _is_known(column)
        result = np.zeros(len(column), bool)
        result[known] = _COMPARE[self.op](column[known], self.value)
        return result


def _is_known(column: np.ndarray) -> np.ndarray:
    # Neither NaN nor NaT equals itself.
    return np.array([value is not None for value in column], bool) & (column == column)


_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def exponent_of(currency: str) -> int:
    """Decimals of a currency (ISO 4217)."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def decimals_of(value: Decimal) -> int:
    """Digits after the point, trailing zeros not counted."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
