"""Which run is served: `outputs/pinned.json`, written atomically."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planrec.atomic_file import write_atomically
from planrec.errors import RunError
from planrec.model_card import card_of
from planrec.run_folder import SavedRun, complete_runs, load_run, replay_golden, write_card

SCHEMA = "planrec.pin/1"
FILE_NAME = "pinned.json"


@dataclass(frozen=True)
class Pin:
    """The run that is served, and the one that was served before."""

    run: str
    "Folder of the run, relative to the folder of pinned.json where it lies below it."
    run_json_sha256: str
    "Hash of the run's run.json, which holds the hashes of all its other files."
    pinned_at: str
    previous: dict[str, Any] | None


def pin_run(folder: Path, outputs: Path) -> Pin:
    """Serve this run from now on, once it has shown that it can be served; its model card lies beside it.

    Raises:
        RunError: the run is not complete, was changed, does not repeat its golden predictions, or its card
            cannot be written. Nothing is pinned then.
    """
    replay_golden(load_run(folder))
    write_card(folder, card_of(folder))
    file = outputs / FILE_NAME
    pin = Pin(
        run=_relative(folder, outputs),
        run_json_sha256=_sha256(folder / "run.json"),
        pinned_at=datetime.now(UTC).isoformat(timespec="seconds"),
        previous=_pinned_before(file),
    )
    outputs.mkdir(parents=True, exist_ok=True)
    write_atomically(file, (json.dumps({"schema": SCHEMA, **vars(pin)}, indent=2) + "\n").encode())
    return pin


def load_pinned(outputs: Path) -> SavedRun:
    """The pinned run, read and checked.

    Raises:
        RunError: nothing is pinned (the message names the command that pins the newest run), or the pinned
            run is not what was pinned.
    """
    file = outputs / FILE_NAME
    if not file.is_file():
        raise RunError(f"no run is pinned in {file}: {_advice(outputs)}")
    try:
        pin = json.loads(file.read_text("utf-8"))
        folder, sha256 = outputs / pin["run"], pin["run_json_sha256"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RunError(f"{file} is not a pin ({error}): {_advice(outputs)}") from error
    if not (folder / "run.json").is_file():
        raise RunError(f"{file} names {pin['run']}, which is not there: {_advice(outputs)}")
    if _sha256(folder / "run.json") != sha256:
        raise RunError(f"{folder / 'run.json'} was changed after it was pinned: {_advice(outputs)}")
    return load_run(folder)


def _pinned_before(file: Path) -> dict[str, Any] | None:
    """The pin that is replaced; None where there is none, or none that can be read."""
    try:
        before = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_pin = isinstance(before, dict) and "run" in before
    return {key: value for key, value in before.items() if key != "previous"} if is_pin else None


def _advice(outputs: Path) -> str:
    where = "" if outputs == Path("outputs") else f" --outputs {outputs}"
    if complete_runs(outputs):
        return f"pin the newest run with python -m planrec.pin latest{where}"
    return f"train a run with python -m planrec.train, then pin it with python -m planrec.pin latest{where}"


def _relative(folder: Path, outputs: Path) -> str:
    inside = folder.resolve().is_relative_to(outputs.resolve())
    return str(folder.resolve().relative_to(outputs.resolve()) if inside else folder.resolve())


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
