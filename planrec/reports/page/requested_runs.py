"""Runs of a report: those that you name, and those of the sweeps that you name; the best first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isnan
from pathlib import Path

from planrec.commands.advice import command_line
from planrec.config.config_diff import labels
from planrec.errors import RunError
from planrec.files.folder_walk import is_sweep
from planrec.metrics import METRICS, MetricValue
from planrec.runs.manifest import Manifest
from planrec.runs.read import own_value, read_manifest
from planrec.sweeps.sweep_folder import failed_cells, runs_of


@dataclass(frozen=True)
class RequestedRun:
    """One complete run of the report, without its model."""

    folder: Path
    name: str
    "<date>/<time>-<id>; a cell of a sweep adds its number."
    manifest: Manifest
    value: MetricValue | None
    "The first metric of the first run; None if this run has not measured it."
    label: str = ""
    "The options in which it differs from the other runs; its model if there is no other run."


@dataclass(frozen=True)
class RequestedRuns:
    """All runs of a report, and the failures among those requested."""

    metric: str
    "The runs are compared by the first metric of the first run."
    runs: tuple[RequestedRun, ...]
    "The best first, if the metric has a better direction; runs without a value last. At least one."
    failed: tuple[tuple[str, str], ...] = ()
    "Name of each failed cell or unreadable run, and its error."

    @property
    def have_same_folds(self) -> bool:
        """Return whether all runs are judged on the same folds; else their figures cannot be compared."""
        return len({run.manifest.folds_fingerprint for run in self.runs}) == 1

    @property
    def are_ranked(self) -> bool:
        """Return whether the first run is the best one."""
        return self.have_same_folds and METRICS[self.metric].higher_is_better is not None


def read_requested_runs(places: Sequence[Path]) -> RequestedRuns:
    """Read runs and sweeps, each run once.

    Args:
        places: folders of runs and of sweeps.

    Returns:
        The complete runs, the best first, and the failures of sweeps.

    Raises:
        RunError: a place that is neither a run nor a sweep, or no complete run in all of them.
    """
    found: dict[Path, str] = {}
    failed: list[tuple[str, str]] = []
    manifests: dict[Path, Manifest] = {}
    for place in places:
        for link in runs_of(place) if is_sweep(place) else [place]:
            folder = link.resolve()
            try:
                manifests[folder] = read_manifest(link)
            except RunError as error:
                if not is_sweep(place):
                    raise
                failed.append((_cell_name(link), error.message))
                continue
            name = _cell_name(link) if is_sweep(place) else manifests[folder].run_id
            found.setdefault(folder, name)
    sweeps = [place for place in places if is_sweep(place)]
    failed += [(f"{cell.name}: {cell.overrides}", cell.error) for cell in failed_cells(sweeps)]
    if not found:
        raise RunError(
            f"no complete run in {', '.join(map(str, places))}:"
            f" {command_line('leaderboard', *places)} lists the failures"
        )
    metric = manifests[next(iter(found))].config["metrics"][0]
    runs = [
        RequestedRun(folder, name, manifests[folder], own_value(folder, metric))
        for folder, name in found.items()
    ]
    return RequestedRuns(metric, tuple(best_first(with_labels(runs), metric)), tuple(failed))


def with_labels(runs: Sequence[RequestedRun]) -> list[RequestedRun]:
    """Label each run with the options in which it differs; runs of equal options get their names as well."""
    differing = labels([run.manifest.config for run in runs])
    texts = [
        " ".join(f"{path}={value}" for path, value in label.items()) or run.manifest.model_kind
        for run, label in zip(runs, differing, strict=True)
    ]
    return [
        replace(run, label=text if texts.count(text) == 1 else f"{text}, run {run.name}")
        for run, text in zip(runs, texts, strict=True)
    ]


def best_first(runs: Sequence[RequestedRun], metric: str) -> list[RequestedRun]:
    """Sort runs by their value; equal runs, and all runs if no direction is better, keep their order."""
    higher_is_better = METRICS[metric].higher_is_better
    if higher_is_better is None:
        return list(runs)
    sign = -1 if higher_is_better else 1

    def loss(run: RequestedRun) -> float:
        return inf if run.value is None or isnan(run.value.value) else sign * run.value.value

    return sorted(runs, key=loss)


def _cell_name(link: Path) -> str:
    return "/".join(link.absolute().parts[-3:])
