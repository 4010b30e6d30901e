"""Numbers, money and counted nouns in the language of a sentence.

Values for programs stay exact decimals with a point. Sentences group no thousands: a point or a comma is
always the decimal mark.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np

Language = Literal["en", "es"]

CACHE_SIZE = 10_000
"Entries of each cache of amounts and of sentences, which repeat often."

_DECIMAL_MARK: Mapping[Language, str] = {"en": ".", "es": ","}
_SYMBOLS: Mapping[Language, Mapping[str, str]] = {
    "en": {},
    "es": {"USD": "US$", "EUR": "€", "THB": "฿", "VND": "₫"},
}
"""Currency -> its sign after the amount, ISO 4217 code if missing. Spanish: the signs of CLDR 48 (locale es).
English has codes only, because a dollar sign does not say which dollar."""

Counted = Literal["minute", "message", "month", "last month", "month before", "next month"]
WORDS: Mapping[Counted, Mapping[Language, tuple[str, str]]] = {
    "minute": {"en": ("minute", "minutes"), "es": ("minuto", "minutos")},
    "message": {"en": ("message", "messages"), "es": ("mensaje", "mensajes")},
    "month": {"en": ("{n} month", "{n} months"), "es": ("{n} mes", "{n} meses")},
    "last month": {
        "en": ("last month's", "last {n} months'"),
        "es": ("del último mes", "de los últimos {n} meses"),
    },
    "month before": {
        "en": ("last month's", "last {n} months'"),
        "es": ("del mes anterior", "de los {n} meses anteriores"),
    },
    "next month": {
        "en": (" over the next month", " over the next {n} months"),
        "es": (" en el próximo mes", " en los próximos {n} meses"),
    },
}
"Words for placeholders: singular and plural."


@lru_cache(maxsize=256)
def count_of(n: int, noun: Counted, language: Language) -> str:
    """Return a counted noun for a sentence.

    Examples:
        >>> count_of(1, "month", "en"), count_of(6, "month", "en"), count_of(6, "last month", "en")
        ('1 month', '6 months', "last 6 months'")
    """
    one, many = WORDS[noun][language]
    return (one if n == 1 else many).format(n=n)


def number_text(exact: str, language: Language) -> str:
    """Write an exact decimal with the decimal mark of the language.

    Examples:
        >>> number_text("2.5", "en"), number_text("2.5", "es")
        ('2.5', '2,5')
    """
    return exact.replace(".", _DECIMAL_MARK[language])


@lru_cache(maxsize=CACHE_SIZE)
def in_major_units(minor: int, exponent: int) -> str:
    """Format minor units as a decimal of the major unit, with the currency's decimals.

    Examples:
        >>> in_major_units(-1450, 2), in_major_units(1450, 0)
        ('-14.50', '1450')
    """
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    if not exponent:
        return f"{sign}{size}"
    whole, rest = divmod(size, 10**exponent)
    return f"{sign}{whole}.{rest:0{exponent}d}"


@lru_cache(maxsize=CACHE_SIZE)
def amount_text(minor: int, exponent: int, language: Language) -> str:
    """Write minor units in the major unit, without the currency.

    Examples:
        >>> amount_text(3500, 2, "es")
        '35,00'
    """
    return number_text(in_major_units(minor, exponent), language)


@lru_cache(maxsize=CACHE_SIZE)
def money_text(minor: int, exponent: int, currency: str, language: Language) -> str:
    """Write minor units in the major unit with the currency.

    Examples:
        >>> money_text(3500, 2, "USD", "en"), money_text(3500, 2, "USD", "es"), money_text(52, 0, "JPY", "es")
        ('35.00 USD', '35,00 US$', '52 JPY')
    """
    sign = _SYMBOLS[language].get(currency, currency)
    return f"{amount_text(minor, exponent, language)} {sign}"


@lru_cache(maxsize=256)
def percent_text(percent: int, language: Language) -> str:
    """Write a whole percentage.

    Examples:
        >>> percent_text(63, "en"), percent_text(63, "es")
        ('63%', '63 %')
    """
    return f"{percent}%" if language == "en" else f"{percent} %"


def whole_percent(share: np.ndarray) -> np.ndarray:
    """Round probabilities to whole percent, never to certainty; shape (n,), int64.

    Examples:
        >>> whole_percent(np.array([0.625, 0.9999, 0.0])).tolist()
        [63, 99, 1]
    """
    percent: np.ndarray = np.clip((100 * share + 0.5).astype(np.int64), 1, 99)
    return percent
