"""What Prometheus is told, by one process or by all workers together."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from planrec.serving.decision_log import Counts

from .served_run import ServedRun

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The counters of one app; a second app in one process has its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "planrec_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "planrec_request_seconds",
            "Time to answer",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self._recommendations = Counter(
            "planrec_recommendations",
            "Answers by run, decision (recommend, stay, abstain) and plan in front",
            ["run_id", "decision", "plan"],
            registry=registry,
        )
        self._log_queue = Gauge(
            "planrec_decision_log_queue",
            "Rows that wait to be written",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._log_rows = Gauge(
            "planrec_decision_log_rows",
            "Rows since the start, by outcome (written, dropped, failed)",
            ["outcome"],
            registry=registry,
            multiprocess_mode="sum",  # a killed worker's rows still count
        )

        self._log_errors = Gauge(
            "planrec_decision_log_errors",
            "Attempts to write rows that failed, since the start",
            registry=registry,
            multiprocess_mode="sum",
        )

    def requested(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one request. `route` is a template: raw addresses would make a series each.

        `seconds` is None where nobody began to answer it.
        """
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, status).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def recommended(self, run_id: str, decision: str, plan: str) -> None:
        """Count one recommendation."""
        self._recommendations.labels(run_id, decision, plan).inc()

    def logged(self, counts: Counts) -> None:
        """What became of the rows of this worker so far."""
        self._log_queue.set(counts.waiting)
        self._log_errors.set(counts.errors)
        for outcome in ("written", "dropped", "failed"):
            self._log_rows.labels(outcome).set(getattr(counts, outcome))

    def text(self, served: ServedRun, pin_error: str | None) -> bytes:
        """All of it as Prometheus reads it; with several workers, the sum over them."""
        return generate_latest(self._all_workers()) + generate_latest(_of_the_run(served, pin_error))

    def _all_workers(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def _of_the_run(served: ServedRun, pin_error: str | None) -> CollectorRegistry:
    """Facts of the worker that is asked: computed now, so that no killed worker can leave an old one."""
    registry = CollectorRegistry()
    registry.register(_RunFacts(served, pin_error))
    return registry


class _RunFacts(Collector):
    """Not gauges: with several workers these would be files, added to the answers of all."""

    def __init__(self, served: ServedRun, pin_error: str | None) -> None:
        self._served, self._pin_error = served, pin_error

    def collect(self) -> Iterable[Metric]:
        """The facts as Prometheus has them."""
        run_id, manifest = self._served.saved.run_id, self._served.saved.manifest
        info = GaugeMetricFamily("planrec_run_info", "The run that answers", labels=["run_id", "version"])
        info.add_metric([run_id, manifest.versions["planrec"]], 1)
        yield info
        age = datetime.now(UTC) - datetime.fromisoformat(manifest.finished)
        yield GaugeMetricFamily("planrec_model_age_seconds", "Since its run finished", age.total_seconds())
        refused = self._pin_error is not None
        yield GaugeMetricFamily("planrec_pin_refused", "1: the newest pin cannot be served", refused)


def _forget_the_dead(folder: Path) -> None:
    """Remove the gauges of workers that were killed; their counters still count."""
    for file in folder.glob("gauge_live*.db"):
        pid = int(re.findall(r"\d+", file.stem)[-1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
