"""Check the days of a decision log that are over and were not judged yet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from planrec.errors import PlanRecError, RunError
from planrec.input_drift import ColumnDrift, Profile
from planrec.input_drift.cheaper_evidence import Bills
from planrec.input_drift.comparison import drift_of_counts
from planrec.input_drift.streams import Streams
from planrec.monitoring.drift_check.cheaper_bills import bills_that_came
from planrec.monitoring.drift_check.day_judge import DayJudge
from planrec.monitoring.drift_check.drift_report import DRIFT_FILE, DriftReport
from planrec.monitoring.drift_check.drift_state import (
    MOST_DAYS,
    DayOfBills,
    DriftState,
    KnownBills,
    read_state,
    state_file,
    state_lock,
    write_state,
)
from planrec.monitoring.drift_check.logged_days import LoggedDay, read_day, rows_by_day
from planrec.runs.read import SavedRun, read_profile
from planrec.serving.bundle.signers import Signers
from planrec.serving.decision_log.chain import LoggedEvent
from planrec.serving.decision_log.log_tables import append_event
from planrec.serving.decision_log.session import session
from planrec.serving.pin import ANY_RUN, pinned_run, read_pin
from planrec.serving.recorded_time import recorded_time
from planrec.wording import counted

ONE_DAY = timedelta(days=1)


def check_pinned(
    outputs: Path, url: str, today: date | None = None, signers: Signers = ANY_RUN
) -> DriftReport:
    """Check the pinned run of a folder, and write `monitoring/drift.json`; see `check_log`."""
    pin = read_pin(outputs)
    pinned_on = recorded_time(pin.pinned_at, f"pinned_at of {pin.run}").date()
    return check_log(pinned_run(pin, outputs, signers), url, outputs, pinned_on, today)


def check_log(
    saved: SavedRun, url: str, outputs: Path, pinned_on: date, today: date | None = None
) -> DriftReport:
    """Judge the days of a log that are over and not judged yet, and write `monitoring/drift.json`.

    Days begin and end at midnight, UTC. The reference days are the last ones before the pin with enough rows
    and without a hard problem, answered again by this run, and then the first such days after it. Calling it
    again judges nothing twice.

    Args:
        saved: the pinned run.
        url: the decision log, see `Database`.
        outputs: folder of runs, with the state of each check.
        pinned_on: day of the pin, UTC.
        today: the present day, UTC, which is not judged; None for that of the clock.

    Raises:
        BusyError: another check of the run is running.
        RunError: the run has no profile, or that of another catalogue; or its state is damaged.
        LogError: the log cannot be read.
    """
    today = today or datetime.now(UTC).date()
    streams = Streams(profile_of_run(saved))
    file = state_file(outputs, saved.sha256)
    with state_lock(file):
        before = read_state(file, saved.sha256, streams)
        with session(url, "read") as connection:
            rows = rows_by_day(connection)
            judge = DayJudge(streams, pinned_on, today)
            state = _with_new_days(judge, before, rows, partial(read_day, connection, saved.recommender))
            if state is not before:
                content = {"check": "drift", "days": len(state.days)}
                append_event(connection, LoggedEvent.of("count", content))
        bills, problems = _bills(url, saved, before.bills)
        if bills is not before.bills:
            state = state.model_copy(update={"bills": bills})
        report = DriftReport(
            run_id=saved.run_id,
            run_json_sha256=saved.sha256,
            today=today,
            streams=streams,
            state=state,
            columns=_columns(streams, state),
            bills=() if bills is None else tuple(map(_arrays, bills.days)),
            clock_problems=tuple(_clock_problems(state, rows, today)),
            notes=(*_notes(state, rows), *problems),
        )
        # First the alarms, then the state: a check that is killed in between is repeated by the next one.
        report.write(outputs / DRIFT_FILE)
        if state is not before:
            write_state(file, state)
    return report


def profile_of_run(saved: SavedRun) -> Profile:
    """Read the profile of a run. Raises RunError if it has none, or that of another catalogue."""
    profile = read_profile(saved)
    if profile.catalogue_sha256 != saved.manifest.catalogue_sha256 or profile.plans != saved.manifest.plans:
        raise RunError(
            f"{saved.folder}: profile.json must be about the catalogue of the run, got another one with the"
            f" plans {', '.join(profile.plans)}; train the run again"
        )
    return profile


def days_to_judge(
    state: DriftState, rows: Mapping[date, int], pinned_on: date, today: date
) -> Iterator[date]:
    """Yield the days that are over and not judged, in their order; a day without rows is one of them.

    Days before the pin are reference days, see `_with_days_before_pin`. Days without rows before the first
    row of the log say nothing about this run.
    """
    known = sorted(day for day in rows if day < today)
    first = max(pinned_on, known[0]) if known else today
    if state.days:
        first = state.days[-1].day + ONE_DAY
    while first < today:
        yield first
        first += ONE_DAY


def _with_new_days(
    judge: DayJudge, before: DriftState, rows: Mapping[date, int], read: Callable[[date], LoggedDay]
) -> DriftState:
    """Judge the days since the last check, and at the first check those before the pin."""
    state = before
    if not before.days:
        state = _with_days_before_pin(judge, state, sorted(day for day in rows if day < judge.today), read)
    for day in days_to_judge(before, rows, judge.pinned_on, judge.today):
        state = judge.judged(state, read(day))
    return state


def _with_days_before_pin(
    judge: DayJudge, state: DriftState, days: Sequence[date], read: Callable[[date], LoggedDay]
) -> DriftState:
    """Judge the days before the pin, the last one first, until there are enough reference days.

    Args:
        judge: the judge of this pin.
        state: a state without any day.
        days: days with rows, in their order.
        read: reads one of them.
    """
    latest = None
    for day in [day for day in reversed(days) if day < judge.pinned_on][:MOST_DAYS]:
        if state.is_ready:
            break
        state = judge.judged(state, read(day))
        latest = latest or state.latest
    in_order = {"days": state.days[::-1], "reference": state.reference[::-1], "latest": latest}
    return state.model_copy(update=in_order) if state.days else state


def _bills(url: str, saved: SavedRun, known: KnownBills | None) -> tuple[KnownBills | None, list[str]]:
    """Return the bills that came, and a note if they cannot be read: the days are judged even so."""
    try:
        return bills_that_came(url, saved, known), []
    except (PlanRecError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        return None, [f"P(cheaper) is not compared with bills, an outcome is not readable: {error}"]


def _arrays(day: DayOfBills) -> Bills:
    return Bills(np.array(day.probability, np.float64), np.array(day.was_cheaper, bool))


def _columns(streams: Streams, state: DriftState) -> tuple[ColumnDrift, ...]:
    """Compare the last day that has rows with the profile."""
    counts = state.latest or ()
    pairs = zip(streams.profile.columns, counts, strict=False)
    return tuple(drift_of_counts(column, np.array(row[: len(column.counts)]), None) for column, row in pairs)


def _clock_problems(state: DriftState, rows: Mapping[date, int], today: date) -> Iterator[str]:
    ahead = {day: number for day, number in rows.items() if day > today}
    if ahead:
        yield (
            f"clock: {counted(sum(ahead.values()), 'row')} of {min(ahead)} or later, and today is {today}: a"
            " clock was ahead, or this one is behind"
        )
    if state.days and state.days[-1].day >= today:
        yield f"clock: {state.days[-1].day} was judged already, and today is {today}: a clock was set back"


def _notes(state: DriftState, rows: Mapping[date, int]) -> Iterator[str]:
    """Yield what changed in the log about days that are judged already."""
    for judged in state.days:
        found = rows.get(judged.day, 0)
        if found > judged.rows:
            late = counted(found - judged.rows, "row")
            yield f"{late} of {judged.day} came after the day was judged: not judged"
        elif found < judged.rows and found > 0:
            yield f"{counted(judged.rows - found, 'row')} of {judged.day} are no longer in the log"
