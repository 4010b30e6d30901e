"""What must hold for the sentences of every answer, whatever the model, the policy and the language."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from planrec.recommending.answer import Answer
from planrec.sentences import Language
from planrec.sentences.text_message import fits_messages, in_message_alphabet

FIRST_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {"recommend": "We recommend ", "stay": "Stay with ", "abstain": "We cannot advise you"},
    "es": {"recommend": "Le recomendamos ", "stay": "Quédese con ", "abstain": "No podemos aconsejarle"},
}
NOT_LESS = {"en": r"\bmore\b|\bsame\b|\bdearer\b", "es": r"\bmás\b|\bmismo\b|\bigual\b"}
UNCERTAIN = {"en": "uncertain", "es": "o es seguro"}
NO_GAIN = {"en": "not expected to cost less", "es": "No se espera que cueste menos"}
NOT_IN_TEXT_MESSAGES = "áíóúÁÍÓÚ…“”"
DECIDED_BY_SAVING = ("saves", "keeps_last_advice")


class Said(NamedTuple):
    """An answer, as far as its sentences are about it; amounts as the API writes them."""

    decision: str
    reason: str
    sentence: str
    short: str
    saving: str | None
    "Of the plan advised."
    low: str | None
    high: str | None


def said_by(answer: Answer) -> Said:
    """Return what an answer says."""
    advice = answer.first if answer.decision != "abstain" else None
    amounts = ("expected_saving", "saving_p10", "saving_p90")
    return Said(
        answer.decision,
        answer.reason,
        answer.sentence,
        answer.sentence_short,
        *(None if advice is None else getattr(advice, name) for name in amounts),
    )


def check_words(said: Said, names: Mapping[str, str], language: Language) -> None:
    """Fail if a sentence contradicts the answer; `names` are those of the plans by id."""
    for text in (said.sentence, said.short):
        assert text.startswith(FIRST_WORDS[language][said.decision]), text
        rest = _without_names(text, names)
        assert re.fullmatch(r"[^\s{}](?:[^\s{}]| (?! ))*\.", rest) or "..." in rest, text
        if said.decision == "recommend":
            assert not re.search(NOT_LESS[language], rest), text
            # A loss is put into words; only the range of a short sentence has room for the sign.
            assert text == said.short or not re.search(r"-[0-9]", rest), text
        for plan, name in names.items():
            if plan != name:
                assert not re.search(rf"(?<!\w){re.escape(plan)}(?!\w)", rest), text
        _check_saving(said, text, language)
    assert fits_messages(said.short), said.short
    # Of the templates; names and currencies are those of the operator.
    assert not set(_without_names(said.short, names)) & set(NOT_IN_TEXT_MESSAGES), said.short


def _check_saving(said: Said, text: str, language: Language) -> None:
    if said.decision != "recommend" or said.saving is None:
        return
    if said.reason in DECIDED_BY_SAVING and Decimal(said.saving) != 0:
        assert Decimal(said.saving) > 0
        assert in_words(said.saving, language) in text, (said.saving, text)
    if said.low is None or said.high is None:
        assert UNCERTAIN[language] not in text
    elif said.reason in DECIDED_BY_SAVING or text == said.sentence:
        is_uncertain = Decimal(said.low) <= 0
        assert (UNCERTAIN[language] in text) == is_uncertain, (said.low, said.high, text)
    if text == said.sentence and Decimal(said.saving) <= 0 and said.reason == "most_probable":
        assert NO_GAIN[language] in text


def in_words(amount: str, language: Language) -> str:
    """Write an amount of an answer as sentences do."""
    return amount if language == "en" else amount.replace(".", ",")


def _without_names(text: str, names: Mapping[str, str]) -> str:
    for name in sorted(names.values(), key=len, reverse=True):
        text = text.replace(name, "X").replace(in_message_alphabet(name), "X")
    return text
