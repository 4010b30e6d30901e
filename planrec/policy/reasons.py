"""Why this plan: what the subscriber's own last months say about it.

Everything here can be computed again from a request and the catalogue: it looks at the usage of the last
months, never at what a model learned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Literal

import numpy as np

from planrec.catalogue import (
    Catalogue,
    MonthUsage,
    Plan,
    UnlimitedService,
    bill_basis,
    counted_usage,
    invoice,
)
from planrec.history import known_months
from planrec.policy.reason_sentences import WORDS, Language, counted, sentence
from planrec.schema import Columns, Decisions, DecisionTable, Usage, lag, take_rows

REASON_MONTHS = 6
"Reasons look at this many of the last months, or at those that are known where they are fewer."
MOSTLY_UNUSED = Decimal("0.5")
"An allowance is called unused where the mean usage is below this share of it."


@dataclass(frozen=True)
class Reason:
    """One thing to say about a plan."""

    code: str
    "A key of `SENTENCES`."
    value: Decimal
    "The number that the sentence is about."
    unit: str
    "`USD/month`, `USD`, `months`; or minute, message, GiB ... for what an allowance leaves unused a month."
    sentence: str


def reasons_of(
    table: DecisionTable, row: int, plan: int, catalogue: Catalogue, language: Language = "en"
) -> list[Reason]:
    """What the last months say about a plan (its index), against the plan held where it is known."""
    offered = _PastOnPlan(catalogue, catalogue.plans[plan], _months(table.X, row))
    position = -1 if table.held is None else int(table.held[row])
    held = _PastOnPlan(catalogue, catalogue.plans[position], offered.months) if position >= 0 else None
    words = _Words(catalogue, language, is_exact=bill_basis(_lag_one(table.X), catalogue) == "exact")
    against = None if position == plan else held
    reasons: list[Reason] = []
    if offered.months:
        reasons.append(_bill(words, offered, against))
        if held is not None:
            reasons += [*_over(words, held, "held"), *_unused(words, held)]
        if position != plan:
            reasons += [*_covered(words, offered), *_over(words, offered, "offered")]
    reasons.append(_fee(words, offered, against))
    if table.switching_cost is not None and table.switching_cost[row, plan] > 0:
        reasons.append(_switching_cost(words, offered.plan, int(table.switching_cost[row, plan])))
    return reasons


def decision_sentence(
    table: DecisionTable, row: int, decisions: Decisions, names: Sequence[str], language: Language = "en"
) -> str:
    """Why the decision is what it is; `names` are the names of `table.plans` to show."""
    first, following = (names[plan] for plan in decisions.ranking[row, [0, min(1, len(names) - 1)]])
    held = "" if table.held is None or table.held[row] < 0 else names[table.held[row]]
    numbers = {
        "plan": first,
        "next": following,
        "held": held,
        "months": counted(int(known_months(take_rows(table.X, np.array([row])))[0]), "month", language),
    }
    return sentence(decisions.reason[row], numbers, language)


@dataclass(frozen=True)
class _PastOnPlan:
    """The last months, had they been spent on one plan."""

    catalogue: Catalogue
    plan: Plan
    months: tuple[MonthUsage, ...]

    @cached_property
    def mean_bill(self) -> Decimal:
        """Rounded half up to the currency's decimals."""
        total = sum((invoice(self.catalogue, self.plan.id, month) for month in self.months), Decimal(0))
        return _rounded(total / len(self.months), self.catalogue.exponent)

    @cached_property
    def allowances(self) -> dict[str, Decimal]:
        """Service -> what is included, in minutes, messages and MiB; unlimited services left out."""
        services = self.plan.services
        scale = {"data": self.catalogue.mib_per_unit(services.data.unit)}
        return {
            name: service.included * scale.get(name, Decimal(1))
            for name in ("data", "voice", "sms")
            if not isinstance(service := getattr(services, name), UnlimitedService)
        }

    @cached_property
    def counted(self) -> list[dict[str, Decimal]]:
        """Per month what counts against the allowances."""
        return [counted_usage(self.catalogue, self.plan, month) for month in self.months]

    def months_over(self, service: str) -> int:
        return sum(month[service] > self.allowances[service] for month in self.counted)


