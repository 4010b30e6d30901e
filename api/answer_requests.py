"""Requests -> answers of the run that is served; an answer names the run that gave it."""

import os
import re
from collections.abc import Sequence
from time import time_ns
from typing import Any
from uuid import UUID

import litestar

from planrec.policy import Language
from planrec.recommending.answer import Answer, ModelName
from planrec.recommending.answering import answers_of
from planrec.schema.request import Request

from .served_run import ServedRun

_LANGUAGE = re.compile(r"(en|es|\*)(?:-[a-z0-9-]+)?(?:\s*;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")


def answered(served: ServedRun, requests: Sequence[Request], language: Language) -> list[Answer]:
    """One answer each, in order. Raises RequestError where the catalogue has no answer for one."""
    named = {new_id(): request for request in requests}
    return answers_of(served.saved.recommender, named, model_name(served), language)


def answered_each(
    served: ServedRun, requests: Sequence[Request], language: Language
) -> list[Answer | Exception]:
    """All together, and where one of them has no answer each on its own: the answer, or why there is none."""
    try:
        return list(answered(served, requests, language))
    except Exception as error:
        if len(requests) == 1:
            return [error]
    return [told for request in requests for told in answered_each(served, [request], language)]


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): the time to the millisecond, then random bits.

    The decision log is keyed by it: keys that come about in order touch the end of an index, random ones
    all of it.
    """
    milliseconds = (time_ns() // 1_000_000).to_bytes(6)
    number = bytearray(milliseconds + os.urandom(10))
    number[6] = 0x70 | number[6] & 0x0F  # version
    number[8] = 0x80 | number[8] & 0x3F  # variant
    return str(UUID(bytes=bytes(number)))


def model_name(served: ServedRun) -> ModelName:
    """The run as answers name it."""
    return ModelName(served.saved.run_id, served.saved.manifest.versions["planrec"])


def language_of(request: litestar.Request[Any, Any, Any]) -> Language:
    """Of the sentences: the one that Accept-Language weighs most (RFC 9110, 12.5.4), else English."""
    weights: dict[Language, float] = {}
    for part in request.headers.get("accept-language", "").lower().split(","):
        if (found := _LANGUAGE.fullmatch(part.strip())) and float(found[2] or 1) > 0:
            language: Language = "es" if found[1] == "es" else "en"  # * is whatever we like
            weights[language] = max(weights.get(language, 0.0), float(found[2] or 1))
    # Of equal ones, the first that is named.
    return max(weights, key=weights.__getitem__, default="en")
