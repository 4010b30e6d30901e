"""Requests that are there at the same time are answered at the same time.

Answering costs mostly per call, not per row. There is no timer: those whose requests have arrived when the
event loop gets to it are answered, be it one, and answers do not depend on who else is asked for.
"""

from asyncio import Future, get_running_loop
from collections import defaultdict, deque
from typing import NamedTuple

from planrec.policy import Language
from planrec.recommending.answer import Answer
from planrec.schema.request import Request

from .answer_requests import answered_each
from .served_run import ServedRun

MOST_AT_ONCE = 32
"Answered in one go, so that other requests are read between."
TURNS = 2
"Of the event loop, until a request that has arrived waits here: one to be read, one to be checked."


class _Waiting(NamedTuple):
    served: ServedRun
    language: Language
    request: Request
    answer: "Future[Answer]"


class Together:
    """The requests of one event loop that wait for their answer."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()

    async def answer(self, served: ServedRun, request: Request, language: Language) -> Answer:
        """The answer that the request gets on its own. Raises RequestError where the catalogue has none."""
        loop = get_running_loop()
        waiting = _Waiting(served, language, request, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._answer_unless_more_come, 0, TURNS)
        self._waiting.append(waiting)
        return await waiting.answer

    def _answer_unless_more_come(self, before: int, turns: int) -> None:
        """Look again in the next turn, until no more have come for some turns."""
        n = len(self._waiting)
        turns = TURNS if n > before else turns - 1
        if turns and n < MOST_AT_ONCE:
            get_running_loop().call_soon(self._answer_unless_more_come, n, turns)
        else:
            self._answer_some()

    def _answer_some(self) -> None:
        """Answer those who wait, the first ones first; together only what the same run answers."""
        some = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
        if self._waiting:
            get_running_loop().call_soon(self._answer_some)
        alike: dict[tuple[int, Language], list[_Waiting]] = defaultdict(list)
        for waiting in some:
            alike[id(waiting.served), waiting.language].append(waiting)
        for group in alike.values():
            _answer_group(group)


def _answer_group(group: list[_Waiting]) -> None:
    requests = [waiting.request for waiting in group]
    answers = answered_each(group[0].served, requests, group[0].language)
    for waiting, answer in zip(group, answers, strict=True):
        if waiting.answer.done():  # cancelled: nobody waits any more
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
