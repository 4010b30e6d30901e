"""The files that monitoring commands write, read again only if they were replaced."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, MsgspecError, Struct

MOST_BYTES = 16 * 2**20
"Larger files are not read."
Verdict = Literal["passed", "failed", "undecided"]
"Of `planrec watch`."


class DriftEvidence(Struct, frozen=True):
    """Evidence of drift; `all` is an alarm from the threshold on."""

    all: float
    streams: dict[str, float]
    threshold: float | None = None


class ReferenceDays(Struct, frozen=True):
    """Days of the log that are compared with later ones."""

    found: int
    needed: int


class DriftFile(Struct, frozen=True):
    """The part of drift.json that is shown."""

    day: date | None
    alarm: bool
    evidence: DriftEvidence
    run_json_sha256: str
    alarms: list[str] = []
    problems: list[str] = []
    reference_days: ReferenceDays | None = None


class RealisedMetric(Struct, frozen=True):
    """A metric of the bills that came."""

    metric: str
    group: str | None
    value: float | None
    low: float | None
    high: float | None


class RealisedFile(Struct, frozen=True):
    """The part of realised.json that is shown."""

    newest_month: Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None
    "The last month whose usage came."
    judged: int
    unjudged: dict[str, int]
    of_runs: dict[str, list[RealisedMetric]]
    "Metrics of the advice of each run, by the hash of its run.json."
    currency: str | None = None


class CheckedGate(Struct, frozen=True):
    """A gate of `planrec watch`."""

    name: str
    verdict: Verdict
    detail: str


class WatchFile(Struct, frozen=True):
    """The part of watch.json that is shown."""

    checked_at: str = ""
    run_json_sha256: str = ""
    verdict: Verdict = "undecided"
    gates: list[CheckedGate] = []
    rolled_back_at: Annotated[datetime, Meta(tz=True)] | None = None
    "Time of the last rollback by `planrec watch`, of any run."


Content = TypeVar("Content", DriftFile, RealisedFile, WatchFile)


class FollowedFile(Generic[Content]):
    """A file that is parsed again only if it was replaced."""

    def __init__(self, file: Path, model: type[Content]) -> None:
        self.file = file
        self._model: type[Content] = model
        self._seen: tuple[int, int] | None = None
        self._content: Content | None = None
        self.is_broken = False

    def read(self) -> Content | None:
        """Return the content; None if there is no such file, or if it cannot be read."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            self._seen, self._content, self.is_broken = None, None, False
            return None
        except OSError:
            found = None
        seen = None if found is None else (found.st_mtime_ns, found.st_size)
        if seen is None or seen != self._seen:
            self._seen, self._content = seen, self._parsed(found.st_size if found else 0)
            self.is_broken = self._content is None
        return self._content

    def _parsed(self, size: int) -> Content | None:
        try:
            return (
                None if size > MOST_BYTES else msgspec.json.decode(self.file.read_bytes(), type=self._model)
            )
        except (OSError, MsgspecError):
            return None
