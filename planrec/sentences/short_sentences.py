"""Sentences for text messages: at most 160 units of their alphabet."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from planrec.sentences.decision_figures import DecisionFigures, Money
from planrec.sentences.decision_sentences import SHORT, SHORT_CLAUSES
from planrec.sentences.decision_writer import Decision, Wording
from planrec.sentences.locale_formats import CACHE_SIZE, count_of, percent_text
from planrec.sentences.text_message import MOST_UNITS, fits_messages, in_message_alphabet

_GAP = "..."
"The sign for letters left out: the alphabet of text messages has no single character for it."


@lru_cache(maxsize=CACHE_SIZE)
def short_sentence_of(decision: Decision, wording: Wording) -> str:
    """Write the short sentence of a decision.

    If it is too long, the other plan is called "your plan" or "another plan", then the range is left out,
    then the name of the plan advised is shortened in its middle, and at last left out. Letters that text
    messages do not have lose their accents. If names have letters of other scripts, the message is one of
    Unicode, which has room for fewer; see `fits_messages`.
    """
    plan = in_message_alphabet(decision.plan)
    for form in (_NAMED, _ROLE, _NO_RANGE):
        text = _text(decision, wording, form, plan)
        if fits_messages(text):
            return text
    without_name = _text(decision, wording, _NO_RANGE, plan="")
    room = MOST_UNITS - len(without_name)
    for most in range(min(room, len(plan)), 0, -1):
        text = _text(decision, wording, _NO_RANGE, shortened(plan, most))
        if fits_messages(text):
            return text
    return without_name


def shortened(name: str, room: int) -> str:
    """Return a name with the middle left out if it is longer than `room`.

    Examples:
        >>> shortened("Family Unlimited 2030", 14), shortened("Mini", 14)
        ('Family...2030', 'Mini')
    """
    if len(name) <= room:
        return name
    kept = max(room - len(_GAP), 0)
    tail = name[len(name) - kept // 2 :]
    return f"{name[: kept - kept // 2].rstrip()}{_GAP}{tail.lstrip()}"[: max(room, 0)]


class _Form(NamedTuple):
    names_other_plan: bool
    has_range: bool


_NAMED, _ROLE, _NO_RANGE = _Form(True, True), _Form(False, True), _Form(False, False)


def _text(decision: Decision, wording: Wording, form: _Form, plan: str) -> str:
    """Write a sentence with this name of the plan advised, in the letters of text messages."""
    return in_message_alphabet(_ShortWriter(decision, wording, form, plan).sentence())


@dataclass(frozen=True)
class _ShortWriter:
    """The clauses of one short sentence."""

    decision: Decision
    wording: Wording
    form: _Form
    plan: str
    "Name of the plan advised, perhaps shortened."

    @property
    def figures(self) -> DecisionFigures:
        """The figures that decided."""
        return self.decision.figures

    def sentence(self) -> str:
        """Write it."""
        language, saving, code = self.wording.language, self.figures.saving, self.decision.code
        key = self.decision.text_key
        if key in ("saves", "keeps_last_advice") and saving is not None:
            key = "gain_past" if saving.is_past else "gain_ahead"
        return SHORT[code][key][language].format_map(self)

    def __getitem__(self, name: str) -> str:
        language, saving = self.wording.language, self.figures.saving
        match name:
            case "plan":
                return self.plan
            case "held":
                return self.other_plan()
            case "like_you":
                return self.clause(self.wording.like_you)
            case "percent":
                return percent_text(self.figures.percent, language)
            case "months":
                return count_of(self.decision.n_months, "month", language)
            case "span":
                return count_of(self.figures.n_months, "month before", language)
        if saving is None:
            return ""
        match name:
            case "less":
                return self.less(saving)
            case "amount":
                return self.money(saving)
            case "range":
                return self.range(saving)
        raise KeyError(name)

    def other_plan(self) -> str:
        is_stay = self.decision.code == "stay"
        if self.form.names_other_plan:
            return self.decision.following if is_stay else self.decision.held
        return self.clause("another_plan" if is_stay else "your_plan")

    def less(self, saving: Money) -> str:
        return (
            self.clause("less", amount=self.money(saving))
            if saving.expected
            else self.clause("slightly_less")
        )

    def money(self, saving: Money) -> str:
        return (
            self.wording.past_money(saving.expected)
            if saving.is_past
            else self.wording.money(saving.expected)
        )

    def range(self, saving: Money) -> str:
        is_most_probable = self.decision.text_key == "most_probable"
        if is_most_probable and saving.expected <= 0:
            return self.clause("no_gain")
        if saving.low is None or saving.high is None:
            return ""
        name = "uncertain_gain" if is_most_probable else "uncertain"
        doubt = "" if saving.low > 0 else self.clause(name)
        if is_most_probable or not self.form.has_range or saving.low == saving.high:
            return doubt
        ends = {"low": self.wording.amount(saving.low), "high": self.wording.amount(saving.high)}
        return doubt + self.clause("range", **ends)

    def clause(self, name: str, **words: str) -> str:
        return SHORT_CLAUSES[name][self.wording.language].format(**words)
