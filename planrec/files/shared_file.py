"""Files and locks that all users who may write a folder share, with any umask."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from planrec.errors import BusyError, RunError


def create_shared(file: Path, *, mode: int = 0o600) -> int:
    """Create a file if it is missing, so that all users who may replace files in its folder may write it.

    Args:
        file: the file.
        mode: what other users may do, as far as the umask allows it.

    Returns:
        The mode that the umask does not change.

    Raises:
        OSError: the file cannot be created.
    """
    folder = file.parent.stat()
    writers = folder.st_mode & 0o222
    shared = 0o600 | writers | writers << 1
    if os.name == "posix":
        with suppress(FileExistsError):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            try:
                with suppress(PermissionError):  # this user is not in the group of the folder
                    os.fchown(handle, -1, folder.st_gid)
                os.fchmod(handle, os.fstat(handle).st_mode & 0o777 | shared)
            finally:
                os.close(handle)
    return shared


def shared_lock(file: Path) -> FileLock:
    """Return a lock that all users who may replace files in its folder may take. Raises OSError."""
    return FileLock(file, mode=create_shared(file))


@contextmanager
def held_alone(file: Path, act: str) -> Iterator[None]:
    """Hold a lock, or leave at once; the system frees that of a killed process.

    Args:
        file: the file of the lock.
        act: the act of its holder, such as `retrain`.

    Raises:
        BusyError: another process holds it.
        RunError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = shared_lock(file)
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"another {act} is running: it holds {file}; wait for its end") from None
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()
