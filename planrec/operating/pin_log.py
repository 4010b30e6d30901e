"""Pins in the decision log: the next call writes those that a failure of the database kept out of it."""

from pathlib import Path
from typing import NamedTuple

from planrec.errors import LogError
from planrec.files.json_file import JsonObject
from planrec.operating.evidence import append_evidence, read_evidence
from planrec.serving.pin import Pinned
from planrec.serving.pin_event import FIELDS, record_pin

MISSING = "missing_in_log"
"Field of evidence: the pin that the decision log lacks."
LATE = "pin_logged"
"Kind of the line about a pin that came into the log later."


class PinLogged(NamedTuple):
    """The result of writing a pin to the decision log."""

    problem: str | None
    "Why the log does not have it."
    evidence: JsonObject
    "Fields for the line of evidence; none if the log has the pin."


def log_pin(log_url: str | None, pinned: Pinned | None, *, is_rollback: bool) -> PinLogged:
    """Write a pin to the decision log, if there are both; if that fails, the run is pinned even so."""
    if log_url is None or pinned is None:
        return PinLogged(None, {})
    try:
        record_pin(log_url, pinned, is_rollback=is_rollback)
    except LogError as error:
        missing = pinned.model_dump(include=FIELDS) | {"is_rollback": is_rollback}
        return PinLogged(error.message, {"log_problem": error.message, MISSING: missing})
    return PinLogged(None, {})


def log_missing(outputs: Path, log_url: str | None) -> None:
    """Write the pins that the decision log lacks, by the evidence, and append a line about each.

    Raises:
        RunError: the evidence cannot be read or written.
    """
    lines = read_evidence(outputs) if log_url is not None else []
    done = [line["pin"] for line in lines if line.get("kind") == LATE]
    for missing in (line[MISSING] for line in lines if MISSING in line):
        pinned = Pinned.model_validate({name: missing[name] for name in FIELDS})
        late = missing in done or log_pin(log_url, pinned, is_rollback=missing["is_rollback"]).problem
        if not late:
            append_evidence(outputs, LATE, {"pin": missing})
