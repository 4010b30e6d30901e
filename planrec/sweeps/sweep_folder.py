"""The folder of a sweep, and the place where finished cells lie.

<root>/<date>/<time>-<id>/   one sweep; <id> begins its identity, so that the same command finds it again
  sweep.json                 what was asked
  <number>                   link to the run of a finished cell
  failed/<number>.json|.log  a cell that failed: overrides, type, message; traceback
  study.sqlite3              what a search has tried
<root>/cells/<address>/      a finished cell: a run folder, moved here when it is complete, or a link to a run
<root>/.partial/, .locks/    cells under way, by process; one process at a time runs an address

Nothing here is rewritten: which cells are done is read from what lies there. So a sweep may be killed at any
instant, and two sweeps may share cells.
"""

import contextlib
import hashlib
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
from planrec.files.folder_walk import folders_below
from planrec.files.json_file import read_object

SCHEMA = "planrec.sweep/1"
FILE_NAME = "sweep.json"


@dataclass(frozen=True)
class Failure:
    """Why a cell failed."""

    overrides: tuple[str, ...]
    type: str
    message: str
    log: str
    "Path of the file that holds the traceback."


@dataclass(frozen=True)
class FailedCell:
    """A failed cell in its sweep, for those who read it."""

    sweep: Path
    number: int
    failure: Failure

    @property
    def name(self) -> str:
        """<date>/<time>-<id>/<number>."""
        return "/".join([*self.sweep.parts[-2:], str(self.number)])

    @property
    def overrides(self) -> str:
        """What was asked for, on one line."""
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
        """The traceback, where it lies now: the sweep may have been moved."""
        return self.sweep / "failed" / f"{self.number}.log"


class CellStore:
    """Finished cells by their address."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, address: str) -> Path:
        """Where the cell's run lies once it is complete."""
        return self.root / "cells" / address

    def is_complete(self, address: str) -> bool:
        """Whether the cell has a complete run."""
        return (self.folder(address) / "run.json").is_file()

    @contextlib.contextmanager
    def claimed(self, address: str) -> Iterator[None]:
        """Wait until no other process runs this address. The system frees the claim of a killed process."""
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / address):
            yield

    def adopt(self, address: str, run: Path) -> None:
        """Let sweeps find a run that was made outside of any, where they have no such cell yet."""
        link = self.folder(address)
        link.parent.mkdir(parents=True, exist_ok=True)
        with self.claimed(address), contextlib.suppress(FileExistsError):
            self._remove_if_dangling(link)
            link.symlink_to(os.path.relpath(run, link.parent), target_is_directory=True)

    @staticmethod
    def _remove_if_dangling(link: Path) -> None:
        """A link to a run that was deleted since."""
        if link.is_symlink() and not link.exists():
            link.unlink()

    @contextlib.contextmanager
    def unfinished(self, address: str) -> Iterator[Path]:
        """A folder to write the claimed cell's run to; moved to its place at the end, removed on an error."""
        for left_over in (self.root / ".partial").glob(f"*/cells/{address}"):
            shutil.rmtree(left_over, ignore_errors=True)
        process = self.root / ".partial" / f"{platform.node()}-{os.getpid()}"
        # The run takes its name from its folder: cells/<address>.
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
        """Wait until no other process carries this sweep out."""
        with FileLock(self.path / ".lock"):
            yield

    @property
    def study(self) -> Path:
        """The file of what a search has tried."""
        return self.path / "study.sqlite3"

    def link(self, number: int, run: Path) -> None:
        """Let <number> lead to the cell's run."""
        link, target = self.path / str(number), os.path.relpath(run, self.path)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(target, target_is_directory=True)

    def log_of(self, number: int) -> Path:
        """Where the traceback of a failing cell lies."""
        return self.path / "failed" / f"{number}.log"

    def write_failure(self, number: int, failure: Failure, traceback: str) -> None:
        """Keep why a cell failed."""
        log = self.log_of(number)
        log.parent.mkdir(exist_ok=True)
        write_atomically(log, traceback.encode())
        write_atomically(log.with_suffix(".json"), json.dumps(asdict(failure), indent=2).encode())

    def forget_failure(self, number: int) -> None:
        """The cell has succeeded since."""
        for suffix in (".json", ".log"):
            self.log_of(number).with_suffix(suffix).unlink(missing_ok=True)


def identity_of(parts: Sequence[str]) -> str:
    """The identity of a sweep that consists of these, in this order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def open_sweep(root: Path, identity: str, content: Mapping[str, Any]) -> SweepFolder:
    """The folder of the sweep with this identity, new where there is none; `content` is for sweep.json."""
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".lock"):
        _remove_left_overs(root)
        for file in sorted(root.glob(f"*/*-{identity[:6]}/{FILE_NAME}")):
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
        write_atomically(folder / FILE_NAME, json.dumps({**started, **content}, indent=1).encode())
    return SweepFolder(folder)


def _remove_left_overs(root: Path) -> None:
    """What processes of this machine were writing when they were killed."""
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


def is_sweep(folder: Path) -> bool:
    """Whether a folder is a sweep's."""
    return (folder / FILE_NAME).is_file()


def runs_of(folder: Path) -> list[Path]:
    """The links to the finished cells of a sweep, by number."""
    links = [link for link in folder.iterdir() if link.name.isdecimal() and _is_linked(folder, link.name)]
    return sorted(links, key=lambda link: int(link.name))


def failures(folder: Path) -> dict[int, Failure]:
    """Cell number -> why it failed when it was tried last."""
    # A sweep that is killed between its link and `forget_failure` leaves both: the cell is complete.
    failed = [file for file in (folder / "failed").glob("*.json") if file.stem.isdecimal()]
    files = sorted(failed, key=lambda file: int(file.stem))
    return {int(file.stem): _failure(file) for file in files if not _is_linked(folder, file.stem)}


def _failure(file: Path) -> Failure:
    """What a file says of a failed cell; a file that cannot be read says just that."""
    try:
        content = read_object(file)
        overrides = tuple(str(text) for text in content["overrides"])
        return Failure(overrides, str(content["type"]), str(content["message"]), str(content["log"]))
    except (RunError, LookupError, TypeError) as error:
        return Failure((), "unreadable", f"{file} does not say why: {error!r}", str(file.with_suffix(".log")))


def failed_cells(places: Iterable[Path]) -> list[FailedCell]:
    """The failed cells of every sweep at or below these places; links are followed."""
    sweeps = sorted(folder for folder, files in folders_below(places) if FILE_NAME in files)
    return [
        FailedCell(sweep, number, failure) for sweep in sweeps for number, failure in failures(sweep).items()
    ]


def _is_linked(folder: Path, number: str) -> bool:
    """Whether this cell of a sweep has a complete run."""
    return (folder / number / "run.json").is_file()
