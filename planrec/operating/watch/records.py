"""The records of a check: its intent, its line of evidence, and the rollback in the decision log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from planrec.errors import LogError
from planrec.files.json_file import JsonObject
from planrec.operating.evidence import append_evidence, read_evidence
from planrec.operating.intent import KILLED, left_open, write_intent
from planrec.operating.watch.gate import Gate, Verdict
from planrec.operating.watch.watch_state import WatchState
from planrec.serving.pin import Pin, Pinned
from planrec.serving.pin_event import record_pin

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
    left = left_open(outputs, KIND)
    if left is None:
        return
    _log_rollback(left.pinned, log_url)
    action: Action = "none" if left.pinned is None else ROLLED_BACK
    append_evidence(outputs, KIND, left.content | _done(action, left.pinned, KILLED))


def record(found: Watched, outputs: Path, log_url: str | None, before: WatchState | None) -> None:
    """Write the rollback to the log, and evidence if a verdict is new or the check announced a rollback.

    Raises:
        RunError: the evidence cannot be written.
    """
    _log_rollback(found.went_back_to, log_url)
    verdicts = [(gate.name, gate.verdict) for gate in found.gates]
    known = None if before is None else [(gate.name, gate.verdict) for gate in before.gates]
    if verdicts != known or left_open(outputs, KIND):
        append_evidence(outputs, KIND, evidence_of(found))


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


def _log_rollback(pinned: Pinned | None, log_url: str | None) -> None:
    """Write a rollback to the decision log; without a log, pinned.json and the evidence have it."""
    if pinned is None or log_url is None:
        return
    try:
        record_pin(log_url, pinned, is_rollback=True)
    except LogError:
        # The failure that is rolled back may be that of the database.
        return
