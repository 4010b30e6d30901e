"""Why this plan: what the subscriber's own last months say about it, in words.

What is said is `PastUse`; here it becomes codes, numbers and sentences, of those rows that are asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from planrec.catalogue import Catalogue, allowances_of
from planrec.catalogue.allowances import Allowance
from planrec.history import known_months
from planrec.policy.past_use import PastUse
from planrec.policy.reason_sentences import SENTENCES, WORDS, Language, counted, sentence
from planrec.schema import Decisions, DecisionTable

MOST_REMEMBERED = 10_000
"Sentences without amounts are few and come again and again: this many are kept."


class Reason(NamedTuple):
    """One thing to say about a plan."""

    code: str
    "A key of `SENTENCES`."
    value: Decimal
    "The number that the sentence is about."
    unit: str
    "`USD/month`, `USD`, `months`; or minute, message, GiB ... for what an allowance leaves unused a month."
    sentence: str


@dataclass(frozen=True)
class Reasons:
    """Reasons for the plans and decisions of one table; facts are computed once, when they are asked for."""

    table: DecisionTable
    catalogue: Catalogue | None
    "None: there are no bills, hence no reasons for plans; decisions have theirs."
    language: Language = "en"

    def of_plan(self, row: int, plan: int) -> list[Reason]:
        """What the last months say about a plan (its index), against the plan held where it is known."""
        if self.catalogue is None or self.table.held is None:
            return []
        words, facts = self._words, self._facts
        held, months = facts.held[row], facts.months[row]
        against = -1 if held == plan else held
        reasons: list[Reason] = []
        if months:
            reasons += [self._bill(row, plan, against), *self._of_held(row)]
            if plan != held:
                if covered := facts.covered[row][plan]:
                    reasons.append(words.covered(plan, covered, months))
                reasons += self._over(row, plan, "offered")
        reasons.append(words.fee(plan, against))
        if self.table.switching_cost is not None and (cost := int(self.table.switching_cost[row, plan])) > 0:
            reasons.append(words.switching_cost(plan, cost))
        return reasons

    def of_decisions(self, decisions: Decisions) -> list[str]:
        """Why each row's decision: what decided, and what the plan advised would have cost."""
        rows = range(len(self.table))
        advised = decisions.recommended.tolist()
        return [
            self._decided(row, decisions) + (self._first(row, advised[row]) if advised[row] >= 0 else "")
            for row in rows
        ]

    def _decided(self, row: int, decisions: Decisions) -> str:
        first, following = decisions.ranking[row, 0], decisions.ranking[row, min(1, len(self._names) - 1)]
        held = -1 if self.table.held is None else int(self.table.held[row])
        code = decisions.reason[row]
        # Counting the months of a table costs more than all of the sentence: few sentences name them.
        months = int(self._known_months[row]) if code in _NAMES_MONTHS else 0
        return _decision_sentence(code, self._names, int(first), int(following), held, months, self.language)

    def _first(self, row: int, plan: int) -> str:
        """The first of the reasons for a plan, with a blank before it."""
        if self.catalogue is None or self.table.held is None:
            return ""
        held = self._facts.held[row]
        against = -1 if held == plan else held
        has_months = self._facts.months[row] > 0
        reason = self._bill(row, plan, against) if has_months else self._words.fee(plan, against)
        return f" {reason.sentence}"

    @cached_property
    def _past(self) -> PastUse:
        assert self.catalogue is not None
        return PastUse(self.table.X, self.catalogue)

    @cached_property
    def _words(self) -> "_Words":
        assert self.catalogue is not None
        return _words_of(self.catalogue, self.language, self._past.is_exact)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """What to call `table.plans`."""
        names = {plan.id: plan.name for plan in self.catalogue.plans} if self.catalogue else {}
        return tuple(names.get(plan, plan) for plan in self.table.plans)

    @cached_property
    def _known_months(self) -> np.ndarray:
        return known_months(self.table.X)

    @cached_property
    def _facts(self) -> "_Facts":
        assert self.table.held is not None
        return _Facts(self._past, self.table.held.tolist())

    @cached_property
    def _said_of_held(self) -> dict[int, list[Reason]]:
        return {}

    def _of_held(self, row: int) -> list[Reason]:
        """What speaks against the plan held: the same beside every plan."""
        if row not in self._said_of_held:
            held = self._facts.held[row]
            found = [] if held < 0 else [*self._over(row, held, "held"), *self._unused(row, held)]
            self._said_of_held[row] = found
        return self._said_of_held[row]

    def _bill(self, row: int, plan: int, against: int) -> Reason:
        bill = self._facts.mean_bill[row]
        return self._words.bill(plan, bill[plan], against, bill[against], self._facts.months[row])

    def _over(self, row: int, plan: int, role: str) -> Iterator[Reason]:
        words, over = self._words, self._facts.over[row]
        for place in words.places[plan]:
            if over[place]:
                yield words.over(place, role, over[place], self._facts.months[row])

    def _unused(self, row: int, held: int) -> Iterator[Reason]:
        words, used, months = self._words, self._facts.used[row], self._facts.months[row]
        for place in words.places[held]:
            # An allowance is called unused where the mean usage is below half of it.
            if 2 * used[place] < months * words.metered[place].included:
                yield words.unused(place, used[place], months)


class _Facts:
    """What is said in words, row by row: lists, because single entries of arrays are slow."""

    def __init__(self, past: PastUse, held: list[int]) -> None:
        self._past, self.held = past, held
        self.months: list[int] = past.months.tolist()
        self.mean_bill: list[list[int]] = past.mean_bill.tolist()

    @cached_property
    def over(self) -> list[list[int]]:
        return self._past.months_over.tolist()

    @cached_property
    def covered(self) -> list[list[int]]:
        return self._past.months_covered.tolist()

    @cached_property
    def used(self) -> list[list[int]]:
        return self._past.used.tolist()


