"""The folder of one job: its request, its state and its files, which every worker of the server reads.

A process that scores holds the lock of its folder. If a state says `running` and the lock is free, the
process was killed, or its server was stopped, so the job has failed.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Literal, Self

import msgspec
from filelock import FileLock, Timeout
from msgspec import Meta, Struct

from planrec.campaigns.summary import CampaignSummary
from planrec.files.atomic_write import write_atomically
from planrec.serving.scoring.advice_manifest import manifest_file

START_SECONDS = 60.0
"Time in which the process of a job must begin."
STOP_SECONDS = 5.0
"Time in which a cancelled process must end; it looks every fifth of a second."
ENDED = "the process that scored the file has ended: the server was stopped, or memory or the disk was full"
DAMAGED = "the state of this campaign cannot be read: delete it and start it again"
MONTHS, OBJECTIONS, HISTORY = "months", "do_not_contact", "contact_history"
"Names of the uploaded files, in the form and in the folder."
OUTPUT = "advice.csv"

State = Literal["waiting", "running", "done", "failed"]
LAST = ("done", "failed")


class JobState(Struct, frozen=True):
    """The progress of a job, as its process writes it."""

    state: State
    progress: Annotated[float, Meta(ge=0, le=1)] = 0.0
    error: str | None = None
    problems: tuple[str, ...] = ()
    summary: CampaignSummary | None = None

    @classmethod
    def failed(cls, error: str, problems: tuple[str, ...] = ()) -> Self:
        """Return the state of a job that ended without a result."""
        return cls("failed", 0.0, error, problems)


class JobRequest(Struct, frozen=True):
    """The file and settings that a job scores with a run; they do not change."""

    id: str
    owner: str
    "Hash of the API key; empty without keys."
    run_folder: str
    run_sha256: str
    settings: bytes
    "JSON."
    months_name: str
    "Name of the months file on the machine of the client."
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class JobFolder:
    """The folder of one job."""

    path: Path

    @property
    def output(self) -> Path:
        """The file of advice."""
        return self.path / OUTPUT

    @property
    def manifest(self) -> Path:
        """The manifest of the advice."""
        return manifest_file(self.output)

    @property
    def lock(self) -> FileLock:
        """The lock that the process holds."""
        return FileLock(self.path / "lock", thread_local=False)

    @property
    def is_cancelled(self) -> bool:
        """Whether the process has to end."""
        return not self._request_file.exists()

    @property
    def has_failed(self) -> bool:
        """Whether the job ended without a result."""
        return self._written_state().state == "failed"

    @property
    def _request_file(self) -> Path:
        return self.path / "request.msgpack"

    @property
    def _state_file(self) -> Path:
        return self.path / "state.msgpack"

    def write_request(self, request: JobRequest) -> None:
        """Write the request; with it, the job exists."""
        write_atomically(self._request_file, msgspec.msgpack.encode(request))

    def write_state(self, state: JobState) -> None:
        """Write the state."""
        write_atomically(self._state_file, msgspec.msgpack.encode(state))

    def request(self) -> JobRequest | None:
        """Read the request; None if there is no such job."""
        try:
            return msgspec.msgpack.decode(self._request_file.read_bytes(), type=JobRequest)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None

    def state(self, request: JobRequest) -> JobState:
        """Read the state; a job whose process is gone fails now, and its files are removed."""
        found = self._written_state()
        if found.state in LAST or not self._is_abandoned(found, request):
            return found
        # The process may have ended well between the two looks.
        found = self._written_state()
        return found if found.state in LAST else self.fail(ENDED)

    def settle(self) -> None:
        """Fail a job whose process has ended without a last state."""
        if not self.is_cancelled and self._written_state().state not in LAST:
            self.fail(ENDED)

    def fail(self, error: str) -> JobState:
        """Note that a job has failed, and remove its files."""
        state = JobState.failed(error)
        self.remove_uploads()
        for file in (self.output, self.manifest):
            file.unlink(missing_ok=True)
        self.write_state(state)
        return state

    def remove_uploads(self) -> None:
        """Remove the uploaded files and what a killed process left behind."""
        for name in (MONTHS, OBJECTIONS, HISTORY):
            (self.path / name).unlink(missing_ok=True)
        for left in self.path.glob(".*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def remove(self) -> None:
        """Cancel the process and remove the folder."""
        self._request_file.unlink(missing_ok=True)
        end = monotonic() + STOP_SECONDS
        while self._is_locked() and monotonic() < end:
            sleep(0.05)
        shutil.rmtree(self.path, ignore_errors=True)

    def _written_state(self) -> JobState:
        try:
            return msgspec.msgpack.decode(self._state_file.read_bytes(), type=JobState)
        except FileNotFoundError:
            return JobState("waiting")
        except msgspec.DecodeError:
            return JobState.failed(DAMAGED)

    def _is_abandoned(self, state: JobState, request: JobRequest) -> bool:
        starts_until = request.created_at + timedelta(seconds=START_SECONDS)
        return not self._is_locked() and (state.state == "running" or datetime.now(UTC) > starts_until)

    def _is_locked(self) -> bool:
        try:
            with self.lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return self.path.is_dir()
