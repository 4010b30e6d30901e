"""Writing the pin: compare and set under a lock, with the deny list of that moment."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from planrec.commands.advice import command_line
from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.serving.denied_runs import check_not_denied
from planrec.serving.pin import FILE_NAME, Pin, current_pin
from planrec.serving.pin_lock import pin_lock


def write_pin(
    pin: Pin,
    outputs: Path,
    expected: Pin | None,
    *,
    allow_denied: bool = False,
    placing: AbstractContextManager[None] | None = None,
) -> None:
    """Write pinned.json, atomically, if it is still the pin that the caller read.

    Args:
        pin: the new pin.
        outputs: folder of pinned.json.
        expected: what `current_pin` returned.
        allow_denied: whether the run may be on the deny list.
        placing: puts the run into its place under the same lock, and removes it if the pin is not written.

    Raises:
        RunError: the pin was changed in between, and stays; the run is denied; or the file cannot be written.
    """
    content = pin.model_dump(mode="json", by_alias=True)
    with pin_lock(outputs):
        _check_unchanged(current_pin(outputs), expected, outputs)
        if not allow_denied:
            check_not_denied(pin.run_json_sha256, outputs)
        try:
            with placing or nullcontext():
                write_atomically(outputs / FILE_NAME, (json.dumps(content, indent=2) + "\n").encode())
        except OSError as error:
            raise RunError(f"{outputs / FILE_NAME} cannot be written: {error}") from error


def _check_unchanged(found: Pin | None, expected: Pin | None, outputs: Path) -> None:
    if found == expected:
        return
    now, before = (
        "names no run" if pin is None else f"names {pin.run}, pinned at {pin.pinned_at} by {pin.pinned_by}"
        for pin in (found, expected)
    )
    raise RunError(
        f"{outputs / FILE_NAME} was changed by another process in between, and stays: it {now};"
        f" when it was read, it {before.replace('names', 'named')}. Look at"
        f" {command_line('pin', '--list', outputs=outputs)}, then type the command again"
    )
