"""What became of the rows of the decision log, told to the metrics while the app runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .decision_logging import AnswerLog
from .prometheus import Metrics

SECONDS_BETWEEN_LOOKS = 0.25


@asynccontextmanager
async def counting(answer_log: AnswerLog | None, metrics: Metrics) -> AsyncIterator[None]:
    """Tell the metrics now and then, and close the log at the end."""
    if answer_log is None:
        yield
        return
    task = asyncio.create_task(_tell(answer_log, metrics))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        # In a thread: it may wait for the disk.
        await asyncio.to_thread(answer_log.close)
        metrics.logged(answer_log.log.counts)


async def _tell(answer_log: AnswerLog, metrics: Metrics) -> None:
    while True:
        metrics.logged(answer_log.log.counts)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
