"""The intent to pin, as evidence before the pin: the next call completes the evidence of a killed one."""

from pathlib import Path
from typing import NamedTuple

from planrec.files.json_file import JsonObject
from planrec.operating.evidence import append_evidence, read_evidence
from planrec.serving.pin import Pin, Pinned, current_pin

KILLED = "the process was killed before it wrote this line; the next call wrote it"


class LeftOpen(NamedTuple):
    """The intent of a call that was killed before it wrote its line of evidence."""

    content: JsonObject
    "The content of the intent, without time, kind and reason."
    pinned: Pinned | None
    "The pin that the call wrote, or a later one of the same run by hand; None if it was killed before."
    reason: str
    "The reason that the pin of the call has."

    @property
    def is_by_hand(self) -> bool:
        """Return whether a person pinned the run since; then it is unknown whether the call had pinned it."""
        return self.pinned is not None and self.pinned.reason != self.reason

    @property
    def explanation(self) -> str:
        """Return why the next call wrote the line, and who pinned the run if a person did."""
        if self.pinned is None or not self.is_by_hand:
            return KILLED
        return f"{KILLED}; the run was pinned by hand, by {self.pinned.pinned_by}: {self.pinned.reason}"

    @property
    def is_rollback(self) -> bool:
        """Return whether a rollback chose the run, if it is the pin."""
        return isinstance(self.pinned, Pin) and self.pinned.is_rollback


def write_intent(outputs: Path, kind: str, content: JsonObject, reason: str) -> None:
    """Append the intent to pin a run, and wait for the disk.

    Args:
        outputs: folder of runs and of the pin.
        kind: the kind of the line that the call writes at its end, such as `retrain`.
        content: the facts of that line that are known already.
        reason: the reason that the pin will have.

    Raises:
        RunError: the file cannot be written: nothing may be pinned then.
    """
    append_evidence(outputs, _intent(kind), {**content, "reason": reason})


def left_open(outputs: Path, kind: str) -> LeftOpen | None:
    """Return the intent of the last call of this kind, if no line about its end follows.

    Raises:
        RunError: the evidence cannot be read.
    """
    kinds = (kind, _intent(kind))
    *_, last = [None, *(line for line in read_evidence(outputs) if line.get("kind") in kinds)]
    if last is None or last["kind"] == kind:
        return None
    about = {name: value for name, value in last.items() if name not in ("time", "kind", "reason")}
    return LeftOpen(about, _pinned_since(outputs, last), last["reason"])


def _intent(kind: str) -> str:
    return f"{kind}_intent"


def _pinned_since(outputs: Path, intent: JsonObject) -> Pinned | None:
    """Return the pin with the reason of the intent, or of its challenger, from its time on."""
    pin = current_pin(outputs)
    pins = () if pin is None else (pin, *pin.earlier, *pin.rolled_back)
    challenger = intent.get("challenger", {}).get("run_json_sha256")
    later = (each for each in pins if each.pinned_at >= intent["time"])
    found = (each for each in later if each.reason == intent["reason"] or each.run_json_sha256 == challenger)
    return next(found, None)
