"""The terms of a plan: fee, allowances, prices, rounding, contract, each checked on its own."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from planrec.catalogue.known_clauses import not_supported
from planrec.schema.columns import MAX_USAGE
from planrec.schema.config_model import Config
from planrec.wording import did_you_mean

MICRO_DIGITS = 6
"Rating counts money in millionths of the currency, so a price has at most this many decimals."


def money_from(value: object) -> Decimal:
    """Parse a decimal string as money.

    Raises:
        ValueError: the value is not a decimal string, is negative, or has more than six decimals.

    Examples:
        >>> money_from("20.00")
        Decimal('20.00')
    """
    if isinstance(value, Decimal):
        money = value
    elif isinstance(value, str) and value.strip().removeprefix("-").replace(".", "", 1).isdecimal():
        money = Decimal(value.strip())
    else:
        raise ValueError(f'money must be a decimal string like "20.00", got {value!r}')
    # Comparing a NaN raises, so it is checked first.
    if not money.is_finite() or money < 0:
        raise ValueError(f"money must be >= 0, got {money}")
    if decimals_of(money) > MICRO_DIGITS:
        raise ValueError(f"money must have at most {MICRO_DIGITS} decimals, got {money}")
    return money


def quantity_from(value: object) -> Decimal:
    """Parse a number as a quantity of usage.

    Raises:
        ValueError: the value is not a number in [0, MAX_USAGE].

    Examples:
        >>> quantity_from(0.25)
        Decimal('0.25')
    """
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
        raise ValueError(not_supported(f"mode {mode!r}", "'charge', with the price of what people buy then"))
    return mode


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _text(value: Decimal) -> str:
    return format(value, "f")


Money = Annotated[Decimal, BeforeValidator(money_from), PlainSerializer(_text, when_used="json")]
Quantity = Annotated[Decimal, BeforeValidator(quantity_from), PlainSerializer(_number, when_used="json")]
PositiveQuantity = Annotated[Quantity, BeforeValidator(lambda value: _positive(quantity_from(value)))]


class DataUnit(Config):
    """The meaning of "GB" in this catalogue."""

    name: Literal["GiB", "GB"]
    mib: PositiveQuantity
    "MiB in one unit: 1024, or 953.67 for a gigabyte of 10^9 bytes."


class ValidFor(Config):
    """The days on which a plan can be sold and held, half-open."""

    start: date
    end: date | None
    "First day after the plan's last one; null while it has no end."

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> "ValidFor":
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end must be after start, got start {self.start} and end {self.end}")
        return self


class Period(Config):
    """The period that one fee pays for. Only one month is supported so far."""

    unit: Literal["month"]
    length: Literal[1]


class Fee(Config):
    """The amounts due for any usage."""

    recurring: Money
    "Per period."
    activation: Money
    "Once, at the start of the plan."


class Overage(Config):
    """The price above the allowance, per started `per` units after rounding."""

    price: Money
    per: PositiveQuantity
    "In the service's unit."


class NoRounding(Config):
    """Usage is charged as measured."""

    scope: Literal["none"]


class Rounding(Config):
    """Rounding of usage before the allowance is subtracted: of each event, or of the sum of the period."""

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
    """A service that is included in the fee."""

    included: Literal["unlimited"]
    unit: Literal["minute", "message", "MiB", "GiB", "GB"]


def _allowance_kind(value: object) -> str:
    included = value.get("included") if isinstance(value, Mapping) else getattr(value, "included", None)
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
    """The charges above the allowance."""

    mode: Annotated[Literal["charge"], BeforeValidator(_refuse_other_modes)]
    cap_per_period: Money | None
    "Highest overage of all services together in one period; null for no cap."


class Contract(Config):
    """The cost of leaving the plan."""

    commitment_months: Annotated[int, Field(ge=0, strict=True)]
    early_termination_fee: Money


class Eligibility(Config):
    """One condition on an attribute of the subscriber; a missing value never fulfils it."""

    field: str
    op: Literal["<", "<=", ">", ">=", "==", "!=", "in"]
    value: int | float | str | Annotated[tuple[int | float | str, ...], Field(min_length=1)]
    "A list for `in`, all texts or all numbers; one value for the others."

    @model_validator(mode="after")
    def _fits_the_operator(self) -> "Eligibility":
        is_list = isinstance(self.value, tuple)
        if is_list != (self.op == "in"):
            wanted = "a list such as [north, south]" if self.op == "in" else "one value"
            raise ValueError(f"op {self.op!r} needs {wanted}, got {self.value!r}")
        if len({isinstance(value, str) for value in self.values}) > 1:
            raise ValueError(f"a list must hold texts or numbers, not both, got {list(self.values)}")
        return self

    def __str__(self) -> str:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return f"{self.field} {self.op} {value!r}"

    @property
    def values(self) -> tuple[int | float | str, ...]:
        """The values that the attribute is compared with: one, or those of a list."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    def misfit(self, attributes: Mapping[str, np.ndarray]) -> str | None:
        """Return why the condition cannot be evaluated on these attributes; None if it can."""
        column = attributes.get(self.field)
        if column is None:
            return f"the data has no attribute {self.field!r}{did_you_mean(self.field, attributes)}"
        wanted = "text" if isinstance(self.values[0], str) else "numbers"
        found = {"f": "numbers", "M": "dates"}.get(column.dtype.kind, "text")
        # An attribute without any value has no known type, and never fulfils a condition.
        if found == wanted or not _is_known(column).any():
            return None
        return f"the condition needs {wanted}, and the data has {found}"

    def holds(self, column: np.ndarray) -> np.ndarray:
        """Return which values fulfil the condition, shape (n,), bool; `column` must have no `misfit`.

        Examples:
            >>> rule = Eligibility(field="region", op="in", value=("north", "south"))
            >>> rule.holds(np.array(["south", "east", None], object)).tolist()
            [True, False, False]
        """
        known = _is_known(column)
        result = np.zeros(len(column), bool)
        found = column[known]
        if self.op == "in":
            result[known] = np.any([found == value for value in self.values], axis=0)
        else:
            result[known] = _COMPARE[self.op](found, self.value)
        return result


def _is_known(column: np.ndarray) -> np.ndarray:
    # NaN and NaT differ from themselves.
    return np.array([value is not None for value in column], bool) & (column == column)


_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def decimals_of(value: Decimal) -> int:
    """Count the digits after the point without trailing zeros.

    Examples:
        >>> decimals_of(Decimal("2.50"))
        1
    """
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
