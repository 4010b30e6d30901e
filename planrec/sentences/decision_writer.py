"""The writer of a decision's sentences: its code and figures -> words."""

from functools import lru_cache
from typing import NamedTuple

from planrec.sentences.decision_figures import DecisionFigures, Money
from planrec.sentences.decision_sentences import CLAUSES, SENTENCES, DecisionCode
from planrec.sentences.locale_formats import (
    CACHE_SIZE,
    Language,
    amount_text,
    count_of,
    money_text,
    percent_text,
)
from planrec.sentences.reason_sentences import ABOUT


class Wording(NamedTuple):
    """Values that all sentences of a table share."""

    language: Language
    currency: str
    "ISO 4217 code; empty without bills."
    exponent: int
    horizon: int
    "Months that an expected bill is the mean of; 0 if there are none."
    is_exact: bool
    "Whether past months rate to the cent; else their amounts are called approximate."
    knows_usage: bool = True
    "Whether the decision rests on months of usage, and not on other values of a customer."

    def money(self, minor: int) -> str:
        """Write an amount with its currency."""
        return money_text(minor, self.exponent, self.currency, self.language)

    def amount(self, minor: int) -> str:
        """Write an amount without its currency."""
        return amount_text(minor, self.exponent, self.language)

    def past_money(self, minor: int) -> str:
        """Write an amount of past months."""
        return self.money(minor) if self.is_exact else ABOUT[self.language] + self.money(minor)

    @property
    def like_you(self) -> str:
        """The name of the clause about those with whom the subscriber is compared."""
        return "like_usage" if self.knows_usage else "like_customer"

    @property
    def ahead(self) -> str:
        """Name the months to come."""
        return count_of(self.horizon, "next month", self.language) if self.horizon else ""


class Decision(NamedTuple):
    """One decision that is to be put into words."""

    code: DecisionCode
    reason: str
    plan: str
    "Name of the plan advised; the first one of the ranking if there is no advice."
    following: str
    "Name of the second plan of the ranking."
    held: str
    n_months: int
    "Months of usage that are known."
    has_exclusions: bool
    figures: DecisionFigures

    @property
    def text_key(self) -> str:
        """The key of the sentence among those of this decision."""
        if self.reason == "nothing_better" and self.has_exclusions:
            return "nothing_better_left"
        return self.reason if self.reason in SENTENCES[self.code] else ""


@lru_cache(maxsize=CACHE_SIZE)
def sentence_of(decision: Decision, wording: Wording) -> str:
    """Write the sentence of a decision.

    Examples:
        >>> saving = Money(expected=490, low=-320, high=1240, past=500)
        >>> figures = DecisionFigures(60, saving, None, trend=0, n_months=6, costs_to_change=False)
        >>> decision = Decision("recommend", "saves", "Plus", "Base", "Base", 6, False, figures)
        >>> text = sentence_of(decision, Wording("en", "USD", 2, horizon=3, is_exact=True))
        >>> for sentence in text.split(". "):
        ...     print(sentence)
        We recommend Plus: it is expected to cost you 4.90 USD less a month than Base over the next 3 months
        This is uncertain: 8 times in 10 between a loss of 3.20 USD and a saving of 12.40 USD
        At your last 6 months' usage: 5.00 USD less.
    """
    return _Writer(decision, wording).sentence()


class _Writer:
    """The clauses of one sentence."""

    def __init__(self, decision: Decision, wording: Wording) -> None:
        self.decision, self.figures, self.wording = decision, decision.figures, wording

    def sentence(self) -> str:
        decision, text = self.decision, SENTENCES[self.decision.code][self.decision.text_key]
        lead = text[self.wording.language].format(
            plan=decision.plan,
            held=decision.held,
            like_you=self.clause(self.wording.like_you),
            percent=percent_text(self.figures.percent, self.wording.language),
            months=count_of(decision.n_months, "month", self.wording.language),
            gain=self.gain() if "{gain}" in text["en"] else "",
            possible_gain=self.gain("possible_") if "{possible_gain}" in text["en"] else "",
        )
        return lead + "".join(self.more())

    def more(self) -> list[str]:
        """Return the sentences after the first one."""
        code, key = self.decision.code, self.decision.text_key
        if code == "abstain":
            return []
        if code == "stay":
            doubts = [self.doubt()] if key == "saving_too_small" else []
            return [*doubts, self.bill()]
        if key == "held_unknown" or self.figures.saving is None:
            return [self.bill()]
        last = [self.clause("last_advice", next=self.decision.following)] * (key == "keeps_last_advice")
        if key in ("saves", "keeps_last_advice"):
            return [self.doubt(), self.past(), *last]
        if self.figures.saving.expected <= 0:
            return [self.clause("no_gain", held=self.decision.held), self.doubt()]
        gain = self.gain()
        return [f" {gain[0].upper()}{gain[1:]}.", self.doubt(), self.past()]

    def gain(self, kind: str = "") -> str:
        """Return the clause about the saving, of the kind `possible_` that of a plan that is not advised."""
        saving = self.figures.saving
        if saving is None:
            raise ValueError(f"the reason {self.decision.reason!r} needs a saving")
        money = self.wording.past_money if saving.is_past else self.wording.money
        return self.clause(
            f"{kind}gain_past" if saving.is_past else f"{kind}gain_ahead",
            next=self.decision.following,
            held=self.decision.held,
            span=self.span(),
            amount=money(saving.expected),
            less=self.clause("less", amount=money(saving.expected))
            if saving.expected
            else self.clause("slightly_less", least=self.wording.money(1)),
            ahead=self.wording.ahead,
            changing=self.clause("changing") if self.figures.costs_to_change else "",
            range=self.range(saving, f"{kind}range"),
        )

    def range(self, money: Money, clause: str) -> str:
        """Return a range above zero."""
        if money.low is None or money.high is None or money.low <= 0 or money.low == money.high:
            return ""
        return self.clause(clause, low=self.wording.amount(money.low), high=self.wording.money(money.high))

    def doubt(self) -> str:
        """Return the sentence about a saving whose range includes zero or begins below it."""
        saving = self.figures.saving
        if saving is None or saving.low is None or saving.high is None or saving.low > 0:
            return ""
        if saving.low == saving.high == 0:
            return self.clause("never")
        return self.clause("uncertain", low=self.outcome(saving.low), high=self.outcome(saving.high))

    def outcome(self, minor: int) -> str:
        name = "loss" if minor < 0 else "saving" if minor else "no_saving"
        return self.clause(name, amount=self.wording.money(abs(minor)))

    def past(self) -> str:
        """Return the sentence about the past, if the advice looks ahead."""
        saving, trend = self.figures.saving, self.figures.trend
        if saving is None or saving.past is None or saving.is_past:
            return ""
        if saving.past > 0:
            return self.clause("past_gain", span=self.span(), amount=self.wording.past_money(saving.past))
        return self.clause(
            "growing" if trend > 0 else "falling" if trend < 0 else "changes", span=self.span()
        )

    def bill(self) -> str:
        """Return the sentence about the bill of the plan advised."""
        bill = self.figures.bill
        if bill is None:
            return ""
        money = self.wording.past_money if bill.is_past else self.wording.money
        return self.clause(
            "bill_past" if bill.is_past else "bill_ahead",
            plan=self.decision.plan,
            bill=money(bill.expected),
            span=self.span(),
            ahead=self.wording.ahead,
            range=self.range(bill, "possible_range"),
        )

    def span(self) -> str:
        return count_of(self.figures.n_months, "last month", self.wording.language)

    def clause(self, name: str, **words: str) -> str:
        return CLAUSES[name][self.wording.language].format(**words)
