"""Judging one day: hard problems first, then evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from planrec.input_drift import hard_problems
from planrec.input_drift.evidence import day_p_values, evidence_of_all, with_day
from planrec.input_drift.streams import Streams
from planrec.monitoring.drift_check.drift_state import MOST_DAYS, DayCounts, DriftState, JudgedDay, Use
from planrec.monitoring.drift_check.logged_days import LoggedDay

LEAST_ROWS = 50
"Rows of a day below which it proves nothing."
MOST_UNREADABLE = 0.2
"Share of rows that are not requests of the run."


@dataclass(frozen=True)
class DayJudge:
    """Judges the days of one pinned run in their order."""

    streams: Streams
    pinned_on: date
    today: date

    def judged(self, state: DriftState, logged: LoggedDay) -> DriftState:
        """Return the state after one more day."""
        problems = tuple(self._problems(logged))
        counts = self.streams.count(logged.columns)
        use = self._use(state, logged, problems)
        update: dict[str, object] = {}
        evidence = None
        if use == "reference":
            update["reference"] = (*state.reference, _as_rows(counts))
        elif use == "judged":
            p = day_p_values(self.streams, state.arrays(self.streams), counts)
            by_stream = with_day(self.streams, np.array(state.evidence), p)
            evidence = evidence_of_all(self.streams, by_stream)
            update["evidence"] = tuple(by_stream.tolist())
        if logged.rows > logged.unreadable:
            update["latest"] = _as_rows(counts)
        day = JudgedDay(
            day=logged.day,
            rows=logged.rows,
            judged_on=self.today,
            use=use,
            problems=problems,
            evidence=evidence,
            expected_cheaper=logged.expected_cheaper,
        )
        return state.model_copy(update=update | {"days": (*state.days, day)[-MOST_DAYS:]})

    def _problems(self, logged: LoggedDay) -> Iterator[str]:
        """List the hard problems; days before the pin were answered by another run and have none."""
        if logged.day < self.pinned_on:
            return
        if logged.unreadable > MOST_UNREADABLE * logged.rows:
            yield f"requests: {logged.unreadable:,} of {logged.rows:,} cannot be answered by this run"
        if logged.unreadable < logged.rows or not logged.rows:
            yield from hard_problems(self.streams.profile, logged.columns)
        if logged.clock_problem is not None:
            yield logged.clock_problem

    def _use(self, state: DriftState, logged: LoggedDay, problems: tuple[str, ...]) -> Use:
        if problems:
            return "left_out"
        if logged.rows - logged.unreadable < LEAST_ROWS:
            return "too_few"
        if state.is_ready:
            return "judged"
        has_problems = logged.unreadable > MOST_UNREADABLE * logged.rows
        has_problems |= bool(hard_problems(self.streams.profile, logged.columns))
        return "left_out" if has_problems else "reference"


def _as_rows(counts: np.ndarray) -> DayCounts:
    return tuple(tuple(row) for row in counts.tolist())
