"""The process that scores one job, in the folder that is its argument.

It ends when its standard input ends (its server is gone) or when the job is cancelled. It prints nothing:
errors may quote the uploaded files, which must not get into a log.
"""

import errno
import os
import select
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from time import monotonic

import msgspec

from planrec.campaigns.campaign_manifest import write_campaign_manifest
from planrec.campaigns.run_campaign import Campaign
from planrec.campaigns.settings import checked_settings
from planrec.errors import PlanRecError, RunError
from planrec.runs.read import SavedRun, load_run

from ..not_readable import NotReadableError, readable
from .job_folder import HISTORY, MONTHS, OBJECTIONS, JobFolder, JobRequest, JobState

NICENESS = 10
"Answers to requests come first."
STATE_SECONDS = 0.5
"Least time between two writes of the progress."
LOOK_SECONDS = 0.2
MOST_PROBLEMS = 200
DISK_FULL = "the disk of the server is full"


def main() -> int:
    """Score the job in the folder that the command line names; return the exit code."""
    os.chdir(sys.argv[1])
    os.umask(0o077)
    if sys.platform != "win32":
        os.nice(NICENESS)
    folder = JobFolder(Path())
    Thread(target=_end_if_cancelled, args=(folder,), daemon=True).start()
    with folder.lock.acquire(timeout=10):
        request = folder.request()
        if request is None:
            return 1
        folder.write_state(_ended(folder, request))
        folder.remove_uploads()
    return 0


def _ended(folder: JobFolder, request: JobRequest) -> JobState:
    """Score the file; return the last state of the job."""
    try:
        return _scored(folder, request)
    except PlanRecError as error:
        return JobState.failed(error.message, error.problems[:MOST_PROBLEMS])
    except NotReadableError as error:
        return JobState.failed(str(error))
    except OSError as error:
        return JobState.failed(DISK_FULL if error.errno == errno.ENOSPC else f"{error.strerror}")
    except MemoryError:
        return JobState.failed("the file needs more memory than the server has")
    except Exception as error:
        # Its text may quote the file.
        return JobState.failed(f"internal error: {type(error).__name__}")


def _scored(folder: JobFolder, request: JobRequest) -> JobState:
    progress = _Progress(folder)
    progress(0.0)
    campaign = Campaign(_run(request), Path(MONTHS), checked_settings(_settings(request), "settings"))
    finished = campaign.write(folder.output, progress)
    write_campaign_manifest(campaign, finished, folder.output, "POST /campaigns")
    return JobState("done", 1.0, summary=finished.summary)


def _settings(request: JobRequest) -> Mapping[str, object]:
    """Return the settings with the names of the uploaded files."""
    files = {name: name for name in (OBJECTIONS, HISTORY) if Path(name).exists()}
    return {**msgspec.json.decode(request.settings, type=dict[str, object]), **files}


def _run(request: JobRequest) -> SavedRun:
    folder = Path(request.run_folder)
    with readable("the run cannot be read", folder.parent):
        saved = load_run(folder)
    if saved.sha256 != request.run_sha256:
        raise RunError("the run that was served when the campaign began has changed: start it again")
    return saved


class _Progress:
    """Writes the progress of a job, not too often."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder, self.next = folder, 0.0

    def __call__(self, share: float) -> None:
        if monotonic() >= self.next:
            self.folder.write_state(JobState("running", min(max(share, 0.0), 1.0)))
            self.next = monotonic() + STATE_SECONDS


def _end_if_cancelled(folder: JobFolder) -> None:
    """End this process at once when the job is cancelled or its server is gone."""
    while not folder.is_cancelled:
        # Nothing is ever written to the pipe: it is readable when its other end is closed.
        if select.select([0], [], [], LOOK_SECONDS)[0]:
            break
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
