"""Reasons in words: numbers of one plan -> code, value and sentence."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct

from planrec.catalogue import Catalogue, allowances_of
from planrec.catalogue.allowances import Allowance
from planrec.policy.reason_sentences import WORDS, Language, counted, sentence

Money = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["27.40"])]
"A decimal number, exactly as it is meant."

MOST_REMEMBERED = 10_000
"Amounts, and sentences without amounts, come again and again: this many are kept."


class Reason(Struct, frozen=True, gc=False):
    """One thing that the subscriber's own months say about a plan."""

    code: str
    value: Annotated[Money, Meta(description="The number that the sentence is about.")]
    unit: Annotated[
        str,
        Meta(
            examples=["USD/month"],
            description="Of `value`: currency a month, currency, months; or the unit of the service that an"
            " allowance leaves unused a month.",
        ),
    ]
    sentence: Annotated[str, Meta(description="In English, or in Spanish where Accept-Language asks for it.")]


class Words:
    """The plans of one catalogue in one language.

    What holds no bill is said of few numbers, and remembered.
    """

    def __init__(self, catalogue: Catalogue, language: Language, is_exact: bool) -> None:
        self.plans, self.exponent, self.currency = catalogue.plans, catalogue.exponent, catalogue.currency
        self.language: Language = language
        self.about = "" if is_exact else WORDS["about"][language]
        self.metered: Sequence[Allowance] = allowances_of(catalogue).metered
        self.places = [
            [place for place, allowance in enumerate(self.metered) if allowance.plan == plan]
            for plan in range(len(self.plans))
        ]
        "Plan -> positions of its allowances in `metered`."
        self.monthly = f"{self.currency}/month"
        remembered = lru_cache(MOST_REMEMBERED)
        self.over, self.covered = remembered(self._over), remembered(self._covered)
        self.fee, self.switching_cost = remembered(self._fee), remembered(self._switching_cost)
        self._unused_remembered, self._bill_text = remembered(self._unused), remembered(self._bill_sentence)

    def bill(self, plan: int, bill: int, months: int) -> Reason:
        """A mean bill in rounded minor units, compared with nothing."""
        text = self._bill_text("bill", plan, -1, months)
        return Reason("bill", major(bill, self.exponent), self.monthly, text(bill=self._money(bill)))

    def bill_against(self, plan: int, bill: int, held: int, bill_held: int, months: int) -> Reason:
        """Two mean bills in rounded minor units, so that the sentence adds up."""
        saving = bill_held - bill
        code = "lower_bill" if saving > 0 else "higher_bill" if saving < 0 else "same_bill"
        text = self._bill_text(code, plan, held, months)
        said = text(
            bill=self._money(bill), bill_held=self._money(bill_held), difference=self._money(abs(saving))
        )
        return Reason(code, major(saving, self.exponent), self.monthly, said)

    def unused(self, place: int, used: int, months: int) -> Reason:
        """`used`: hundredths of all months together; shown in whole minutes or messages, 0.1 GiB."""
        allowance = self.metered[place]
        digits = 1 if allowance.service == "data" else 0
        unit, parts = allowance.unit.as_integer_ratio()
        units = months * unit
        return self._unused_remembered(place, (2 * 10**digits * used * parts + units) // (2 * units), digits)

    def _unused(self, place: int, mean: int, digits: int) -> Reason:
        """The mean use, rounded to so many digits and written without the point."""
        allowance = self.metered[place]
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        shown = Decimal(mean).scaleb(-digits)
        numbers = {
            "plan": self.plans[allowance.plan].name,
            "used": str(shown),
            "allowance": self._allowance(allowance),
        }
        code = f"unused_{allowance.service}_held"
        return Reason(code, _plain(service.included - shown), service.unit, self._text(code, numbers))

    def _over(self, place: int, role: str, count: int, months: int) -> Reason:
        """So often more than an allowance was used; role: held or offered."""
        allowance = self.metered[place]
        code = f"over_{allowance.service}_{role}"
        return self._share_of_months(
            code, allowance.plan, count, months, allowance=self._allowance(allowance)
        )

    def _covered(self, plan: int, count: int, months: int) -> Reason:
        """So often all allowances of the plan would have been enough."""
        return self._share_of_months("within_allowances", plan, count, months)

    def _fee(self, plan: int, held: int) -> Reason:
        """The fee, beside that of the plan held; -1 compares it with nothing."""
        code, fee = "fee" if held < 0 else "fee_against_held", self._recurring(plan)
        numbers = {"plan": self.plans[plan].name, "fee": f"{fee} {self.currency}"}
        if held >= 0:
            numbers |= {
                "held": self.plans[held].name,
                "fee_held": f"{self._recurring(held)} {self.currency}",
            }
        return Reason(code, fee, self.monthly, self._text(code, numbers))

    def _switching_cost(self, plan: int, minor: int) -> Reason:
        """What changing to the plan costs once."""
        numbers = {"plan": self.plans[plan].name, "cost": _money(minor, self.exponent, self.currency)}
        value = major(minor, self.exponent)
        return Reason("switching_cost", value, self.currency, self._text("switching_cost", numbers))

    def _share_of_months(self, code: str, plan: int, count: int, months: int, **more: str) -> Reason:
        numbers = {
            "plan": self.plans[plan].name,
            "count": str(count),
            "months": counted(months, "month", self.language),
        }
        return Reason(code, str(count), "months", self._text(code, numbers | more))

    def _bill_sentence(self, code: str, plan: int, held: int, months: int) -> Callable[..., str]:
        """The sentence, to be formatted with the amounts."""
        numbers = {
            "plan": _literally(self.plans[plan].name),
            "held": _literally(self.plans[held].name) if held >= 0 else "",
            "span": _literally(counted(months, "last month", self.language)),
            "bill": f"{self.about}{{bill}}",
            "bill_held": f"{self.about}{{bill_held}}",
            "difference": "{difference}",
        }
        return self._text(code, numbers).format

    def _text(self, code: str, numbers: Mapping[str, str]) -> str:
        return sentence(code, numbers, self.language)

    def _allowance(self, allowance: Allowance) -> str:
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        unit = WORDS[service.unit][self.language] if service.unit in WORDS else service.unit
        return f"{_plain(service.included)} {unit}"

    def _money(self, minor: int) -> str:
        return _money(minor, self.exponent, self.currency)

    def _recurring(self, plan: int) -> str:
        return f"{self.plans[plan].fee.recurring:.{self.exponent}f}"


@lru_cache(maxsize=64)
def words_of(catalogue: Catalogue, language: Language, is_exact: bool) -> Words:
    """The words of a catalogue; `is_exact`: whether bills are, or are called approximate."""
    return Words(catalogue, language, is_exact)


@lru_cache(maxsize=MOST_REMEMBERED)
def major(minor: int, exponent: int) -> str:
    """Minor units as a decimal of the major unit, with the currency's decimals."""
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    if not exponent:
        return f"{sign}{size}"
    whole, rest = divmod(size, 10**exponent)
    return f"{sign}{whole}.{rest:0{exponent}d}"


@lru_cache(maxsize=MOST_REMEMBERED)
def _money(minor: int, exponent: int, currency: str) -> str:
    return f"{major(minor, exponent)} {currency}"


def _plain(quantity: Decimal) -> str:
    """Without exponent and trailing zeros."""
    return f"{quantity.normalize():f}"


def _literally(text: str) -> str:
    """As it must stand in what is formatted once more."""
    return text.replace("{", "{{").replace("}", "}}")
