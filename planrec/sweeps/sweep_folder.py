"""The folder of a sweep, and the store of finished cells.

<root>/<date>/<time>-<id>/   one sweep; <id> begins its identity, so that the same command finds it again
  sweep.json                 the arguments
  <number>                   link to the run of a finished cell; a second one is named by hydra.sweep.subdir
  failed/<number>.json|.log  a cell that failed: overrides, type, message; traceback
  study.sqlite3              the trials of a search
<root>/cells/<address>/      a finished cell: a run folder, moved here when it is complete, or a link to a run
<root>/.partial/, .locks/    cells under way, by process; one process at a time runs an address

Nothing here is rewritten: the files themselves show which cells are done. So a sweep may be killed at any
instant, and two sweeps may share cells.
"""

import contextlib
import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.folder_walk import SWEEP_FILE, folders_below
from planrec.files.hashing import sha256_of
from planrec.files.json_file import read_object

SCHEMA = "planrec.sweep/1"


@dataclass(frozen=True)
class Failure:
    """The error of a cell."""

    overrides: tuple[str, ...]
    type: str
    message: str
    log: str
    "Path of the file that holds the traceback."


@dataclass(frozen=True)
class FailedCell:
    """A failed cell and its sweep, for reports."""

    sweep: Path
    number: int
    failure: Failure

    @property
    def name(self) -> str:
        """<date>/<time>-<id>/<number>."""
        return "/".join([*self.sweep.parts[-2:], str(self.number)])

    @property
    def overrides(self) -> str:
        """The overrides on one line."""
        return " ".join(self.failure.overrides)

    @property
    def error(self) -> str:
        """Type and first line of the message."""
        return f"{self.failure.type}: {self.message}"

    @property
    def message(self) -> str:
        """First line of the message."""
        return (self.failure.message.splitlines() or [""])[0]

    @property
    def log(self) -> Path:
        """The current path of the traceback: the sweep may have been moved."""
        return self.sweep / "failed" / f"{self.number}.log"


class CellStore:
    """The store of finished cells, by address."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, address: str) -> Path:
        """Return the folder of the cell's run once it is complete."""
        return self.root / "cells" / address

    def is_complete(self, address: str) -> bool:
        """Return whether the cell has a complete run."""
        return (self.folder(address) / "run.json").is_file()

    @contextlib.contextmanager
    def claimed(self, address: str) -> Iterator[None]:
        """Wait until no other process runs this address. The system frees the lock of a killed process."""
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / address):
            yield

    def adopt(self, address: str, run: Path) -> None:
        """Link a run that was trained outside any sweep, unless the store has this cell."""
        link = self.folder(address)
        link.parent.mkdir(parents=True, exist_ok=True)
        with self.claimed(address), contextlib.suppress(FileExistsError):
            self._remove_if_dangling(link)
            link.symlink_to(os.path.relpath(run, link.parent), target_is_directory=True)

    @staticmethod
    def _remove_if_dangling(link: Path) -> None:
        """Return whether the cell is a link to a deleted run."""
        if link.is_symlink() and not link.exists():
            link.unlink()

    @contextlib.contextmanager
    def unfinished(self, address: str) -> Iterator[Path]:
        """Yield a folder for the claimed cell's run; move it into place at the end, remove it on errors."""
        for left_over in (self.root / ".partial").glob(f"*/cells/{address}"):
            shutil.rmtree(left_over, ignore_errors=True)
        process = self.root / ".partial" / f"{platform.node()}-{os.getpid()}"
        # A run is named after its folder: cells/<address>.
        folder = process / "cells" / address
        try:
            yield folder
            self.folder(address).parent.mkdir(exist_ok=True)
            self._remove_if_dangling(self.folder(address))
            try:
                folder.rename(self.folder(address))
            except OSError as error:
                raise RunError(
                    f"{self.folder(address)} is in the way and holds no complete run: move it elsewhere"
                ) from error
        finally:
            shutil.rmtree(process, ignore_errors=True)


