"""The language of the current request, by its header Accept-Language."""

import re
from collections.abc import Iterable
from contextvars import ContextVar

from planrec.sentences import Language

LANGUAGE: ContextVar[Language] = ContextVar("LANGUAGE", default="en")
"Set by the middleware `RequestLogging`; English outside of a request."

_LANGUAGE = re.compile(r"(en|es|\*)(?:-[a-z0-9-]+)?(?:\s*;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


def language_of(headers: Iterable[tuple[bytes, bytes]]) -> Language:
    """Return the language that the headers of a request ask for.

    >>> language_of([(b"accept-language", b"es")])
    'es'
    """
    accepted = [value.decode("latin-1") for name, value in headers if name == b"accept-language"]
    return preferred_language(",".join(accepted)) if accepted else "en"


def preferred_language(accept_language: str) -> Language:
    """Return the language with the greatest weight in an Accept-Language header (RFC 9110, 12.5.4).

    It is English if the header names neither, and the first one of equal weights.

    >>> preferred_language("fr, es-PE;q=0.9, en;q=0.5")
    'es'
    """
    weights: dict[Language, float] = {}
    for part in accept_language.lower().split(","):
        if (found := _LANGUAGE.fullmatch(part.strip())) and float(found[2] or 1) > 0:
            language: Language = "es" if found[1] == "es" else "en"  # * matches any language
            weights[language] = max(weights.get(language, 0.0), float(found[2] or 1))
    return max(weights, key=weights.__getitem__, default="en")