@dataclass(frozen=True)
class _Words:
    """Numbers as they stand in the sentences of one subscriber."""

    catalogue: Catalogue
    language: Language
    is_exact: bool

    @property
    def currency(self) -> str:
        return self.catalogue.currency

    def money(self, amount: Decimal) -> str:
        return f"{amount:.{self.catalogue.exponent}f} {self.currency}"

    def bill(self, amount: Decimal) -> str:
        about = "" if self.is_exact else WORDS["about"][self.language]
        return f"{about}{self.money(amount)}"

    def allowance(self, past: _PastOnPlan, service: str) -> str:
        offered = getattr(past.plan.services, service)
        return f"{offered.included.normalize():f} {self.unit(offered.unit)}"

    def unit(self, unit: str) -> str:
        return WORDS[unit][self.language] if unit in WORDS else unit

    def reason(self, code: str, value: Decimal, unit: str, plan: Plan, **numbers: str) -> Reason:
        return Reason(code, value, unit, sentence(code, {"plan": plan.name, **numbers}, self.language))


def _bill(words: _Words, offered: _PastOnPlan, held: _PastOnPlan | None) -> Reason:
    span = counted(len(offered.months), "last month", words.language)
    monthly, plan, bill = f"{words.currency}/month", offered.plan, words.bill(offered.mean_bill)
    if held is None:
        return words.reason("bill", offered.mean_bill, monthly, plan, span=span, bill=bill)
    # Of the rounded bills, so that the numbers of the sentence add up.
    saving = held.mean_bill - offered.mean_bill
    return words.reason(
        "lower_bill" if saving > 0 else "higher_bill" if saving < 0 else "same_bill",
        saving,
        monthly,
        plan,
        span=span,
        bill=bill,
        held=held.plan.name,
        bill_held=words.bill(held.mean_bill),
        difference=words.bill(abs(saving)),
    )


def _over(words: _Words, past: _PastOnPlan, role: Literal["held", "offered"]) -> Iterator[Reason]:
    for service in past.allowances:
        if count := past.months_over(service):
            code, allowance = f"over_{service}_{role}", words.allowance(past, service)
            yield _share_of_months(words, code, count, past, allowance=allowance)


def _covered(words: _Words, past: _PastOnPlan) -> Iterator[Reason]:
    over = [any(month[name] > most for name, most in past.allowances.items()) for month in past.counted]
    if count := len(over) - sum(over):
        yield _share_of_months(words, "within_allowances", count, past)


def _share_of_months(words: _Words, code: str, count: int, past: _PastOnPlan, **numbers: str) -> Reason:
    months = counted(len(past.months), "month", words.language)
    return words.reason(code, Decimal(count), "months", past.plan, count=str(count), months=months, **numbers)


def _unused(words: _Words, past: _PastOnPlan) -> Iterator[Reason]:
    for name, allowance in past.allowances.items():
        used = sum((month[name] for month in past.counted), Decimal(0)) / len(past.months)
        if used >= MOSTLY_UNUSED * allowance:
            continue
        service = getattr(past.plan.services, name)
        shown = _rounded(used * service.included / allowance, 1 if name == "data" else 0)
        yield words.reason(
            f"unused_{name}_held",
            service.included - shown,
            service.unit,
            past.plan,
            used=f"{shown:f}",
            allowance=words.allowance(past, name),
        )


def _fee(words: _Words, offered: _PastOnPlan, held: _PastOnPlan | None) -> Reason:
    fee, monthly = offered.plan.fee.recurring, f"{words.currency}/month"
    if held is None:
        return words.reason("fee", fee, monthly, offered.plan, fee=words.money(fee))
    return words.reason(
        "fee_against_held",
        fee,
        monthly,
        offered.plan,
        fee=words.money(fee),
        held=held.plan.name,
        fee_held=words.money(held.plan.fee.recurring),
    )


def _switching_cost(words: _Words, plan: Plan, minor: int) -> Reason:
    cost = Decimal(minor).scaleb(-words.catalogue.exponent)
    return words.reason("switching_cost", cost, words.currency, plan, cost=words.money(cost))


def _months(columns: Columns, row: int) -> tuple[MonthUsage, ...]:
    """The known ones of the last `REASON_MONTHS` months of one decision, the latest first."""
    lags = [ago for ago in range(1, REASON_MONTHS + 1) if lag(Usage.DATA_MIB, ago) in columns]
    known = [ago for ago in lags if not np.isnan(columns[lag(Usage.DATA_MIB, ago)][row])]
    names = list(_lag_one(columns))
    return tuple(
        MonthUsage(**{name: _hundredths(columns[lag(name, ago)][row]) for name in names}) for ago in known
    )


def _lag_one(columns: Columns) -> Columns:
    """The usage columns of the last month."""
    return {name: columns[lag(name, 1)] for name in Usage.ALL if lag(name, 1) in columns}


def _hundredths(usage: float) -> Decimal:
    """Usage as rating quantises it."""
    return Decimal(int(np.rint(usage * 100))).scaleb(-2)


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
