"""The folder into which a bundle is unpacked: where no command looks for runs, and without leftovers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock

PARTIAL = ".partial"
"Folder below the folder of runs, in which no command looks for runs."
_PREFIX = "bundle-"
_LOCK = ".lock"


@contextmanager
def unpacking_folder(outputs: Path) -> Iterator[Path]:
    """Yield a new folder, and remove it afterwards; remove those of killed processes too.

    The process holds a lock inside the folder, which the system frees if the process is killed.
    """
    parent = outputs / PARTIAL
    for left in parent.glob(f"{_PREFIX}*/"):
        _remove_unowned(left)
    folder, lock = _owned_folder(parent)
    try:
        yield folder
    finally:
        _remove(folder, lock)
        with suppress(OSError):  # another command uses it
            parent.rmdir()


def _owned_folder(parent: Path) -> tuple[Path, FileLock]:
    """Return a new folder and its lock, which this process holds."""
    while True:
        parent.mkdir(parents=True, exist_ok=True)
        # Another process may remove the folders before this one is locked.
        with suppress(FileNotFoundError):
            folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
            lock = FileLock(folder / _LOCK)
            lock.acquire()
            if (folder / _LOCK).exists():
                return folder, lock
            lock.release()


def _remove_unowned(folder: Path) -> None:
    """Remove a folder, unless a living process holds its lock."""
    lock = FileLock(folder / _LOCK)
    with suppress(OSError):  # it is locked, or another process removes it
        lock.acquire(timeout=0)
        _remove(folder, lock)


def _remove(folder: Path, lock: FileLock) -> None:
    """Remove a folder whose lock this process holds."""
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    with suppress(OSError):  # Windows removes no lock that is held
        folder.rmdir()
