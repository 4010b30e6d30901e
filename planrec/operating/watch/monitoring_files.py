"""Verdicts of the slow monitors, from the files that `planrec drift` and `planrec realised` write."""

from pathlib import Path

from planrec.errors import RunError
from planrec.files.json_file import JsonObject, read_object
from planrec.operating.watch.gate import Gate
from planrec.serving.pin import Pin

DRIFT_FILE = Path("monitoring") / "drift.json"
REALISED_FILE = Path("monitoring") / "realised.json"
OF_ADVICE = frozenset({"plan_advised", "abstains", "prob_cheaper"})
"Watched columns that the run itself makes: a rollback changes them. It does not change the inputs."


def drift_gate(outputs: Path, pin: Pin) -> Gate:
    """Judge the alarms of drift: advice that drifted fails, inputs that drifted are only named."""
    found = _of_run(outputs / DRIFT_FILE, pin, "planrec drift")
    if isinstance(found, str):
        return Gate(name="drift", verdict="undecided", detail=found)
    alarms = [str(alarm) for alarm in found.get("alarms", [])]
    if advice := sorted(OF_ADVICE & set(alarms)):
        return Gate(name="drift", verdict="failed", detail=f"the advice drifted: {', '.join(advice)}")
    inputs = ", ".join(alarms)
    detail = f"only inputs drifted ({inputs}): a rollback would not help" if inputs else "no alarm"
    return Gate(name="drift", verdict="passed", detail=detail)


def harm_gate(outputs: Path, pin: Pin, limit: float) -> Gate:
    """Judge the harm that bills showed: it fails if its whole interval is above the limit."""
    found = _of_run(outputs / REALISED_FILE, pin, "planrec realised")
    harm = found if isinstance(found, str) else found.get("harm")
    if not isinstance(harm, dict) or not isinstance(harm.get("value"), int | float):
        detail = found if isinstance(found, str) else f"{REALISED_FILE} has no harm of this run yet"
        return Gate(name="harm", verdict="undecided", detail=detail, limit=limit)
    value, low = harm["value"], harm.get("low")
    detail = f"the advice harmed {value * 100:.1f} % of the subscribers, at most {limit * 100:g} % allowed"
    is_sure = isinstance(low, int | float) and low > limit
    verdict = "failed" if is_sure else "passed" if value <= limit else "undecided"
    return Gate(name="harm", verdict=verdict, detail=detail, value=value, limit=limit)


def _of_run(file: Path, pin: Pin, command: str) -> JsonObject | str:
    """Return the content of a file about the pinned run, or the reason if there is no such content."""
    if not file.is_file():
        return f"{file} is not there yet: type {command}"
    try:
        content = read_object(file)
    except RunError as error:
        return error.message
    if content.get("run_json_sha256") != pin.run_json_sha256:
        return f"{file} is about another run: type {command}"
    return content
