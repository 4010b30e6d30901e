"""Short sentences have room in a text message, for names in any script and in every language."""

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from planrec.sentences.decision_figures import Money
from planrec.sentences.decision_sentences import SHORT
from planrec.sentences.decision_writer import Wording
from planrec.sentences.short_sentences import short_sentence_of
from planrec.sentences.text_message import (
    GSM,
    GSM_EXTENDED,
    MOST_UNICODE_UNITS,
    MOST_UNITS,
    gsm_units,
    in_message_alphabet,
    utf16_units,
)
from tests.sentences.test_decision_sentences import SURE, decision

CASES = [(code, reason) for code, texts in SHORT.items() for reason in (*texts, "saves", "keeps_last_advice")]
HUGE = Money(10**15 + 90, -(10**15), 10**15, 1)
words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200)
spanish = st.text("áéíóúüñÁÉÍÓÚÜÑ¿¡ aZ€[]", max_size=200)


@given(
    st.sampled_from(CASES),
    words | spanish,
    words | spanish,
    st.sampled_from(["en", "es"]),
    st.sampled_from(["USD", "EUR", "THB", "VND", "PEN"]),
    st.sampled_from([SURE, HUGE, SURE._replace(low=None, high=None)]),
)
@example(("recommend", "saves"), "Тариф " * 40, "Base", "es", "EUR", SURE)
@example(("recommend", "saves"), "€" * 90, "[" * 90, "en", "USD", SURE)
@example(("stay", "nothing_better"), "😀" * 80, "Más Datos", "es", "THB", HUGE)
def test_a_short_sentence_has_room_in_a_message(case, plan, other, language, currency, saving) -> None:  # type: ignore[no-untyped-def]
    code, reason = case
    wording = Wording(language, currency, 2, 3, is_exact=True)
    text = short_sentence_of(
        decision(reason, saving, code=code, plan=plan, held=other, following=other), wording
    )
    units = gsm_units(text)
    assert text
    assert units is None or units <= MOST_UNITS
    assert units is not None or utf16_units(text) <= MOST_UNICODE_UNITS
    if GSM.issuperset(in_message_alphabet(plan + other)):
        assert units is not None


def test_spanish_names_lose_the_accents_that_messages_do_not_have() -> None:
    wording = Wording("es", "EUR", 2, 3, is_exact=True)
    text = short_sentence_of(decision(plan="Más Básico Ñandú", held="Único é"), wording)
    assert "Mas Basico Ñandu" in text
    assert "Unico é" in text
    assert gsm_units(text) == len(text) + text.count("€")


def test_a_name_in_another_script_makes_the_message_shorter() -> None:
    wording = Wording("en", "USD", 2, 3, is_exact=True)
    text = short_sentence_of(decision(plan="Безлимитный", held="Базовый" * 12), wording)
    assert "Безлимитный" in text
    assert gsm_units(text) is None
    assert len(text) <= MOST_UNICODE_UNITS


def test_the_alphabet_is_that_of_the_standard() -> None:
    # 3GPP TS 23.038: 128 codes, of which one is the escape to the extension.
    assert len(GSM) == 127
    assert len(GSM_EXTENDED) == 10


@pytest.mark.parametrize("letter", sorted(GSM | GSM_EXTENDED))
def test_letters_of_the_alphabet_stay(letter: str) -> None:
    assert in_message_alphabet(letter) == letter
