"""The counters of the decision log as metrics, while the app runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .background_task import background_task
from .decision_logging import AnswerLog
from .prometheus import Metrics

SECONDS_BETWEEN_UPDATES = 0.25


@asynccontextmanager
async def counting_log_rows(answer_log: AnswerLog | None, metrics: Metrics) -> AsyncIterator[None]:
    """Update the metrics regularly, and close the log at the end."""
    if answer_log is None:
        yield
        return
    try:
        async with background_task(_update(answer_log, metrics)):
            yield
    finally:
        # In a thread: it may wait for the disk.
        await asyncio.to_thread(answer_log.close)
        metrics.count_log_rows(answer_log.log.counts)


async def _update(answer_log: AnswerLog, metrics: Metrics) -> None:
    while True:
        metrics.count_log_rows(answer_log.log.counts)
        await asyncio.sleep(SECONDS_BETWEEN_UPDATES)
