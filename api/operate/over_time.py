"""Logged answers over time."""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic

from planrec.errors import LogError
from planrec.serving.decision_log.database import Database
from planrec.serving.decision_log.search import AdviceInPeriod, advice_over_time

from .operating_facts import MOST_COUNTED, OverTime, PeriodFacts

HOURLY_UP_TO = 3
"Days that are shown by hour."
SECONDS_KEPT = 30.0
"Time in which the counts are not read again."
DECISIONS = ("recommend", "stay", "abstain")
log = logging.getLogger("planrec.api")


class AnswersOverTime:
    """Counts the answers of the last days in a decision log."""

    def __init__(self, url: str) -> None:
        """Count in the log of this URL."""
        self._url = url
        self._lock = Lock()
        self._kept: dict[int, tuple[float, OverTime | None]] = {}

    def read(self, days: int) -> OverTime | None:
        """Return the counts, perhaps some seconds old; None if the log cannot be read."""
        with self._lock:
            kept = self._kept.get(days)
            if kept is None or monotonic() - kept[0] > SECONDS_KEPT:
                kept = self._kept[days] = monotonic(), self._count(days)
            return kept[1]

    def _count(self, days: int) -> OverTime | None:
        is_hourly = days <= HOURLY_UP_TO
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
        counts: Sequence[AdviceInPeriod] = ()
        total = 0
        try:
            # A log is created by its first answer.
            if Database(self._url).exists:
                counts, total = advice_over_time(self._url, since, 13 if is_hourly else 10, MOST_COUNTED)
        except LogError as error:
            log.error("the answers over time were not counted: %s", error.message)
            return None
        return OverTime("hour" if is_hourly else "day", periods_of(counts), total, total <= MOST_COUNTED)


def periods_of(counts: Iterable[AdviceInPeriod]) -> list[PeriodFacts]:
    """Put the decisions of each hour or day together.

    >>> periods_of([AdviceInPeriod("2026-03-03", "stay", 2), AdviceInPeriod("2026-03-03", "recommend", 1)])
    [PeriodFacts(time='2026-03-03', recommend=1, stay=2, abstain=0)]
    """
    found: dict[str, dict[str, int]] = {}
    for count in counts:
        found.setdefault(count.period, {})[count.decision] = count.answers
    return [
        PeriodFacts(time, *(numbers.get(decision, 0) for decision in DECISIONS))
        for time, numbers in found.items()
    ]
