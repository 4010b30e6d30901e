"""The deny list, `outputs/denied.json`: runs that failed in production and must not be pinned again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.json_file import read_object
from planrec.files.validation_errors import problems_of
from planrec.runs.read import read_run_json
from planrec.schema.config_model import Config
from planrec.schema.shown_name import ShownLine, ShownName
from planrec.serving.acting_user import acting_user
from planrec.serving.pin import Pinned
from planrec.serving.pin_lock import pin_lock

FILE_NAME = "denied.json"
MOST_DENIED = 10_000
"Runs of a list."


class Denied(Config):
    """A run that must not be pinned."""

    run: ShownName
    run_json_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    denied_at: ShownName
    denied_by: ShownLine
    reason: ShownLine
    address: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    "Content address, also if the folder is gone; None if it is unknown, as in earlier versions."


class DenyList(Config):
    """The content of denied.json."""

    schema_: Annotated[Literal["planrec.denied/1"], Field(alias="schema")] = "planrec.denied/1"
    denied: Annotated[tuple[Denied, ...], Field(max_length=MOST_DENIED)] = ()
    "The newest last."


def read_denied(outputs: Path) -> tuple[Denied, ...]:
    """Return the denied runs, the newest last; none if there is no file.

    Raises:
        RunError: the file is not a deny list. Nothing is pinned then, because any run could be denied.
    """
    file = outputs / FILE_NAME
    if not file.is_file():
        return ()
    advice = "correct it, or move it away to deny no run"
    try:
        return DenyList.model_validate(read_object(file)).denied
    except RunError as error:
        raise RunError(f"{file} is not a deny list ({error.message}): {advice}") from error
    except ValidationError as error:
        raise RunError(f"{file} is not a deny list: {advice}", problems_of(error)) from error


def denial_of(sha256: str, outputs: Path) -> Denied | None:
    """Return the entry of the run whose run.json has this hash, or None. Raises RunError."""
    return next((entry for entry in read_denied(outputs) if entry.run_json_sha256 == sha256), None)


def check_not_denied(sha256: str, outputs: Path) -> None:
    """Check that the run whose run.json has this hash may be pinned.

    Raises:
        RunError: it is denied; the message has who denied it, when and why.
    """
    if found := denial_of(sha256, outputs):
        raise RunError(
            f"{found.run} is denied in {outputs / FILE_NAME} since {found.denied_at} by {found.denied_by}"
            f" ({found.reason}): pin another run, or add --allow-denied and a --reason"
        )


def deny(run: Pinned, outputs: Path, reason: str) -> Denied:
    """Add a run to the deny list and return its entry; a run that is denied keeps its first entry.

    Raises:
        RunError: denied.json is not a deny list, or cannot be written.
    """
    with pin_lock(outputs):
        if found := denial_of(run.run_json_sha256, outputs):
            return found
        entry = Denied(
            run=run.run,
            run_json_sha256=run.run_json_sha256,
            denied_at=datetime.now(UTC).isoformat(timespec="seconds"),
            denied_by=acting_user(),
            reason=reason,
            address=_address_of(run, outputs),
        )
        content = DenyList(denied=(*read_denied(outputs), entry)).model_dump(mode="json", by_alias=True)
        file = outputs / FILE_NAME
        try:
            write_atomically(file, (json.dumps(content, indent=2) + "\n").encode())
        except OSError as error:
            raise RunError(f"{file} cannot be written: {error}") from error
    return entry


def _address_of(run: Pinned, outputs: Path) -> str | None:
    """Return the address of a run that is there and has figures of its own, else None."""
    try:
        found = read_run_json(outputs / run.run)
    except RunError:
        return None
    return found.manifest.own_address if found.sha256 == run.run_json_sha256 else None
