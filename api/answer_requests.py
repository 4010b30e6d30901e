"""Answer checked requests with the served run."""

import os
from collections.abc import Sequence
from time import time_ns
from uuid import UUID

from planrec.recommending.answer import Answer
from planrec.recommending.answering import answers_of
from planrec.schema.request import Request
from planrec.sentences import Language

from .served_run import ServedRun


def answer_all(served: ServedRun, requests: Sequence[Request], language: Language) -> list[Answer]:
    """Return one answer for each request, in their order.

    Raises:
        RequestError: the catalogue has no answer for one of them.
    """
    named = {new_id(): request for request in requests}
    return answers_of(served.saved.recommender, named, served.model_name, language)


def answer_each(
    served: ServedRun, requests: Sequence[Request], language: Language
) -> list[Answer | Exception]:
    """Return the answer for each request, or the error if it has none.

    All requests are answered in one call; only if one of them fails, each is answered on its own.
    """
    try:
        return list(answer_all(served, requests, language))
    except Exception as error:
        if len(requests) == 1:
            return [error]
    return [answer for request in requests for answer in answer_each(served, [request], language)]


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562): the time in milliseconds, then random bits.

    It is the key of the decision log. Keys that are about in order touch the end of an index only, random
    ones touch all of it.

    >>> len(new_id())
    36
    """
    milliseconds = (time_ns() // 1_000_000).to_bytes(6)
    number = bytearray(milliseconds + os.urandom(10))
    number[6] = 0x70 | number[6] & 0x0F  # version
    number[8] = 0x80 | number[8] & 0x3F  # variant
    return str(UUID(bytes=bytes(number)))
