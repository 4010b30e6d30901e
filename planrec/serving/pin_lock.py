"""The lock of those who change the pin or the deny list; readers need none, files are replaced whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from planrec.errors import RunError
from planrec.files.shared_file import shared_lock

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
        lock = shared_lock(file)
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
