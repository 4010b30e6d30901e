"""Files of counters that the workers share; a full disk costs the counts, and never the worker."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import prometheus_client.values
from prometheus_client.mmap_dict import MmapedDict

from .outage_log import OutageLog

FIRST_BYTES = 65_536
"Size of a new file."
log = logging.getLogger("planrec.api.metrics")


class AllocatedFile(MmapedDict):
    """A file of counters whose blocks are on the disk before they are written to.

    prometheus-client makes files longer than they are on the disk. Writing to a block that a full disk cannot
    provide then kills the process with SIGBUS.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        """Open a file. Raises OSError if the disk is full."""
        if not read_mode:
            _allocate(Path(filename))
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        """Add a counter. Raises OSError if the file must grow and the disk is full."""
        most = len(key.encode()) + 32
        if self._used + most > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def use_allocated_files() -> None:
    """Let prometheus-client keep the counters of this process in such files, if it keeps them in files."""
    if hasattr(os, "posix_fallocate"):
        prometheus_client.values.MmapedDict = AllocatedFile  # type: ignore[attr-defined]


class LossyCounting:
    """Counting that may fail: the requests are answered."""

    def __init__(self) -> None:
        """Start without a failure."""
        self._outage = OutageLog(log, "requests are answered but not counted in the metrics")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Ignore a full disk."""
        try:
            yield
        except OSError as error:
            self._outage.report(error)


def _allocate(file: Path) -> None:
    if file.exists():
        return
    # Under another name, because a worker that reads all files of counters cannot read an empty one.
    new = file.with_name(f"{file.name}.new")
    try:
        with new.open("wb") as handle:
            os.posix_fallocate(handle.fileno(), 0, FIRST_BYTES)
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise
