"""Sentences for text messages: at most 160 units of their alphabet."""

from functools import lru_cache
from typing import NamedTuple

from planrec.sentences.decision_figures import Money
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
    and only then the name of the plan advised is shortened in its middle. Letters that text messages do not
    have lose their accents. If names have letters of other scripts, the message is one of Unicode, which has
    room for fewer; see `fits_messages`.
    """
    writer, plan = _ShortWriter(decision, wording), in_message_alphabet(decision.plan)
    for form in (_NAMED, _ROLE, _NO_RANGE):
        text = in_message_alphabet(writer.sentence(form, plan))
        if fits_messages(text):
            return text
    room = MOST_UNITS - len(writer.sentence(_NO_RANGE, plan=""))
    names = (shortened(plan, most) for most in range(min(room, len(plan)), -1, -1))
    texts = (in_message_alphabet(writer.sentence(_NO_RANGE, name)) for name in names)
    return next(filter(fits_messages, texts), "")


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


class _ShortWriter:
    """The clauses of one short sentence, in any form."""

    def __init__(self, decision: Decision, wording: Wording) -> None:
        self.decision, self.figures, self.wording = decision, decision.figures, wording

    def sentence(self, form: _Form, plan: str) -> str:
        language, saving, code = self.wording.language, self.figures.saving, self.decision.code
        key = self.decision.text_key
        if key in ("saves", "keeps_last_advice") and saving is not None:
            key = "gain_past" if saving.is_past else "gain_ahead"
        self.form, self.plan = form, plan
        return SHORT[code][key][language].format_map(self)

    def __getitem__(self, name: str) -> str:
        language, saving, form = self.wording.language, self.figures.saving, self.form
        match name:
            case "plan":
                return self.plan
            case "held":
                return self.other_plan(form)
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
                return self.range(saving, form)
        raise KeyError(name)

    def other_plan(self, form: _Form) -> str:
        is_stay = self.decision.code == "stay"
        if form.names_other_plan:
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

    def range(self, saving: Money, form: _Form) -> str:
        is_most_probable = self.decision.text_key == "most_probable"
        if is_most_probable and saving.expected <= 0:
            return self.clause("no_gain")
        if saving.low is None or saving.high is None:
            return ""
        name = "uncertain_gain" if is_most_probable else "uncertain"
        doubt = "" if saving.low > 0 else self.clause(name)
        if is_most_probable or not form.has_range or saving.low == saving.high:
            return doubt
        ends = {"low": self.wording.amount(saving.low), "high": self.wording.amount(saving.high)}
        return doubt + self.clause("range", **ends)

    def clause(self, name: str, **words: str) -> str:
        return SHORT_CLAUSES[name][self.wording.language].format(**words)
