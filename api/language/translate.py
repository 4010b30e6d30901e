"""Texts of problems in the language of the request."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from http import HTTPStatus

from planrec.sentences import Language

from .spanish import DETAILS, TITLES

MOST_CHARACTERS = 2_000
"Longer texts repeat much of a request; they stay in English."
_PLACES = re.compile(r"\{(n?)\}")
_ESCAPED_PLACES = re.compile(r"\\\{(n?)\\\}")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3})")


def title_of(status: int, language: Language) -> str:
    """Return the title of the problems of a status.

    >>> title_of(404, "en"), title_of(404, "es")
    ('Not Found', 'No encontrado')
    """
    english = HTTPStatus(status).phrase
    return english if language == "en" else TITLES.get(status, english)


@lru_cache(maxsize=1_000)
def translated(text: str, language: Language) -> str:
    """Return an English text in a language; unchanged if it has no translation.

    >>> translated("the body must have at most 900 bytes", "es")
    'el cuerpo debe tener como máximo 900 bytes'
    """
    if language == "en" or len(text) > MOST_CHARACTERS:
        return text
    for english, spanish in DETAILS.items():
        # Comparing the text before the first placeholder is much faster than matching.
        if text.startswith(english.partition("{")[0]) and (found := _pattern(english).fullmatch(text)):
            return _filled(spanish, _PLACES.findall(english), found.groups())
    return text


def _filled(text: str, kinds: Sequence[str], values: Sequence[str]) -> str:
    """Put values in the places of a text: the first number in the first `{n}`, and so on."""
    found = list(zip(kinds, values, strict=True))
    of_kind = {
        "": iter([value for kind, value in found if kind == ""]),
        "n": iter([_THOUSANDS.sub("\xa0", value) for kind, value in found if kind == "n"]),
    }
    return _PLACES.sub(lambda place: next(of_kind[place[1]]), text)


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """Compile the pattern of a text: `{n}` is a number, `{}` any text."""
    parts = _ESCAPED_PLACES.sub(
        lambda place: r"(-?[0-9][0-9.,e+]*)" if place[1] else "(.*?)", re.escape(english)
    )
    return re.compile(parts, re.DOTALL)
