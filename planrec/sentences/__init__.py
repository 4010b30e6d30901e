"""Sentences: the words of an answer, in English and Spanish, made of its own figures."""

from planrec.sentences.locale_formats import Language, in_major_units
from planrec.sentences.reason_builder import MoneyText, Reason
from planrec.sentences.reasons import Reasons, Sentences

__all__ = ["Language", "MoneyText", "Reason", "Reasons", "Sentences", "in_major_units"]
