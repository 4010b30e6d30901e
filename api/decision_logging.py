"""The decision log of a server: an answer is logged before it is sent."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from planrec.errors import LogError
from planrec.serving.decision_log import DecisionLog, LoggedAnswer, read_or_create_key

SECONDS_TO_WAIT = 5.0
"Time after which an answer is refused if a required log has not stored it."


@dataclass(frozen=True)
class AnswerLog:
    """The decision log of one process, and whether every answer must be in it."""

    log: DecisionLog
    is_required: bool
    "True: an answer is sent after its row is on the disk, or not at all."
    url: str
    key_file: Path

    @classmethod
    def open(cls, url: str, key_file: Path, queue_size: int, *, is_required: bool) -> Self:
        """Open the log.

        Raises:
            LogError: the URL is not one of a log, or the key cannot be used.
        """
        log = DecisionLog(url, read_or_create_key(key_file), queue_size)
        return cls(log, is_required, url, key_file)

    def close(self) -> None:
        """Write the queued rows, then close the log."""
        self.log.close()

    async def log_answer(self, decision: LoggedAnswer) -> None:
        """Log an answer before it is sent.

        Raises:
            LogError: the log is required and cannot store the answer.
        """
        if not self.is_required:
            self.log.record(decision)
            return
        try:
            await asyncio.wait_for(asyncio.wrap_future(self.log.write(decision)), SECONDS_TO_WAIT)
        except TimeoutError:
            raise _too_slow() from None

    def log_answers(self, decisions: Sequence[LoggedAnswer]) -> None:
        """Log many answers, from a thread that may wait.

        Raises:
            LogError: the log is required and cannot store all of them.
        """
        if not self.is_required:
            for decision in decisions:
                self.log.record(decision)
            return
        futures: list[Future[None]] = [self.log.write(decision) for decision in decisions]
        if wait(futures, SECONDS_TO_WAIT).not_done:
            raise _too_slow()
        for future in futures:
            future.result()


def _too_slow() -> LogError:
    return LogError(f"the decision log did not store the answer within {SECONDS_TO_WAIT:g} s")
