"""Which run is served: `outputs/pinned.json`, written atomically."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from planrec.atomic_file import write_atomically
from planrec.errors import RunError
from planrec.json_file import read_object
from planrec.manifest import problems_of
from planrec.model_card import card_of
from planrec.outputs_folder import command_line
from planrec.provenance import version_problems
from planrec.run_folder import (
    SavedRun,
    complete_runs,
    load_run,
    read_manifest,
    replay_golden,
    write_card,
)
from planrec.schema import Config

SCHEMA = "planrec.pin/2"
FILE_NAME = "pinned.json"
MAX_EARLIER = 20


class Pinned(Config):
    """One run that was chosen to be served."""

    run: Annotated[str, Field(min_length=1)]
    "Folder of the run, relative to the folder of pinned.json where it lies below it."
    run_json_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    "Hash of the run's run.json, which holds the hashes of all its other files."
    pinned_at: str


class Pin(Pinned):
    """The run that is served, and those that were served before."""

    schema_: Annotated[Literal["planrec.pin/2"], Field(alias="schema")]
    earlier: Annotated[tuple[Pinned, ...], Field(max_length=MAX_EARLIER)]
    "The newest first."


def pin_run(folder: Path, outputs: Path, dry_run: bool = False) -> Pin:
    """Serve this run from now on, once it has shown that it can be served; its model card lies beside it.

    Raises:
        RunError: the run is not complete, was changed, was made by other versions, does not repeat its golden
            predictions, or its card cannot be written. Nothing is pinned then.
    """
    servable_run(folder)
    card = card_of(folder)
    pin = _pin_of(folder, outputs)
    if not dry_run:
        write_card(folder, card)
        _write(pin, outputs)
    return pin


def rollback(outputs: Path, dry_run: bool = False) -> Pin:
    """Serve the run that was served before this one; a second rollback returns.

    Raises:
        RunError: nothing was pinned before, or it cannot be served any more. The pin stays then.
    """
    now = read_pin(outputs)
    if not now.earlier:
        raise RunError(
            f"{outputs / FILE_NAME}: no run was pinned before {now.run}, so there is none to go back to"
        )
    pinned_run(now.earlier[0], outputs)
    pin = _pin_of(outputs / now.earlier[0].run, outputs)
    if not dry_run:
        _write(pin, outputs)
    return pin


def read_pin(outputs: Path) -> Pin:
    """What pinned.json holds.

    Raises:
        RunError: nothing is pinned, or the file is no pin; the message names the command that mends it.
    """
    file = outputs / FILE_NAME
    if not file.is_file():
        raise RunError(f"no run is pinned in {file}: {_advice(outputs)}")
    try:
        return Pin.model_validate(read_object(file))
    except RunError as error:
        raise RunError(f"{file} is not a pin ({error.message}): {_advice(outputs)}") from error
    except ValidationError as error:
        raise RunError(f"{file} is not a pin: {_advice(outputs)}", problems_of(error)) from error


def load_pinned(outputs: Path) -> SavedRun:
    """The pinned run, read, checked and asked its golden requests.

    Raises:
        RunError: nothing is pinned, or the pinned run is not what was pinned or cannot be served.
    """
    return pinned_run(read_pin(outputs), outputs)


def pinned_run(pinned: Pinned, outputs: Path) -> SavedRun:
    """The run of a pin, read, checked and asked its golden requests. Raises RunError."""
    folder = outputs / pinned.run
    if not (folder / "run.json").is_file():
        raise RunError(f"{outputs / FILE_NAME} names {pinned.run}, which is not there: {_advice(outputs)}")
    if _sha256(folder / "run.json") != pinned.run_json_sha256:
        raise RunError(f"{folder / 'run.json'} was changed after it was pinned: {_advice(outputs)}")
    return servable_run(folder)


def servable_run(folder: Path) -> SavedRun:
    """A complete run that is as it was saved, of these versions, and repeats its golden predictions.

    Raises:
        RunError: with everything that is wrong.
    """
    problems = version_problems(read_manifest(folder).versions)
    try:
        saved = load_run(folder)
        replay_golden(saved)
    except RunError as error:
        raise RunError(error.message, [*error.problems, *problems]) from error
    if problems:
        raise RunError(
            f"{folder} was made by versions that are not compatible with the installed ones", problems
        )
    return saved


def _pin_of(folder: Path, outputs: Path) -> Pin:
    chosen = Pinned(
        run=_relative(folder, outputs),
        run_json_sha256=_sha256(folder / "run.json"),
        pinned_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    before = [pin for pin in _pinned_before(outputs) if pin.run_json_sha256 != chosen.run_json_sha256]
    earlier = [pin.model_dump() for pin in before[:MAX_EARLIER]]
    return Pin.model_validate({"schema": SCHEMA, **chosen.model_dump(), "earlier": earlier})


def _pinned_before(outputs: Path) -> Sequence[Pinned]:
    """The pin that is replaced and those before it; none where there is no pin that can be read."""
    try:
        now = read_pin(outputs)
    except RunError:
        return ()
    return (Pinned.model_validate(now.model_dump(include=set(Pinned.model_fields))), *now.earlier)


def _write(pin: Pin, outputs: Path) -> None:
    content = pin.model_dump(mode="json", by_alias=True)
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        write_atomically(outputs / FILE_NAME, (json.dumps(content, indent=2) + "\n").encode())
    except OSError as error:
        raise RunError(f"{outputs / FILE_NAME} cannot be written: {error}") from error


def _advice(outputs: Path) -> str:
    pin = command_line("pin", "latest", outputs=outputs)
    if complete_runs(outputs):
        return f"pin the newest run with {pin}"
    return f"train a run with {command_line('train', outputs=outputs)}, then pin it with {pin}"


def _relative(folder: Path, outputs: Path) -> str:
    inside = folder.resolve().is_relative_to(outputs.resolve())
    return str(folder.resolve().relative_to(outputs.resolve()) if inside else folder.resolve())


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
