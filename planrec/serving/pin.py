"""The pin, `outputs/pinned.json`: it names the run that is served."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.files.folder_walk import complete_runs
from planrec.files.hashing import sha256_of
from planrec.files.json_file import read_object
from planrec.files.validation_errors import problems_of
from planrec.plugins import changed_plugins
from planrec.runs.provenance import version_problems
from planrec.runs.read import RunJson, SavedRun, load_described, read_run_json, replay_golden
from planrec.schema.config_model import Config
from planrec.schema.shown_name import ShownLine, ShownName
from planrec.serving.acting_user import acting_user
from planrec.serving.bundle.signers import Signers
from planrec.wording import visible

SCHEMA = "planrec.pin/4"
FILE_NAME = "pinned.json"
MAX_EARLIER = 20
ANY_RUN = Signers()
"No signature is required."
MAX_RUN = 1_024
_RUN = r"^[^\x00-\x1f\x7f]+$"
MAX_REASON = 1_000
"Characters of a reason."


class Pinned(Config):
    """One pinned run."""

    run: Annotated[str, Field(min_length=1, max_length=MAX_RUN, pattern=_RUN)]
    "Folder of the run, relative to the folder of pinned.json if it is below it."
    run_json_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    "Hash of run.json, which contains the hashes of all other files of the run."
    pinned_at: ShownName
    pinned_by: ShownLine | None = None
    "User and machine; None in a pin of PlanRec 0.2."
    reason: Annotated[ShownLine, Field(max_length=MAX_REASON)] | None = None
    "None if no reason was given."


class Pin(Pinned):
    """The run that is served, and the earlier ones."""

    schema_: Annotated[Literal["planrec.pin/2", "planrec.pin/3", "planrec.pin/4"], Field(alias="schema")]
    earlier: Annotated[tuple[Pinned, ...], Field(max_length=MAX_EARLIER)]
    "The runs to which rollbacks return, the next one first."
    rolled_back: Annotated[tuple[Pinned, ...], Field(max_length=MAX_EARLIER)] = ()
    "The runs that rollbacks left, the newest first; before `planrec.pin/4` they were in `earlier`."
    is_rollback: bool = False
    "Whether a rollback chose the run."

    def __repr__(self) -> str:
        return f"<Pin {self.run}: {self.reason or 'no reason'}, {len(self.earlier)} earlier>"


def read_pin(outputs: Path) -> Pin:
    """Read pinned.json.

    Raises:
        RunError: no run is pinned, or the file is not a pin; the message names the command to type.
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


def load_pinned(outputs: Path, signers: Signers = ANY_RUN) -> SavedRun:
    """Load the pinned run, check it and replay its golden requests.

    Raises:
        RunError: no run is pinned, or the pinned run was changed or cannot be served.
    """
    return pinned_run(read_pin(outputs), outputs, signers)


def pinned_run(pinned: Pinned, outputs: Path, signers: Signers = ANY_RUN) -> SavedRun:
    """Load the run of a pin, check it and replay its golden requests.

    Raises:
        RunError: the run was changed after it was pinned, or cannot be served.
    """
    folder = outputs / pinned.run
    if not folder.resolve().is_relative_to(outputs.resolve()):
        raise RunError(
            f"{outputs / FILE_NAME} names {pinned.run}, which is outside {outputs}: {_advice(outputs)}"
        )
    try:
        content = (folder / "run.json").read_bytes()
    except OSError:
        raise RunError(
            f"{outputs / FILE_NAME} names {pinned.run}, which is not there: {_advice(outputs)}"
        ) from None
    if sha256_of(content) != pinned.run_json_sha256:
        raise RunError(f"{folder / 'run.json'} was changed after it was pinned: {_advice(outputs)}")
    signed = signers.check_folder(folder)
    return _servable(RunJson.of(folder, content), signed)


def servable_run(folder: Path, signers: Signers = ANY_RUN) -> SavedRun:
    """Load a run that can be served.

    It is complete and unchanged, was made by compatible versions, and repeats its golden predictions. If
    signatures are required, a trusted key signed it.

    Raises:
        RunError: it lists everything that is wrong.
    """
    signed = signers.check_folder(folder)
    return _servable(read_run_json(folder), signed)


