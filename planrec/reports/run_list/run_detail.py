"""Everything that run.json has about a run, for one page about it."""

from math import isnan
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from planrec.config.config_diff import flat
from planrec.metrics import MetricValue
from planrec.reports.run_list.run_row import RunRow
from planrec.runs.read import read_manifest


class ModelMetric(Struct, frozen=True):
    """A metric of one model on one group."""

    model: str
    metric: str
    group: str | None
    value: Annotated[float | None, Meta(description="Null if it is not defined.")]
    low: float | None
    high: float | None


class RunDetail(Struct, frozen=True):
    """A run with all of its metrics and its configuration."""

    run: RunRow
    plans: list[str]
    horizon: Annotated[int, Meta(description="Months that bills are averaged over; 0 without bills.")]
    metrics: Annotated[list[ModelMetric], Meta(description="Those of the run's own model come first.")]
    config: Annotated[dict[str, str], Meta(description="By dotted path.")]
    notes: list[str]
    seconds: Annotated[dict[str, float], Meta(description="By stage of the training.")]
    versions: dict[str, str]
    data_fingerprint: str
    folds_fingerprint: str
    report: Annotated[str, Meta(description="Path of its report, a page of HTML.")]
    card: Annotated[str, Meta(description="Path of its model card, a page of HTML.")]


def read_run_detail(folder: Path, row: RunRow) -> RunDetail:
    """Read a run that is listed in this row.

    Raises:
        RunError: it is not complete any more, or cannot be read.
    """
    manifest = read_manifest(folder)
    return RunDetail(
        run=row,
        plans=list(manifest.plans),
        horizon=manifest.horizon,
        metrics=[_metric(value) for value in manifest.metrics],
        config=flat(manifest.config),
        notes=list(manifest.notes),
        seconds=manifest.seconds,
        versions=dict(manifest.versions),
        data_fingerprint=manifest.data_fingerprint,
        folds_fingerprint=manifest.folds_fingerprint,
        report=f"/runs/{row.id}/report",
        card=f"/runs/{row.id}/card",
    )


def _metric(found: MetricValue) -> ModelMetric:
    value, low, high = (None if isnan(number) else number for number in (found.value, found.low, found.high))
    return ModelMetric(found.model, found.metric, found.group, value, low, high)
