"""Files that exist completely or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


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
