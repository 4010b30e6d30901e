"""The reason builder: numbers about one plan -> code, value and sentence."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from planrec.catalogue import Catalogue, allowances_of
from planrec.catalogue.allowances import Allowance
from planrec.sentences.locale_formats import (
    CACHE_SIZE,
    WORDS,
    Language,
    count_of,
    in_major_units,
    money_text,
    number_text,
)
from planrec.sentences.reason_sentences import ABOUT, ALLOWANCES, OVER_NOTHING, SERVICES, fill_sentence

MoneyText = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["27.40"])]
"An exact decimal number as text."


class Reason(Struct, frozen=True, gc=False):
    """One fact about a plan from the subscriber's own months."""

    code: str
    value: Annotated[MoneyText, Meta(description="The main number of the sentence.")]
    unit: Annotated[
        str,
        Meta(
            examples=["USD/month"],
            description="Unit of `value`: currency per month, currency, months; or, for an unused allowance,"
            " the unit of the service per month.",
        ),
    ]
    sentence: Annotated[str, Meta(description="In English, or in Spanish if Accept-Language asks for it.")]


class ReasonBuilder:
    """A builder of reasons for the plans of one catalogue in one language.

    Reasons without bills depend on few numbers and are cached.

    Args:
        catalogue: the plans.
        language: language of the sentences.
        is_exact: whether bills are exact; else sentences call them approximate.
    """

    def __init__(self, catalogue: Catalogue, language: Language, *, is_exact: bool) -> None:
        self.plans, self.exponent, self.currency = catalogue.plans, catalogue.exponent, catalogue.currency
        self.language: Language = language
        self.about = "" if is_exact else ABOUT[language]
        self.metered: Sequence[Allowance] = allowances_of(catalogue).metered
        self.places = [
            [place for place, allowance in enumerate(self.metered) if allowance.plan == plan]
            for plan in range(len(self.plans))
        ]
        "Plan -> positions of its allowances in `metered`."
        self.monthly = f"{self.currency}/month"
        cached = lru_cache(CACHE_SIZE)
        self.over, self.covered = cached(self._over), cached(self._covered)
        self.fee, self.switching_cost = cached(self._fee), cached(self._switching_cost)
        self._cached_unused, self._bill_text = cached(self._unused), cached(self._bill_sentence)

    def bill(self, plan: int, bill: int, months: int) -> Reason:
        """Build the reason for a mean bill, in rounded minor units, without comparison."""
        text = self._bill_text("bill", plan, -1, months)
        return Reason("bill", in_major_units(bill, self.exponent), self.monthly, text(bill=self._money(bill)))

    def bill_against(self, plan: int, bill: int, held: int, bill_held: int, months: int) -> Reason:
        """Build the comparison of two mean bills, in rounded minor units so that the sentence adds up."""
        saving = bill_held - bill
        code = "lower_bill" if saving > 0 else "higher_bill" if saving < 0 else "same_bill"
        text = self._bill_text(code, plan, held, months)
        filled = text(
            bill=self._money(bill), bill_held=self._money(bill_held), difference=self._money(abs(saving))
        )
        return Reason(code, in_major_units(saving, self.exponent), self.monthly, filled)

    def unused(self, place: int, used: int, months: int) -> Reason:
        """Build the reason for an unused allowance, in whole minutes or messages, or 0.1 GiB.

        Args:
            place: position of the allowance in `metered`.
            used: hundredths of all months together.
            months: number of known months.
        """
        allowance = self.metered[place]
        digits = 1 if allowance.service == "data" else 0
        unit, parts = allowance.unit.as_integer_ratio()
        units = months * unit
        return self._cached_unused(place, (2 * 10**digits * used * parts + units) // (2 * units), digits)

    def _unused(self, place: int, mean: int, digits: int) -> Reason:
        """Build the same from the mean use, rounded to `digits` decimals and given without the point."""
        allowance = self.metered[place]
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        shown = Decimal(mean).scaleb(-digits)
        numbers = {
            "plan": self.plans[allowance.plan].name,
            "used": number_text(str(shown), self.language),
            "allowance": self._allowance(allowance),
        }
        code = f"unused_{allowance.service}_held"
        return Reason(code, _plain(service.included - shown), service.unit, self._text(code, numbers))

    def _over(self, place: int, role: str, count: int, months: int) -> Reason:
        """Build the reason for months over an allowance; `role` is held or offered."""
        allowance = self.metered[place]
        code = f"over_{allowance.service}_{role}"
        if allowance.included:
            return self._share_of_months(
                code, allowance.plan, count, months, allowance=self._allowance(allowance)
            )
        numbers = self._months_of(allowance.plan, count, months)
        text = OVER_NOTHING[self.language].format(
            **numbers, service=SERVICES[allowance.service][self.language]
        )
        return Reason(code, str(count), "months", text)

    def _covered(self, plan: int, count: int, months: int) -> Reason:
        """Build the reason for months in which all allowances of the plan would have been enough."""
        return self._share_of_months("within_allowances", plan, count, months)

    def _fee(self, plan: int, held: int) -> Reason:
        """Build the reason for the fee, compared with that of the plan held; -1 for no comparison."""
        code, fee = "fee" if held < 0 else "fee_against_held", self._recurring(plan)
        numbers = {"plan": self.plans[plan].name, "fee": self._money(fee)}
        if held >= 0:
            numbers |= {"held": self.plans[held].name, "fee_held": self._money(self._recurring(held))}
        value = in_major_units(fee, self.exponent)
        return Reason(code, value, self.monthly, self._text(code, numbers))

    def _switching_cost(self, plan: int, minor: int) -> Reason:
        """Build the reason for the cost of changing to the plan."""
        numbers = {"plan": self.plans[plan].name, "cost": self._money(minor)}
        value = in_major_units(minor, self.exponent)
        return Reason("switching_cost", value, self.currency, self._text("switching_cost", numbers))

    def commitment(self, plan: int) -> Reason:
        """Build the reason for the months that a new plan binds its subscriber."""
        months = self.plans[plan].contract.commitment_months
        numbers = {"plan": self.plans[plan].name, "months": count_of(months, "month", self.language)}
        return Reason("commitment", str(months), "months", self._text("commitment", numbers))

    def _share_of_months(self, code: str, plan: int, count: int, months: int, **more: str) -> Reason:
        numbers = self._months_of(plan, count, months)
        return Reason(code, str(count), "months", self._text(code, numbers | more))

    def _months_of(self, plan: int, count: int, months: int) -> dict[str, str]:
        return {
            "plan": self.plans[plan].name,
            "count": str(count),
            "months": count_of(months, "month", self.language),
        }

    def _bill_sentence(self, code: str, plan: int, held: int, months: int) -> Callable[..., str]:
        """Return the `format` method of the sentence, which still needs the amounts."""
        numbers = {
            "plan": _literally(self.plans[plan].name),
            "held": _literally(self.plans[held].name) if held >= 0 else "",
            "span": _literally(count_of(months, "last month", self.language)),
            "bill": f"{self.about}{{bill}}",
            "bill_held": f"{self.about}{{bill_held}}",
            "difference": "{difference}",
        }
        return self._text(code, numbers).format

    def _text(self, code: str, numbers: Mapping[str, str]) -> str:
        return fill_sentence(code, numbers, self.language)

    def _allowance(self, allowance: Allowance) -> str:
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        is_one = service.included == 1
        unit = (
            count_of(1 if is_one else 2, service.unit, self.language)
            if service.unit in WORDS
            else service.unit
        )
        one, many = ALLOWANCES[self.language]
        included = number_text(_plain(service.included), self.language)
        return (one if is_one else many).format(n=included, unit=unit)

    def _money(self, minor: int) -> str:
        return money_text(minor, self.exponent, self.currency, self.language)

    def _recurring(self, plan: int) -> int:
        """Return the fee in minor units."""
        return int(self.plans[plan].fee.recurring.scaleb(self.exponent))


@lru_cache(maxsize=64)
def reason_builder(catalogue: Catalogue, language: Language, *, is_exact: bool) -> ReasonBuilder:
    """Return the reason builder of a catalogue, made once; the arguments are those of `ReasonBuilder`."""
    return ReasonBuilder(catalogue, language, is_exact=is_exact)


def _plain(quantity: Decimal) -> str:
    """Format without exponent and trailing zeros."""
    return f"{quantity.normalize():f}"


def _literally(text: str) -> str:
    """Escape braces, because the text is formatted once more."""
    return text.replace("{", "{{").replace("}", "}}")
