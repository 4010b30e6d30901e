"""Metrics of drift, realised advice and rollbacks, from the files of the commands that find them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .monitoring_files import MOST_BYTES, DriftFile, FollowedFile, RealisedFile, RealisedMetric, WatchFile

__all__ = ["MOST_BYTES", "MonitoringFacts"]
BOUNDS = ("value", "low", "high")


class MonitoringFacts(Collector):
    """Facts that commands found, the same in every worker.

    Drift and harm are shown only if they are those of the served run: another run must not alert for it. A
    rollback is always of another run.
    """

    run_json_sha256: str | None = None
    "Hash of the served run; None if no run is served yet."

    def __init__(self, folder: Path) -> None:
        """Follow the files of monitoring in this folder."""
        self._drift = FollowedFile(folder / "drift.json", DriftFile)
        self._realised = FollowedFile(folder / "realised.json", RealisedFile)
        self._watch = FollowedFile(folder / "watch.json", WatchFile)

    def collect(self) -> Iterable[Metric]:
        """Return the facts as metrics; there are none before the commands ran."""
        drift, realised, watched = self._drift.read(), self._realised.read(), self._watch.read()
        broken = GaugeMetricFamily(
            "planrec_monitoring_file_broken", "1 if the file is there and cannot be read", labels=["file"]
        )
        for followed in (self._drift, self._realised, self._watch):
            broken.add_metric([followed.file.name], followed.is_broken)
        yield broken
        if drift is not None and drift.run_json_sha256 == self.run_json_sha256:
            yield from _drift_metrics(drift)
        if realised is not None:
            yield from _outcome_metrics(realised)
            yield from _advice_metrics(realised.of_runs.get(self.run_json_sha256 or "", ()))
        if watched is not None and watched.rolled_back_at is not None:
            text = "Seconds since planrec watch rolled back"
            yield GaugeMetricFamily(
                "planrec_rollback_age_seconds", text, _seconds_since(watched.rolled_back_at)
            )


def _drift_metrics(drift: DriftFile) -> Iterator[Metric]:
    yield GaugeMetricFamily("planrec_drift_alarm", "1 if the last check found drift, else 0", drift.alarm)
    evidence = GaugeMetricFamily(
        "planrec_drift_evidence", "Evidence of drift of a column, a plan or all", labels=["stream"]
    )
    for name, value in {"all": drift.evidence.all, **drift.evidence.streams}.items():
        evidence.add_metric([name], value)
    yield evidence
    if drift.day is not None:
        text = "Seconds since the end of the last day that was checked for drift"
        yield GaugeMetricFamily("planrec_drift_age_seconds", text, _seconds_since_end_of(drift.day))


def _outcome_metrics(realised: RealisedFile) -> Iterator[Metric]:
    yield GaugeMetricFamily("planrec_realised_decisions", "Decisions judged by bills", realised.judged)
    waiting = sum(realised.unjudged.get(reason, 0) for reason in ("not_over", "months_missing"))
    yield GaugeMetricFamily("planrec_outcomes_waited_for", "Decisions without all of their bills", waiting)
    if realised.newest_month is not None:
        text = "Seconds since the end of the last month whose usage came"
        first = date.fromisoformat(f"{realised.newest_month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        yield GaugeMetricFamily("planrec_outcomes_age_seconds", text, _seconds_since_end_of(last))


def _advice_metrics(judged: Sequence[RealisedMetric]) -> Iterator[Metric]:
    if not judged:
        return
    yield _bounds("planrec_realised_regret", "Regret of advice, currency a month", judged, "regret")
    yield _bounds("planrec_realised_harm", "Share of advice that did harm", judged, "harm_rate")
    text = "Largest difference of harm between the groups of a protected column"
    yield _bounds("planrec_realised_harm_gap", text, judged, "harm_gap", of_group="column")


def _bounds(
    name: str, text: str, values: Iterable[RealisedMetric], metric: str, of_group: str | None = None
) -> GaugeMetricFamily:
    """Return a metric with its interval; values that are not defined are left out."""
    labels = ["bound"] if of_group is None else [of_group, "bound"]
    family = GaugeMetricFamily(name, text, labels=labels)
    for found in values:
        for bound in BOUNDS:
            number = getattr(found, bound)
            if found.metric == metric and number is not None:
                family.add_metric([bound] if of_group is None else [found.group or "", bound], number)
    return family


def _seconds_since_end_of(day: date) -> float:
    return _seconds_since(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))


def _seconds_since(time: datetime) -> float:
    return max((datetime.now(UTC) - time).total_seconds(), 0.0)