def signed_run(folder: Path, signers: Signers) -> SavedRun:
    """Load a complete run; if signatures are required, a trusted key signed it. Raises RunError."""
    signed = signers.check_folder(folder)
    run_json = read_run_json(folder)
    _check_is_signed(run_json, signed)
    return load_described(run_json)


def _check_is_signed(run_json: RunJson, signed: str | None) -> None:
    """Check that run.json has the signed hash, if a signature is required."""
    if signed not in (None, run_json.sha256):
        raise RunError(f"{run_json.folder} was changed while it was read")


def _servable(run_json: RunJson, signed: str | None) -> SavedRun:
    folder, manifest = run_json.folder, run_json.manifest
    _check_is_signed(run_json, signed)
    problems = [*version_problems(manifest.versions), *changed_plugins(manifest.plugins)]
    try:
        saved = load_described(run_json)
        replay_golden(saved)
    except RunError as error:
        raise RunError(error.message, [*error.problems, *problems]) from error
    if problems:
        raise RunError(
            f"{folder} was made by versions that are not compatible with the installed ones", problems
        )
    return saved


def pin_of(saved: SavedRun, outputs: Path, reason: str | None, before: Pin | None) -> Pin:
    """Return the pin of a run by the user of this process; it is not written.

    Args:
        saved: the run.
        outputs: folder of pinned.json.
        reason: why, for those who ask later.
        before: the pin that it replaces, which becomes the first of the earlier ones.

    Raises:
        RunError: the run is not below `outputs`.
    """
    chosen = chosen_now(pin_name(saved.folder, outputs), saved.sha256, reason)
    earlier = () if before is None else (as_pinned(before), *before.earlier)
    return pin_with_history(chosen, earlier, () if before is None else before.rolled_back)


def chosen_now(run: str, sha256: str, reason: str | None) -> Pinned:
    """Return a run as pinned now by the user of this process."""
    return Pinned(
        run=run,
        run_json_sha256=sha256,
        pinned_at=datetime.now(UTC).isoformat(timespec="seconds"),
        pinned_by=acting_user(),
        reason=reason,
    )


def pin_with_history(chosen: Pinned, earlier: Sequence[Pinned], rolled_back: Sequence[Pinned]) -> Pin:
    """Return the pin of a run with its history, in which each run has its newest place; it is no rollback."""
    histories = {"earlier": earlier, "rolled_back": rolled_back}
    seen, kept = {chosen.run_json_sha256}, dict[str, list[Pinned]]()
    for name, runs in histories.items():
        once: list[Pinned] = []
        for run in runs:  # the newest first
            if run.run_json_sha256 not in seen:
                seen.add(run.run_json_sha256)
                once.append(run)
        kept[name] = once[:MAX_EARLIER]
    return Pin.model_validate({"schema": SCHEMA, **chosen.model_dump(), **kept})


def as_pinned(pin: Pin) -> Pinned:
    """Return the run of a pin without its history."""
    return Pinned.model_validate(pin.model_dump(include=set(Pinned.model_fields)))


def current_pin(outputs: Path) -> Pin | None:
    """Return the pin, or None if no run is pinned or the file is not a pin."""
    try:
        return read_pin(outputs)
    except RunError:
        return None


def _advice(outputs: Path) -> str:
    pin = command_line("pin", "latest", outputs=outputs)
    if complete_runs(outputs):
        return f"pin the newest run with {pin}"
    return f"train a run with {command_line('train', outputs=outputs)}, then pin it with {pin}"


def pin_name(folder: Path, outputs: Path) -> str:
    """Return the name of a run in a pin: its folder, relative to that of pinned.json. Raises RunError."""
    if not folder.resolve().is_relative_to(outputs.resolve()):
        raise RunError(
            f"a pinned run must be below {outputs}, got {folder}: copy it to {outputs / folder.name},"
            f" then type {command_line('pin', outputs / folder.name, outputs=outputs)}"
        )
    name = folder.resolve().relative_to(outputs.resolve()).as_posix()
    if re.fullmatch(_RUN, name) is None or len(name) > MAX_RUN:
        raise RunError(
            f"the folder of a pinned run must have a name of at most {MAX_RUN:,} characters without control"
            f" characters, got {visible(name)[:200]!r}: rename it"
        )
    return name
