"""Copy a finished run to MLflow, once: a copy is found by the hash of run.json."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from planrec.errors import RunError
from planrec.files.hashing import sha256_of
from planrec.files.json_file import JsonObject
from planrec.runs.manifest import Manifest, parse_manifest
from planrec.tracking.neutral_run import neutral_copy
from planrec.tracking.tracking_store import TrackingStore

if TYPE_CHECKING:
    from mlflow.entities import Metric, Param, Run

Item = TypeVar("Item")
SHA256 = "planrec.run_json_sha256"
PARENT = "mlflow.parentRunId"
OURS = {"mlflow.user": "planrec", "mlflow.source.name": "planrec"}
"MLflow would write the user and the path of the program."
MOST_PARAMS, MOST_METRICS = 100, 1_000
"Of one call."
MOST_LETTERS, MOST_LETTERS_OF_A_NAME = 6_000, 250


@dataclass(frozen=True)
class CopiedRun:
    """A run and its copy."""

    run_id: str
    sha256: str
    tracked_id: str
    "Id in MLflow."
    was_there: bool
    "Whether an earlier call had copied it."


def copy_run(store: TrackingStore, folder: Path, parent: str | None = None) -> CopiedRun:
    """Copy a run with its configuration, metrics and files.

    An unfinished copy of a call that was killed is removed, and made again.

    Args:
        store: the experiment.
        folder: the folder of a complete run.
        parent: id of the copy of its sweep in MLflow; None if it has none.

    Raises:
        RunError: the run is not complete, or was changed.
    """
    run_json = run_json_of(folder)
    sha256 = sha256_of(run_json)
    run_id = parse_manifest(run_json, folder / "run.json").run_id
    for found in copies_with(store, SHA256, sha256):
        if found.info.status == "FINISHED":
            _nest(store, found, parent)
            return CopiedRun(run_id, sha256, found.info.run_id, was_there=True)
        store.client.delete_run(found.info.run_id)
    with TemporaryDirectory() as temporary:
        neutral = neutral_copy(run_json, folder, Path(temporary))
        tracked_id = _send(store, neutral, Path(temporary), sha256, parent)
    return CopiedRun(run_id, sha256, tracked_id, was_there=False)


def copies_with(store: TrackingStore, tag: str, value: str) -> "Sequence[Run]":
    """Return the runs of the experiment with this value of a tag."""
    found: Sequence[Run] = store.client.search_runs([store.experiment_id], f"tags.`{tag}` = '{value}'")
    return found


def run_json_of(folder: Path) -> bytes:
    """Return the content of run.json. Raises RunError."""
    try:
        return (folder / "run.json").read_bytes()
    except OSError:
        raise RunError(f"{folder} holds no run.json: not a complete run") from None


def _nest(store: TrackingStore, found: "Run", parent: str | None) -> None:
    """Put a copy below its sweep; a cell of several sweeps stays below the first."""
    if parent is not None and PARENT not in found.data.tags:
        store.client.set_tag(found.info.run_id, PARENT, parent)


def _send(store: TrackingStore, neutral: JsonObject, folder: Path, sha256: str, parent: str | None) -> str:
    manifest = parse_manifest(json.dumps(neutral).encode(), folder / "run.json")
    finished = _milliseconds(manifest.finished)
    started = finished - round(1_000 * sum(manifest.seconds.values()))
    tags = OURS | {"mlflow.runName": manifest.run_id, SHA256: sha256, "planrec.address": manifest.address}
    if parent is not None:
        tags[PARENT] = parent
    if manifest.git_commit is not None:
        tags["mlflow.source.git.commit"] = manifest.git_commit
    client = store.client
    run_id = str(client.create_run(store.experiment_id, start_time=started, tags=tags).info.run_id)
    for params in _batches(params_of(neutral["config"]), MOST_PARAMS):
        client.log_batch(run_id, params=params)
    for metrics in _batches(_metrics_of(manifest, finished), MOST_METRICS):
        client.log_batch(run_id, metrics=metrics)
    client.log_artifacts(run_id, str(folder), "run")
    # Last: a copy that broke off is not finished.
    client.set_terminated(run_id, "FINISHED", end_time=finished)
    return run_id


def params_of(config: JsonObject) -> "Iterator[Param]":
    """Yield the values of a configuration by their dotted keys, as MLflow takes them."""
    from mlflow.entities import Param

    seen = set()
    for key, value in _leaves(config, ""):
        name = re.sub(r"[^\w/.\- ]", "_", key)[:MOST_LETTERS_OF_A_NAME]
        if name not in seen:
            seen.add(name)
            yield Param(name, value[:MOST_LETTERS])


def _leaves(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Yield key and text of each value; empty objects count as values."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}" if key else name)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _metrics_of(manifest: Manifest, time: int) -> "Iterator[Metric]":
    """Yield the metrics with the ends of their intervals; those of baselines begin with `baseline.`."""
    from mlflow.entities import Metric

    for value in manifest.metrics:
        if value.group is not None:
            continue
        is_own = value.model == manifest.model_kind
        name = value.metric if is_own else f"baseline.{value.model}.{value.metric}"
        parts = {name: value.value, f"{name}.low": value.low, f"{name}.high": value.high}
        yield from (Metric(key, number, time, 0) for key, number in parts.items() if not isnan(number))


def _batches(items: "Iterable[Item]", most: int) -> "Iterator[list[Item]]":
    remaining = iter(items)
    while batch := list(islice(remaining, most)):
        yield batch


def _milliseconds(instant: str) -> int:
    return round(1_000 * datetime.fromisoformat(instant).timestamp())
