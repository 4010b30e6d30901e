"""The lock of those who change the pin or the deny list; readers need none, files are replaced whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from planrec.errors import RunError

FILE_NAME = ".pin.lock"
SECONDS = 30.0
"Time to wait for another process; each holds the lock for some milliseconds."


@contextmanager
def pin_lock(outputs: Path) -> Iterator[None]:
    """Hold the lock; the system frees that of a killed process.

    Raises:
        RunError: another process holds it, or the folder cannot be written.
    """
    file = outputs / FILE_NAME
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        lock = _lock_in(outputs)
        lock.acquire(timeout=SECONDS)
    except Timeout:
        raise RunError(
            f"another process has held {file} for {SECONDS:g} seconds: nothing was written; end it, then type"
            " the command again"
        ) from None
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _lock_in(outputs: Path) -> FileLock:
    """Return the lock of a folder: all users who may replace files in the folder may take it."""
    folder, file = outputs.stat(), outputs / FILE_NAME
    writers = folder.st_mode & 0o222
    mode = 0o600 | writers | writers << 1
    if os.name == "posix":
        _create(file, mode, folder.st_gid)
    return FileLock(file, mode=mode)


def _create(file: Path, mode: int, group: int) -> None:
    """Create the file of a lock if it is missing; the umask does not change its mode."""
    with suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with suppress(PermissionError):  # this user is not in the group of the folder
                os.fchown(handle, -1, group)
            os.fchmod(handle, mode)
        finally:
            os.close(handle)
