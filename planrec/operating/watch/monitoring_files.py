"""Verdicts of the slow monitors, from the files that `planrec drift` and `planrec realised --save` write."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from planrec.errors import RunError
from planrec.files.json_file import JsonObject, read_object
from planrec.input_drift.streams import ALL_COLUMNS
from planrec.input_drift.watched import ABSTAINS, PLAN_ADVISED
from planrec.monitoring.drift_check.drift_report import DRIFT_FILE, PROB_CHEAPER
from planrec.operating.watch.gate import Gate
from planrec.serving.pin import Pin

REALISED_FILE = Path("monitoring") / "realised.json"
OF_ADVICE = (PLAN_ADVISED, ABSTAINS, PROB_CHEAPER)
"Streams that the run itself makes: a rollback changes them. It does not change the inputs that they follow."
MOST_AGE = timedelta(days=2)
"Time since the end of the last day in drift.json after which it says nothing about today."
MOST_AGE_OF_BILLS = timedelta(days=35)
"Age of realised.json after which it says nothing about the advice of today: bills come once a month."
LEAST_DECISIONS = 100
"Decisions judged by bills, without which harm is undecided."
HARM = "harm_rate"
JUDGE = "planrec realised --save"


def drift_gate(outputs: Path, pin: Pin) -> Gate:
    """Judge the alarms of drift: advice that drifted alone fails, inputs that drifted are only named."""
    try:
        found = _content(outputs / DRIFT_FILE, "planrec drift")
        if found["run_json_sha256"] != pin.run_json_sha256:
            return _undecided("drift", f"{DRIFT_FILE} is about another run: type planrec drift")
        if datetime.now(UTC) - _end_of(found["day"]) > MOST_AGE:
            return _undecided("drift", f"{DRIFT_FILE} ends with {found['day']}: type planrec drift")
        alarms = [str(alarm) for alarm in found["alarms"]]
        days = found["reference_days"]
        is_enough, counted = days["found"] >= days["needed"], f"{days['found']} of {days['needed']}"
    except (LookupError, TypeError, ValueError, RunError) as error:
        return _undecided("drift", _problem(error, DRIFT_FILE))
    if advice := [alarm for alarm in alarms if alarm.partition("=")[0] in OF_ADVICE]:
        return _gate_of_advice(advice, [alarm for alarm in alarms if alarm not in (*advice, ALL_COLUMNS)])
    named = f"only inputs drifted ({', '.join(alarms)}): a rollback would not help" if alarms else "no alarm"
    if not is_enough:
        return _undecided("drift", f"{named}; {counted} reference days so far")
    return Gate(name="drift", verdict="passed", detail=named)


def _gate_of_advice(advice: Sequence[str], others: Sequence[str]) -> Gate:
    """Judge advice that drifted: it fails unless the inputs, from which it follows, drifted too."""
    detail = f"the advice drifted: {', '.join(advice)}"
    if others:
        return _undecided("drift", f"{detail}; inputs drifted too ({', '.join(others)})")
    return Gate(name="drift", verdict="failed", detail=detail)


def harm_gate(outputs: Path, pin: Pin, limit: float) -> Gate:
    """Judge the harm that bills showed: it fails if its whole interval is above the limit."""
    try:
        found = _content(outputs / REALISED_FILE, JUDGE)
        made_at = datetime.fromisoformat(found["made_at"])
        if datetime.now(UTC) - made_at > MOST_AGE_OF_BILLS:
            return _undecided("harm", f"{REALISED_FILE} was written on {made_at:%Y-%m-%d}: type {JUDGE}")
        harm = next(
            value for value in found["of_runs"].get(pin.run_json_sha256, ()) if value["metric"] == HARM
        )
        value, low, n = float(harm["value"]), float(harm["low"]), int(harm["n_decisions"])
    except StopIteration:
        return _undecided("harm", f"{REALISED_FILE} has no harm of this run yet")
    except (LookupError, TypeError, ValueError, RunError) as error:
        return _undecided("harm", _problem(error, REALISED_FILE))
    detail = f"the advice harmed {value * 100:.1f} % of {n:,} decisions, at most {limit * 100:g} % allowed"
    if n < LEAST_DECISIONS:
        return _undecided("harm", f"{detail}; at least {LEAST_DECISIONS} are needed")
    verdict = "failed" if low > limit else "passed" if value <= limit else "undecided"
    return Gate(name="harm", verdict=verdict, detail=detail, value=value, limit=limit)


def _end_of(day: str | None) -> datetime:
    """Return the end of the last day that was judged. Raises RunError without one."""
    if day is None:
        raise RunError(f"{DRIFT_FILE} has no day that is over yet")
    return datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)


def _content(file: Path, command: str) -> JsonObject:
    if not file.is_file():
        raise RunError(f"{file} is not there yet: type {command}")
    return read_object(file)


def _problem(error: Exception, file: Path) -> str:
    return error.message if isinstance(error, RunError) else f"{file} is not readable: type the command again"


def _undecided(name: str, detail: str) -> Gate:
    return Gate(name=name, verdict="undecided", detail=detail)
