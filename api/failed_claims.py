"""The keys whose claims could not be ended on a full disk: memory that all workers of a server share."""

import os
from mmap import mmap
from pathlib import Path
from struct import pack_into, unpack_from
from zlib import crc32

SLOTS = 8_192
_TIME = "<d"
_BYTES = 8 * SLOTS


class FailedClaims:
    """The time of the last failure for each key.

    The table has a fixed size. Its disk space is reserved at start. Two keys of one slot share their time:
    a key may then count as failed although its request is still being answered, once in `SLOTS` cases.
    """

    def __init__(self, file: Path | None) -> None:
        """Share the table in a file; without one, or if the disk is full already, keep it in this process."""
        self._times = _shared(file) or mmap(-1, _BYTES)

    def add(self, name: str, time: float) -> None:
        """Record that the claim of a key could not be ended."""
        pack_into(_TIME, self._times, _place(name), time)

    def last(self, name: str) -> float:
        """Return the time of the last failure, 0 if there was none.

        >>> failed = FailedClaims(None)
        >>> failed.add("a", 7.0)
        >>> failed.last("a"), failed.last("b")
        (7.0, 0.0)
        """
        return float(unpack_from(_TIME, self._times, _place(name))[0])


def _place(name: str) -> int:
    return 8 * (crc32(name.encode()) % SLOTS)


def _shared(file: Path | None) -> mmap | None:
    if file is None or not hasattr(os, "posix_fallocate"):
        return None
    try:
        with file.open("a+b") as handle:
            # Reserved: a process that writes to a page without a place on the disk is killed.
            os.posix_fallocate(handle.fileno(), 0, _BYTES)
            return mmap(handle.fileno(), _BYTES)
    except OSError:
        return None