_NAMES_MONTHS = frozenset(code for code, texts in SENTENCES.items() if "{months}" in texts["en"])


@lru_cache(maxsize=MOST_REMEMBERED)
def _decision_sentence(
    code: str, names: tuple[str, ...], first: int, following: int, held: int, months: int, language: Language
) -> str:
    numbers = {
        "plan": names[first],
        "next": names[following],
        "held": names[held] if held >= 0 else "",
        "months": counted(months, "month", language),
    }
    return sentence(code, numbers, language)


def _remembered(method: Callable[..., Reason]) -> Any:
    """The method, with what it said before about the same numbers."""

    def said(self: "_Words", *numbers: Any) -> Reason:
        key = (method, *numbers)
        reason = self.said.get(key)
        if reason is None:
            reason = method(self, *numbers)
            if len(self.said) < MOST_REMEMBERED:
                self.said[key] = reason
        return reason

    return said


class _Words:
    """The plans of one catalogue in one language, and what was said about them."""

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
        self.said: dict[tuple[Any, ...], Reason] = {}

    def bill(self, plan: int, bill: int, held: int, bill_held: int, months: int) -> Reason:
        """Mean bills in rounded minor units, so that the sentence adds up. No comparison: held is -1."""
        numbers = {
            "plan": self.plans[plan].name,
            "bill": self.about + self._money(bill),
            "span": counted(months, "last month", self.language),
        }
        if held < 0:
            return Reason("bill", self._major(bill), self.monthly, self._text("bill", numbers))
        saving = bill_held - bill
        code = "lower_bill" if saving > 0 else "higher_bill" if saving < 0 else "same_bill"
        numbers |= {
            "held": self.plans[held].name,
            "bill_held": self.about + self._money(bill_held),
            "difference": self.about + self._money(abs(saving)),
        }
        return Reason(code, self._major(saving), self.monthly, self._text(code, numbers))

    @_remembered
    def over(self, place: int, role: str, count: int, months: int) -> Reason:
        """More than an allowance was used, in so many months; role: held or offered."""
        allowance = self.metered[place]
        code = f"over_{allowance.service}_{role}"
        return self._share_of_months(
            code, allowance.plan, count, months, allowance=self._allowance(allowance)
        )

    @_remembered
    def covered(self, plan: int, count: int, months: int) -> Reason:
        """All allowances of the plan would have been enough, in so many months."""
        return self._share_of_months("within_allowances", plan, count, months)

    def unused(self, place: int, used: int, months: int) -> Reason:
        """`used`: hundredths of all months together; shown in whole minutes or messages, 0.1 GiB."""
        allowance = self.metered[place]
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        digits = 1 if allowance.service == "data" else 0
        units = months * allowance.unit
        shown = Decimal((2 * 10**digits * used + units) // (2 * units)).scaleb(-digits)
        numbers = {
            "plan": self.plans[allowance.plan].name,
            "used": str(shown),
            "allowance": self._allowance(allowance),
        }
        code = f"unused_{allowance.service}_held"
        return Reason(code, service.included - shown, service.unit, self._text(code, numbers))

    @_remembered
    def fee(self, plan: int, held: int) -> Reason:
        """The fee of the plan, beside that of the plan held; no comparison: held is -1."""
        code, fee = "fee" if held < 0 else "fee_against_held", self.plans[plan].fee.recurring
        numbers = {"plan": self.plans[plan].name, "fee": self._price(fee)}
        if held >= 0:
            numbers |= {
                "held": self.plans[held].name,
                "fee_held": self._price(self.plans[held].fee.recurring),
            }
        return Reason(code, fee, self.monthly, self._text(code, numbers))

    @_remembered
    def switching_cost(self, plan: int, minor: int) -> Reason:
        """What changing to the plan costs once."""
        numbers = {"plan": self.plans[plan].name, "cost": self._money(minor)}
        return Reason(
            "switching_cost", self._major(minor), self.currency, self._text("switching_cost", numbers)
        )

    def _share_of_months(self, code: str, plan: int, count: int, months: int, **more: str) -> Reason:
        numbers = {
            "plan": self.plans[plan].name,
            "count": str(count),
            "months": counted(months, "month", self.language),
        }
        return Reason(code, Decimal(count), "months", self._text(code, numbers | more))

    def _text(self, code: str, numbers: Mapping[str, str]) -> str:
        return sentence(code, numbers, self.language)

    def _allowance(self, allowance: Allowance) -> str:
        service = getattr(self.plans[allowance.plan].services, allowance.service)
        unit = WORDS[service.unit][self.language] if service.unit in WORDS else service.unit
        return f"{service.included.normalize():f} {unit}"

    def _major(self, minor: int) -> Decimal:
        return _major(minor, self.exponent)

    def _money(self, minor: int) -> str:
        return _money(minor, self.exponent, self.currency)

    def _price(self, price: Decimal) -> str:
        return f"{price:.{self.exponent}f} {self.currency}"


# Amounts come again and again: the bill of the plan held stands in the sentence of every plan.
@lru_cache(maxsize=MOST_REMEMBERED)
def _major(minor: int, exponent: int) -> Decimal:
    return Decimal(minor).scaleb(-exponent)


@lru_cache(maxsize=MOST_REMEMBERED)
def _money(minor: int, exponent: int, currency: str) -> str:
    if not exponent:
        return f"{minor} {currency}"
    whole, rest = divmod(minor, 10**exponent)
    return f"{whole}.{rest:0{exponent}d} {currency}"


@lru_cache(maxsize=64)
def _words_of(catalogue: Catalogue, language: Language, is_exact: bool) -> _Words:
    return _Words(catalogue, language, is_exact)
