"""The records of a check: its intent, its line of evidence, and the rollback in the decision log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from planrec.errors import RunError
from planrec.files.json_file import JsonObject
from planrec.operating.evidence import append_evidence, read_evidence
from planrec.operating.intent import KILLED, left_open, write_intent
from planrec.operating.pin_log import log_missing, log_pin
from planrec.operating.watch.gate import Gate, Verdict
from planrec.operating.watch.watch_state import WatchState
from planrec.serving.pin import Pin, Pinned

Action = Literal["none", "rolled_back", "alarm"]
ROLLED_BACK: Action = "rolled_back"
KIND = "watch"
"Kind of the lines of evidence."
_NAMES = {"run", "run_json_sha256"}


@dataclass(frozen=True)
class Watched:
    """The outcome of one check."""

    pin: Pin
    "The pin that was checked."
    gates: tuple[Gate, ...]
    verdict: Verdict
    action: Action = "none"
    went_back_to: Pin | None = None
    explanation: str | None = None
    "Why a failed check did not roll back, or which runs were passed over."


def evidence_of(found: Watched) -> JsonObject:
    """Return a check as JSON values."""
    return _checked(found) | _done(found.action, found.went_back_to, found.explanation)


def announce(found: Watched, outputs: Path, reason: str) -> None:
    """Write the intent to roll back. Raises RunError: nothing may be done then."""
    write_intent(outputs, KIND, _checked(found), reason)


def complete(outputs: Path, log_url: str | None) -> None:
    """Write the records of a check that was killed while it rolled back. Raises RunError."""
    log_missing(outputs, log_url)
    left = left_open(outputs, KIND)
    if left is None:
        return
    logged = log_pin(log_url, left.pinned, is_rollback=True)
    action: Action = "none" if left.pinned is None else ROLLED_BACK
    append_evidence(outputs, KIND, left.content | _done(action, left.pinned, KILLED) | logged.evidence)


def record(found: Watched, outputs: Path, log_url: str | None, before: WatchState | None) -> None:
    """Write the rollback to the log, and evidence if it is new or the check announced a rollback.

    Evidence is new if a verdict is, or the reason for which an alarm does not roll back.

    Raises:
        RunError: the evidence cannot be written.
    """
    logged = log_pin(log_url, found.went_back_to, is_rollback=True)
    verdicts = [(gate.name, gate.verdict) for gate in found.gates]
    known = None if before is None else [(gate.name, gate.verdict) for gate in before.gates]
    is_new = verdicts != known or (found.action == "alarm" and found.explanation != _last_reason(outputs))
    if is_new or left_open(outputs, KIND):
        append_evidence(outputs, KIND, evidence_of(found) | logged.evidence)


def record_alarm(found: Watched, outputs: Path, problem: RunError) -> None:
    """Write the evidence of a rollback that was announced and failed. Raises RunError."""
    done = _done("alarm", None, "; ".join([problem.message, *problem.problems]))
    append_evidence(outputs, KIND, _checked(found) | done)


def _last_reason(outputs: Path) -> str | None:
    """Return the explanation of the last check in the evidence."""
    lines = [line for line in read_evidence(outputs) if line.get("kind") == KIND]
    return lines[-1]["explanation"] if lines else None


def last_rollback(outputs: Path) -> str | None:
    """Return the time of the last rollback in the evidence, or None."""
    times = [line["time"] for line in read_evidence(outputs) if line.get("action") == ROLLED_BACK]
    return times[-1] if times else None


def _checked(found: Watched) -> JsonObject:
    return {
        **found.pin.model_dump(include={*_NAMES, "pinned_at"}),
        "verdict": found.verdict,
        "gates": [gate.model_dump() for gate in found.gates],
    }


def _done(action: Action, target: Pinned | None, explanation: str | None) -> JsonObject:
    return {
        "action": action,
        "went_back_to": target and target.model_dump(include=_NAMES),
        "explanation": explanation,
    }