@dataclass(frozen=True)
class SweepFolder:
    """One sweep's folder."""

    path: Path

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Wait until no other process runs this sweep."""
        with FileLock(self.path / ".lock"):
            yield

    @property
    def study(self) -> Path:
        """The file of a search's trials."""
        return self.path / "study.sqlite3"

    def link(self, name: str, run: Path) -> None:
        """Link a name in the sweep, the number of a cell or its second name, to the cell's run."""
        link = self.path / name
        link.parent.mkdir(parents=True, exist_ok=True)
        target = os.path.relpath(run, link.parent)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(target, target_is_directory=True)

    def log_of(self, number: int) -> Path:
        """Return the path of the traceback of a failed cell."""
        return self.path / "failed" / f"{number}.log"

    def write_failure(self, number: int, failure: Failure, traceback: str) -> None:
        """Write the error of a failed cell."""
        log = self.log_of(number)
        log.parent.mkdir(exist_ok=True)
        write_atomically(log, traceback.encode())
        write_atomically(log.with_suffix(".json"), json.dumps(asdict(failure), indent=2).encode())

    def forget_failure(self, number: int) -> None:
        """Remove the error of a cell that has succeeded since."""
        for suffix in (".json", ".log"):
            self.log_of(number).with_suffix(suffix).unlink(missing_ok=True)


def identity_of(parts: Sequence[str]) -> str:
    """Return the identity of a sweep that consists of these parts, in this order."""
    return sha256_of("\n".join(parts).encode())


def open_sweep(root: Path, identity: str, content: Mapping[str, Any]) -> SweepFolder:
    """Open the folder of the sweep with this identity, or create it with `content` in sweep.json."""
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".lock"):
        _remove_left_overs(root)
        for file in sorted(root.glob(f"*/*-{identity[:6]}/{SWEEP_FILE}")):
            try:
                found = read_object(file).get("identity")
            except RunError as error:
                raise RunError(f"{error}; remove {file.parent}: the cells are kept elsewhere") from error
            if found == identity:
                return SweepFolder(file.parent)
        now = datetime.now().astimezone()
        folder = root / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{identity[:6]}"
        folder.mkdir(parents=True)
        started = {
            "schema": SCHEMA,
            "identity": identity,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_atomically(folder / SWEEP_FILE, json.dumps({**started, **content}, indent=1).encode())
    return SweepFolder(folder)


def _remove_left_overs(root: Path) -> None:
    """Remove the folders that killed processes of this machine left behind."""
    for folder in (root / ".partial").glob(f"{platform.node()}-*"):
        process = folder.name.rpartition("-")[2]
        if process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        with contextlib.suppress(PermissionError):
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def runs_of(folder: Path) -> list[Path]:
    """Return the links to the finished cells of a sweep, by number."""
    links = [link for link in folder.iterdir() if link.name.isdecimal() and _is_linked(folder, link.name)]
    return sorted(links, key=lambda link: int(link.name))


def failures(folder: Path) -> dict[int, Failure]:
    """Return cell number -> error of its last try."""
    # A sweep killed between linking and `forget_failure` leaves both; then the cell is complete.
    failed = [file for file in (folder / "failed").glob("*.json") if file.stem.isdecimal()]
    files = sorted(failed, key=lambda file: int(file.stem))
    return {int(file.stem): _failure(file) for file in files if not _is_linked(folder, file.stem)}


def _failure(file: Path) -> Failure:
    """Read the file of a failed cell; if it cannot be read, that is the error."""
    try:
        content = read_object(file)
        overrides = tuple(str(text) for text in content["overrides"])
        return Failure(overrides, str(content["type"]), str(content["message"]), str(content["log"]))
    except (RunError, LookupError, TypeError) as error:
        return Failure((), "unreadable", f"{file} does not say why: {error!r}", str(file.with_suffix(".log")))


def failed_cells(places: Iterable[Path]) -> list[FailedCell]:
    """Return the failed cells of every sweep at or below these places; links are followed."""
    sweeps = sorted(folder for folder, files in folders_below(places) if SWEEP_FILE in files)
    return [
        FailedCell(sweep, number, failure) for sweep in sweeps for number, failure in failures(sweep).items()
    ]


def _is_linked(folder: Path, number: str) -> bool:
    """Return whether this cell of a sweep has a complete run."""
    return (folder / number / "run.json").is_file()
