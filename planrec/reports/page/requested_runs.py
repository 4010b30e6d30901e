"""What a report was asked for: runs and sweeps as runs side by side, the best first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isnan
from pathlib import Path

from planrec.config.config_diff import labels
from planrec.errors import RunError
from planrec.files.outputs_folder import command_line
from planrec.metrics import METRICS, MetricValue
from planrec.runs.manifest import Manifest
from planrec.runs.read import own_value, read_manifest
from planrec.sweeps.sweep_folder import failed_cells, is_sweep, runs_of


@dataclass(frozen=True)
class AskedRun:
    """One complete run beside the others; its model is not read."""

    folder: Path
    name: str
    "<date>/<time>-<id>; with the number behind it for a cell of a sweep."
    manifest: Manifest
    value: MetricValue | None
    "The first metric of the first run; None where this run has not measured it."
    label: str = ""
    "The options in which it differs from the other runs; its model where it is alone."


@dataclass(frozen=True)
class Asked:
    """Everything that the page is about."""

    metric: str
    "What the runs are compared by: the first metric of the first one."
    runs: tuple[AskedRun, ...]
    "The best first, where the metric has a better direction; those without a value at the end. At least one."
    failed: tuple[tuple[str, str], ...] = ()
    "What gave no run, and why."


def asked_for(places: Sequence[Path]) -> Asked:
    """Read runs and sweeps, each run once.

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
            f" {command_line('leaderboard', *places)} says what failed"
        )
    metric = manifests[next(iter(found))].config["metrics"][0]
    runs = [
        AskedRun(folder, name, manifests[folder], own_value(folder, metric)) for folder, name in found.items()
    ]
    return Asked(metric, tuple(best_first(labelled(runs), metric)), tuple(failed))


def labelled(runs: Sequence[AskedRun]) -> list[AskedRun]:
    """The runs with what tells them apart; equal ones by their names."""
    differing = labels([run.manifest.config for run in runs])
    texts = [
        " ".join(f"{path}={value}" for path, value in label.items()) or run.manifest.model_kind
        for run, label in zip(runs, differing, strict=True)
    ]
    return [
        replace(run, label=text if texts.count(text) == 1 else f"{text}, run {run.name}")
        for run, text in zip(runs, texts, strict=True)
    ]


def best_first(runs: Sequence[AskedRun], metric: str) -> list[AskedRun]:
    """The runs by their value, ties as they were asked for; all of them so where no direction is better."""
    higher_is_better = METRICS[metric].higher_is_better
    if higher_is_better is None:
        return list(runs)
    sign = -1 if higher_is_better else 1

    def loss(run: AskedRun) -> float:
        return inf if run.value is None or isnan(run.value.value) else sign * run.value.value

    return sorted(runs, key=loss)


def _cell_name(link: Path) -> str:
    return "/".join(link.absolute().parts[-3:])
