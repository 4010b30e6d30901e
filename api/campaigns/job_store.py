"""The jobs of a server: their limits, their owners and the end of their lives."""

import asyncio
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Semaphore, Thread
from typing import Annotated, BinaryIO

from anyio import to_thread
from filelock import FileLock
from litestar import Litestar
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct, structs

from planrec.campaigns.summary import CampaignSummary
from planrec.runs.read import SavedRun

from ..background_task import background_task
from ..language.requested import LANGUAGE
from ..language.translate import translated
from ..settings import CampaignLimits
from .job_folder import JobFolder, JobRequest, JobState, State

FOLDER = "campaign_jobs"
"Folder of all jobs, in the folder of runs; only the user of the server can read it."
SWEEP_SECONDS = 60.0
_ID = re.compile(r"[0-9a-f]{32}")
log = logging.getLogger("planrec.api")


class CampaignJob(Struct, frozen=True):
    """A campaign that is scored, or was."""

    id: str
    state: Annotated[
        State,
        Meta(description="A job that is `done` or `failed` changes no more; it is removed at `expires_at`."),
    ]
    progress: Annotated[float, Meta(ge=0, le=1)]
    months_file: Annotated[str, Meta(description="Name of the uploaded months file.")]
    created_at: datetime
    expires_at: datetime
    error: Annotated[str | None, Meta(description="The reason of a job that failed.")]
    problems: Annotated[list[str], Meta(description="All rules that rows of the files break.")]
    summary: CampaignSummary | None


@dataclass(frozen=True)
class Upload:
    """The files and settings of a new campaign."""

    files: Mapping[str, BinaryIO]
    "Name in the folder -> content."
    settings: bytes
    "JSON, checked."
    months_name: str


@dataclass(frozen=True)
class CampaignJobs:
    """All jobs, found by every worker of the server in the same folder."""

    outputs: Path
    limits: CampaignLimits
    _uploads: Semaphore

    @classmethod
    def of(cls, outputs: Path, limits: CampaignLimits) -> "CampaignJobs":
        """Keep jobs below the folder of runs; one process reads as many uploads as jobs may run."""
        return cls(outputs, limits, Semaphore(limits.running))

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Reserve the room for an upload of this process. Raises HTTPException: 429."""
        if not self._uploads.acquire(blocking=False):
            raise self._too_many()
        try:
            yield
        finally:
            self._uploads.release()

    def start(self, owner: str, saved: SavedRun, upload: Upload) -> CampaignJob:
        """Store the files and start the process that scores them.

        Raises:
            HTTPException: 429, if there are too many jobs.
        """
        now = datetime.now(UTC)
        request = JobRequest(
            secrets.token_hex(16),
            owner,
            str(saved.folder.resolve()),
            saved.sha256,
            upload.settings,
            upload.months_name,
            now,
            now + timedelta(hours=self.limits.hours),
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._folder / ".lock", timeout=10):
            self.check_room(owner)
            self._remove_failed(owner)
            folder = self._stored(request, upload)
        Thread(target=_run_process, args=(folder,), daemon=True).start()
        return _job(request, JobState("waiting"))

    def check_room(self, owner: str) -> None:
        """Check that one more job may start; failed ones do not count. Raises HTTPException: 429."""
        jobs = [(request.owner, folder.state(request).state) for folder, request in self._jobs()]
        if sum(state in ("waiting", "running") for _, state in jobs) >= self.limits.running:
            raise self._too_many()
        if jobs.count((owner, "done")) >= self.limits.kept:
            raise HTTPException(
                status_code=429, detail=f"at most {self.limits.kept} campaigns are kept: delete one of yours"
            )

    def find(self, job_id: str, owner: str) -> tuple[JobFolder, CampaignJob]:
        """Return a job of this owner. Raises HTTPException: 404, if there is none."""
        folder = JobFolder(self._folder / job_id)
        request = folder.request() if _ID.fullmatch(job_id) else None
        if request is None or request.owner != owner or request.expires_at <= datetime.now(UTC):
            raise HTTPException(status_code=404, detail="there is no such campaign, or its time is over")
        return folder, _job(request, folder.state(request))

    def sweep(self) -> None:
        """Remove the jobs whose time is over, and the files of those whose process is gone."""
        for path in self._folder.glob("*/"):
            try:
                _sweep(JobFolder(path), datetime.now(UTC))
            except OSError as error:
                log.error("the campaign %s was not swept: %s", path.name, error)

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Sweep at the start, and then every minute."""

        async def sweeping() -> None:
            while True:
                await to_thread.run_sync(self.sweep)
                await asyncio.sleep(SWEEP_SECONDS)

        async with background_task(sweeping()):
            yield

    def _too_many(self) -> HTTPException:
        return HTTPException(
            status_code=429,
            detail=f"at most {self.limits.running} campaigns are scored at a time: try again later",
            headers={"retry-after": "30"},
        )

    @property
    def _folder(self) -> Path:
        return self.outputs / FOLDER

    def _jobs(self) -> Iterator[tuple[JobFolder, JobRequest]]:
        """Yield the jobs whose time is not over."""
        for path in self._folder.glob("*/"):
            folder = JobFolder(path)
            request = folder.request()
            if request is not None and request.expires_at > datetime.now(UTC):
                yield folder, request

    def _remove_failed(self, owner: str) -> None:
        """Remove the oldest failed jobs of an owner who would keep too many with one more job."""
        own = sorted(
            [(request.created_at, folder.path) for folder, request in self._jobs() if request.owner == owner]
        )
        failed = [folder for _, path in own if (folder := JobFolder(path)).has_failed]
        for folder in failed[: max(0, len(own) + 1 - self.limits.kept)]:
            folder.remove()

    def _stored(self, request: JobRequest, upload: Upload) -> JobFolder:
        folder = JobFolder(self._folder / request.id)
        folder.path.mkdir(mode=0o700)
        try:
            for name, content in upload.files.items():
                with (folder.path / name).open("xb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
            folder.write_request(request)
        except BaseException:
            folder.remove()
            raise
        return folder


def _sweep(folder: JobFolder, now: datetime) -> None:
    request = folder.request()
    if request is None:
        # A start that was killed before its request was written, or a removal.
        if now.timestamp() - folder.path.stat().st_mtime > 3600:
            shutil.rmtree(folder.path, ignore_errors=True)
    elif request.expires_at <= now:
        folder.remove()
    else:
        folder.state(request)


def _run_process(folder: JobFolder) -> None:
    """Score a job in a process of its own, which ends with this one, and wait for it."""
    words = [sys.executable, "-m", f"{__package__}.job_process", str(folder.path.resolve())]
    # The pipe stays open until the process has ended: its end is the sign that this server is gone.
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()
    ) as child:
        child.wait()
    folder.settle()


def _environment() -> dict[str, str]:
    """Return the variables of this process, with the folders in which it finds its modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _job(request: JobRequest, state: JobState) -> CampaignJob:
    return CampaignJob(
        id=request.id,
        state=state.state,
        progress=state.progress,
        months_file=request.months_name,
        created_at=request.created_at,
        expires_at=request.expires_at,
        error=None if state.error is None else translated(state.error, LANGUAGE.get()),
        problems=list(state.problems),
        summary=None if state.summary is None else _translated_notes(state.summary),
    )


def _translated_notes(summary: CampaignSummary) -> CampaignSummary:
    """Return a summary with its notes in the language of the request; broken rules stay in English."""
    language = LANGUAGE.get()
    return structs.replace(summary, notes=tuple(translated(note, language) for note in summary.notes))
