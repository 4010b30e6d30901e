"""The folder into which a bundle is unpacked: where no command looks for runs, and without leftovers."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

PARTIAL = ".partial"
"Folder below the folder of runs, in which no command looks for runs."
_PREFIX = "bundle-"


@contextmanager
def unpacking_folder(outputs: Path) -> Iterator[Path]:
    """Yield a new folder, and remove it afterwards; remove those of killed processes too.

    The process holds a lock on the folder itself, which the system frees if the process is killed.
    """
    parent = outputs / PARTIAL
    for left in parent.glob(f"{_PREFIX}*/"):
        _remove_unowned(left)
    folder, handle = _owned_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
        with suppress(OSError):  # another command uses it
            parent.rmdir()


def _owned_folder(parent: Path) -> tuple[Path, int]:
    """Return a new folder and the handle that holds its lock."""
    while True:
        parent.mkdir(parents=True, exist_ok=True)
        # Another process may remove the folders before this one is locked.
        with suppress(FileNotFoundError):
            folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                return folder, handle
            os.close(handle)


def _remove_unowned(folder: Path) -> None:
    """Remove a folder, unless a living process holds its lock."""
    with suppress(OSError):  # it is locked, or another process removes it
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
