"""Metrics for Prometheus, of one process or of all workers together."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from planrec.serving.decision_log import Counts

from .metric_files import LossyCounting, use_allocated_files
from .monitoring_facts import MonitoringFacts
from .refused_pin import RefusedPin
from .served_run import ServedRun

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Sample(NamedTuple):
    """One value of a counter."""

    name: str
    labels: Mapping[str, str]
    value: float


class Metrics:
    """The counters of one app; another app in the same process has its own."""

    def __init__(self, monitoring: Path | None = None) -> None:
        """Register the counters; `monitoring` is the folder of the figures that commands write."""
        use_allocated_files()
        self._facts = None if monitoring is None else MonitoringFacts(monitoring)
        self._lossy = LossyCounting()
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "planrec_requests",
            "HTTP requests by method, route and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "planrec_request_seconds",
            "Time to answer a request, in seconds",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._recommendations = Counter(
            "planrec_recommendations",
            "Recommendations by run, decision (recommend, stay, abstain) and first plan",
            ["run_id", "decision", "plan"],
            registry=registry,
        )
        self._assumptions = Counter(
            "planrec_assumptions",
            "Reasons to doubt recommendations, by run and code in `assumptions` of the answer",
            ["run_id", "assumption"],
            registry=registry,
        )
        with self._lossy():
            _ = self._log_queue, self._log_rows, self._log_errors

    # The gauges have a file from the beginning, so each of them may fail and be tried again.
    @cached_property
    def _log_queue(self) -> Gauge:
        return self._gauge("planrec_decision_log_queue", "Rows waiting to be written", mode="livesum")

    @cached_property
    def _log_rows(self) -> Gauge:
        text = "Rows since the start, by outcome (written, dropped, failed)"
        return self._gauge("planrec_decision_log_rows", text, ["outcome"])

    @cached_property
    def _log_errors(self) -> Gauge:
        return self._gauge("planrec_decision_log_errors", "Failed attempts to write rows since the start")

    def _gauge(
        self,
        name: str,
        text: str,
        labels: Iterable[str] = (),
        mode: Literal["sum", "livesum"] = "sum",  # sum: a killed worker's rows still count
    ) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=mode)

    def count_request(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one request.

        Args:
            method: methods that HTTP does not define are counted together.
            route: template of the path: each path would become a series of its own.
            status: status of the response.
            seconds: time to answer; None if the request was refused before it was read.
        """
        method = method if method in _METHODS else "other"
        with self._lossy():
            self._requests.labels(method, route, status).inc()
            if seconds is not None:
                self._seconds.labels(method, route).observe(seconds)

    def count_recommendation(
        self, run_id: str, decision: str, plan: str, assumptions: Sequence[str] = ()
    ) -> None:
        """Count one recommendation, and the reasons to doubt it."""
        with self._lossy():
            self._recommendations.labels(run_id, decision, plan).inc()
            for assumption in assumptions:
                self._assumptions.labels(run_id, assumption).inc()

    def count_log_rows(self, counts: Counts) -> None:
        """Set the counters of this worker's rows in the decision log."""
        with self._lossy():
            self._log_queue.set(counts.waiting)
            self._log_errors.set(counts.errors)
            for outcome in ("written", "dropped", "failed"):
                self._log_rows.labels(outcome).set(getattr(counts, outcome))

    def text(self, served: ServedRun, refused_pin: RefusedPin | None) -> bytes:
        """Return all metrics in the format of Prometheus, summed over the workers."""
        facts = _run_registry(served, refused_pin)
        if self._facts is not None:
            self._facts.run_json_sha256 = served.saved.sha256
            facts.register(self._facts)
        return generate_latest(self._all_workers()) + generate_latest(facts)

    def samples(self) -> list[Sample]:
        """Return all counters, summed over the workers."""
        return [
            Sample(sample.name, sample.labels, float(sample.value))
            for metric in self._all_workers().collect()
            for sample in metric.samples
        ]

    def _all_workers(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        _remove_gauges_of_dead_workers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def _run_registry(served: ServedRun, refused_pin: RefusedPin | None) -> CollectorRegistry:
    """Return facts of this worker, computed now: a killed worker cannot leave an old value."""
    registry = CollectorRegistry()
    registry.register(_RunFacts(served, refused_pin))
    return registry


class _RunFacts(Collector):
    """Facts of the served run.

    They are no gauges: with several workers, gauges are files that are added up.
    """

    def __init__(self, served: ServedRun, refused_pin: RefusedPin | None) -> None:
        self._served, self._refused_pin = served, refused_pin

    def collect(self) -> Iterable[Metric]:
        """Return the facts as metrics."""
        run_id, manifest = self._served.saved.run_id, self._served.saved.manifest
        info = GaugeMetricFamily("planrec_run_info", "The served run", labels=["run_id", "version"])
        info.add_metric([run_id, manifest.versions["planrec"]], 1)
        yield info
        age = datetime.now(UTC) - datetime.fromisoformat(manifest.finished)
        yield GaugeMetricFamily(
            "planrec_model_age_seconds", "Seconds since the served run was trained", age.total_seconds()
        )
        yield _pin_refused(self._refused_pin)


def _pin_refused(refused: RefusedPin | None) -> Metric:
    """Return whether a pin is refused, and which: the one that replaces it must not be blamed for it."""
    text = "1 if the newest pin cannot be served, else 0"
    if refused is None:
        return GaugeMetricFamily("planrec_pin_refused", text, 0)
    metric = GaugeMetricFamily("planrec_pin_refused", text, labels=["run_json_sha256"])
    metric.add_metric([refused.run_json_sha256], 1)
    return metric


def _remove_gauges_of_dead_workers(folder: Path) -> None:
    """Remove the gauges of workers that were killed; their counters stay."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(re.findall(r"\d+", file.stem)[-1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
