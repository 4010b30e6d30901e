"""The message of each subscriber: the operator's template, or the short sentence of the advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from planrec.campaigns.message_template import PLACEHOLDERS, rendered
from planrec.campaigns.settings import CampaignSettings
from planrec.campaigns.summary import yearly_saving
from planrec.sentences import Language
from planrec.sentences.locale_formats import money_text
from planrec.sentences.text_message import fits_messages
from planrec.serving.scoring.scorer import Scorer


@dataclass(frozen=True)
class Messages:
    """Makes the messages of scored subscribers."""

    settings: CampaignSettings
    currency: str
    exponent: int
    names: Mapping[str, np.ndarray]
    "`plan` and `plan_held` -> names, shape (n,), object."
    amounts: Mapping[str, np.ndarray]
    "Placeholder -> money in the major unit, shape (n,), float64, NaN if unknown."
    short: np.ndarray
    "Shape (n,), object: the short sentence of each advice."

    @classmethod
    def of(
        cls,
        settings: CampaignSettings,
        scorer: Scorer,
        texts: dict[str, np.ndarray],
        amounts: dict[str, np.ndarray],
    ) -> Self:
        """Collect the values of the placeholders from columns of a scored file."""
        catalogue = scorer.saved.recommender.catalogue
        currency, exponent = ("", 2) if catalogue is None else (catalogue.currency, catalogue.exponent)
        names = {"plan": texts["plan_name"], "plan_held": texts["plan_held_name"]}
        money = {name: amounts[name] for name in ("saving", "bill", "bill_held")}
        money["saving_year"] = yearly_saving(**money, horizon=scorer.saved.recommender.horizon)
        return cls(settings, currency, exponent, names, money, texts["sentence_short"])

    @cached_property
    def texts(self) -> np.ndarray:
        """Message of each subscriber in the language of the settings, shape (n,), object."""
        template = self.settings.templates.get(self.settings.language)
        if template is None:
            return self.short
        return np.array(
            [self._text(template, row, self.settings.language) for row in range(len(self.short))], object
        )

    @cached_property
    def are_too_long(self) -> np.ndarray:
        """Whether the own text has no room in a message with these names and amounts, shape (n,), bool."""
        return np.array([text is not None and not fits_messages(text) for text in self.texts], bool)

    def preview(self, row: int, other_sentences: Mapping[Language, str]) -> dict[Language, str]:
        """Return the message of one subscriber in every language.

        Args:
            row: of the subscriber.
            other_sentences: its short sentence in languages that the settings do not choose.
        """
        own = {
            language: self._text(text, row, language) for language, text in self.settings.templates.items()
        }
        return {**other_sentences, self.settings.language: str(self.texts[row]), **own}

    def _text(self, template: str, row: int, language: Language) -> str:
        return rendered(template, {name: self._value(name, row, language) for name in PLACEHOLDERS})

    def _value(self, name: str, row: int, language: Language) -> str:
        if name in self.names:
            return self.names[name][row] or ""
        amount = self.amounts[name][row]
        if np.isnan(amount):
            return ""
        return money_text(round(amount * 10**self.exponent), self.exponent, self.currency, language)
