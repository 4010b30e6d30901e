"""Reads the state of a server: pin, counters, answers over time, drift, checks and harm."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from planrec.commands.advice import command_line
from planrec.recommending.answer import CatalogueName
from planrec.serving.pin import Pinned, current_pin

from ..decision_logging import AnswerLog
from ..monitoring_files import DriftFile, FollowedFile, RealisedFile, WatchFile
from ..prometheus import Metrics
from ..served_run import ServedRun
from .operating_facts import (
    DriftFacts,
    OperatingFacts,
    PinnedFacts,
    RealisedFacts,
    RealisedValue,
    RollbackFacts,
    ServedFacts,
    WatchFacts,
)
from .over_time import AnswersOverTime
from .traffic import log_facts, traffic_of

REALISED = ("harm_rate", "regret", "savings_captured")
MOST_STREAMS = 10


class Operating:
    """The state of one server, for threads that may wait."""

    def __init__(self, outputs: Path, metrics: Metrics, answer_log: AnswerLog | None) -> None:
        """Read the files below `outputs`, these counters, and this log."""
        folder = outputs / "monitoring"
        self._outputs, self._metrics, self._log = outputs, metrics, answer_log
        self._answers = None if answer_log is None else AnswersOverTime(answer_log.url)
        self._drift = FollowedFile(folder / "drift.json", DriftFile)
        self._watch = FollowedFile(folder / "watch.json", WatchFile)
        self._realised = FollowedFile(folder / "realised.json", RealisedFile)
        self._lock = Lock()

    def facts(self, served: ServedRun | None, pin_error: str | None, days: int) -> OperatingFacts:
        """Return the state now, with the answers of the last days."""
        over_time = None if self._answers is None else self._answers.read(days)
        with self._lock:
            pin = current_pin(self._outputs)
            sha256 = "" if served is None else served.saved.sha256
            samples = self._metrics.samples()
            drift, watch, realised = self._drift.read(), self._watch.read(), self._realised.read()
            files = (self._drift, self._watch, self._realised)
            return OperatingFacts(
                time=datetime.now(UTC).isoformat(timespec="seconds"),
                pinned=None if pin is None else _pinned(pin),
                served=None if served is None else _served(served),
                pin_error=pin_error,
                rollback=_rollback(() if pin is None else pin.earlier),
                traffic=traffic_of(samples),
                log=None if self._log is None else log_facts(samples, is_required=self._log.is_required),
                over_time=over_time,
                drift=None if drift is None else _drift(drift, sha256),
                watch=None if watch is None else _watch(watch, sha256),
                realised=None if realised is None else _realised(realised, sha256),
                broken_files=[file.file.name for file in files if file.is_broken],
            )


def _pinned(pin: Pinned) -> PinnedFacts:
    return PinnedFacts(pin.run, pin.run_json_sha256, pin.pinned_at, pin.pinned_by, pin.reason)


def _served(served: ServedRun) -> ServedFacts:
    saved = served.saved
    catalogue = saved.recommender.catalogue
    age = datetime.now(UTC) - datetime.fromisoformat(saved.manifest.finished)
    return ServedFacts(
        run_id=saved.run_id,
        id=saved.sha256,
        model=saved.config.model.kind,
        policy=saved.config.policy.kind,
        trained=saved.manifest.finished,
        age_days=round(age.total_seconds() / 86_400, 3),
        catalogue=None if catalogue is None else CatalogueName.of(catalogue),
    )


def _rollback(earlier: Sequence[Pinned]) -> RollbackFacts | None:
    if not earlier:
        return None
    return RollbackFacts(earlier[0].run, earlier[0].pinned_at, command_line("pin", "--rollback"))


def _drift(found: DriftFile, sha256: str) -> DriftFacts:
    days = found.reference_days
    largest = sorted(found.evidence.streams.items(), key=lambda stream: -stream[1])
    return DriftFacts(
        is_of_served_run=found.run_json_sha256 == sha256,
        day=None if found.day is None else str(found.day),
        alarms=found.alarms,
        problems=found.problems,
        evidence=found.evidence.all,
        threshold=found.evidence.threshold,
        reference_days=None if days is None else [days.found, days.needed],
        streams=dict(largest[:MOST_STREAMS]),
    )


def _watch(found: WatchFile, sha256: str) -> WatchFacts:
    rolled_back = None if found.rolled_back_at is None else found.rolled_back_at.isoformat()
    is_served = found.run_json_sha256 == sha256
    return WatchFacts(is_served, found.checked_at, found.verdict, found.gates, rolled_back)


def _realised(found: RealisedFile, sha256: str) -> RealisedFacts:
    waiting = sum(found.unjudged.get(reason, 0) for reason in ("not_over", "months_missing"))
    return RealisedFacts(
        is_of_served_run=sha256 in found.of_runs,
        judged=found.judged,
        waiting=waiting,
        newest_month=found.newest_month,
        currency=found.currency,
        metrics=[
            RealisedValue(value.metric, value.value, value.low, value.high)
            for value in found.of_runs.get(sha256, [])
            if value.metric in REALISED and value.group is None and value.value is not None
        ],
    )
