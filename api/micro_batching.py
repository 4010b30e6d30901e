"""Micro-batching: answer concurrently waiting requests in one call.

Most of the time of an answer is spent per call and not per row. There is no timer: the requests that have
arrived when the event loop runs the batch are answered, even if there is only one, and no answer depends on
the others.
"""

from asyncio import Future, get_running_loop
from collections import defaultdict, deque
from typing import NamedTuple

from planrec.recommending.answer import Answer
from planrec.schema.request import Request
from planrec.sentences import Language

from .answer_requests import answer_each
from .served_run import ServedRun

MAX_BATCH = 32
"Requests of one call; a larger call would delay the reading of further requests."
TURNS = 2
"Turns of the event loop between the arrival of a request and its place in the queue: reading and checking."


class _Waiting(NamedTuple):
    served: ServedRun
    language: Language
    request: Request
    answer: "Future[Answer]"


class MicroBatcher:
    """The queue of requests of one event loop."""

    def __init__(self) -> None:
        """Start with an empty queue."""
        self._queue: deque[_Waiting] = deque()

    async def answer(self, served: ServedRun, request: Request, language: Language) -> Answer:
        """Return the answer to a request, the same that it would get alone.

        Raises:
            RequestError: the catalogue has no answer.
        """
        loop = get_running_loop()
        waiting = _Waiting(served, language, request, loop.create_future())
        if not self._queue:
            loop.call_soon(self._answer_unless_more_come, 0, TURNS)
        self._queue.append(waiting)
        return await waiting.answer

    def _answer_unless_more_come(self, before: int, turns: int) -> None:
        """Look again in the next turn, until no request has arrived for some turns."""
        n = len(self._queue)
        turns = TURNS if n > before else turns - 1
        if turns and n < MAX_BATCH:
            get_running_loop().call_soon(self._answer_unless_more_come, n, turns)
        else:
            self._answer_batch()

    def _answer_batch(self) -> None:
        """Answer the oldest requests, those of one run and language in one call."""
        batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
        if self._queue:
            get_running_loop().call_soon(self._answer_batch)
        groups: dict[tuple[int, Language], list[_Waiting]] = defaultdict(list)
        for waiting in batch:
            groups[id(waiting.served), waiting.language].append(waiting)
        for group in groups.values():
            _answer_group(group)


def _answer_group(group: list[_Waiting]) -> None:
    requests = [waiting.request for waiting in group]
    answers = answer_each(group[0].served, requests, group[0].language)
    for waiting, answer in zip(group, answers, strict=True):
        if waiting.answer.done():  # cancelled: the client is gone
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
