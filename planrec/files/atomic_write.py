"""Files that exist completely or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from time import time
from typing import BinaryIO

LEFTOVER_SECONDS = 3_600.0
"The part of a killed writer is removed by the next writer of the file after this time."


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: a reader sees the old content or the new, never a part."""
    with replaced_atomically(file) as handle:
        handle.write(content)


@contextmanager
def replaced_atomically(file: Path, *, owner_only: bool = False) -> Iterator[BinaryIO]:
    """Yield a new file beside `file` that takes its place if nothing is raised, and is removed otherwise.

    Args:
        file: the file to replace.
        owner_only: whether only its owner can read it.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    _remove_leftovers(file)
    try:
        with temporary.open("wb") as handle:
            if owner_only:
                os.fchmod(handle.fileno(), 0o600)
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def _remove_leftovers(file: Path) -> None:
    """Remove the parts of earlier writers of this file that were killed."""
    for left in file.parent.glob(f".{escape(file.name)}.*"):
        pid = left.name.rpartition(".")[2]
        with suppress(OSError):
            # A process of another machine or container is not seen here; its file is new while it writes.
            if pid.isdecimal() and not _runs(int(pid)) and time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                left.unlink()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
