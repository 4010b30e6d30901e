"""The run folder: written once by `save_run`, read by `load_run`, by nobody else.

config.json          written first: what was started
model.skops          the fitted Pipeline, no pickle, canonical bytes
out_of_fold.parquet  every out-of-fold prediction and decision
dropped_rows.csv     rows that the source left out and why, where there were any
run.json             written last: a folder with it is complete
"""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from planrec.config import RunConfig
from planrec.data_summary import data_summary
from planrec.errors import RunError
from planrec.experiment import RunResult
from planrec.metrics import MetricValue
from planrec.model_file import canonical_skops, read_skops
from planrec.recommender import Recommender
from planrec.schema import DecisionTable, InputSchema, frame_of

SCHEMA = "planrec.run/1"
N_GOLDEN = 20
"Requests stored with their answers, to be replayed before a run is served."
VERSIONED = ("planrec", "numpy", "pandas", "scikit-learn", "lightgbm", "skops", "pydantic")


@dataclass(frozen=True)
class SavedRun:
    """A complete run, read and checked."""

    folder: Path
    manifest: dict[str, Any]
    "The content of run.json."
    config: RunConfig
    metrics: tuple[MetricValue, ...]
    recommender: Recommender

    @property
    def run_id(self) -> str:
        """Name of the run in answers and logs: date/time-id."""
        return str(self.manifest["run_id"])


def begin_run(folder: Path, config: RunConfig, command: str) -> None:
    """Claim the folder for one run. Raises RunError where another run has it."""
    folder.mkdir(parents=True, exist_ok=True)
    started = {"command": command, "started": _now(), "config": config.model_dump(mode="json", by_alias=True)}
    try:
        with (folder / "config.json").open("x", encoding="utf-8") as file:
            json.dump(started, file, indent=2)
    except FileExistsError:
        raise RunError(f"{folder} belongs to another run: nothing is overwritten") from None


def save_run(result: RunResult, folder: Path, command: str) -> None:
    """Write the run; `run.json` comes last, so a folder with it is complete."""
    model = canonical_skops(result.recommender.pipeline)
    _write_atomically(folder / "model.skops", model)
    result.out_of_fold.to_parquet(folder / "out_of_fold.parquet", index=False)
    files = ["config.json", "model.skops", "out_of_fold.parquet"]
    if result.dropped:
        frame_of(result.dropped).to_csv(folder / "dropped_rows.csv", index=False)
        files.append("dropped_rows.csv")
    manifest = {
        "schema": SCHEMA,
        "run_id": "/".join(folder.resolve().parts[-2:]),
        "command": command,
        "finished": _now(),
        "config": result.config.model_dump(mode="json", by_alias=True),
        **_catalogue(result.config),
        "data_fingerprint": result.table.fingerprint(),
        "data": data_summary(result.table),
        "plans": list(result.recommender.plans),
        "inputs": result.recommender.inputs.model_dump(mode="json"),
        "notes": list(result.notes),
        "metrics": [_nan_as_null(asdict(value)) for value in result.metrics],
        "golden": _golden(result.recommender, result.table),
        "seconds": result.seconds,
        "seeds": {"run": result.config.seed},
        "versions": _versions(),
        "git_commit": _git_commit(),
        "files": {name: _sha256((folder / name).read_bytes()) for name in files},
    }
    text = json.dumps(manifest, indent=2, allow_nan=False, default=_plain, ensure_ascii=False)
    _write_atomically(folder / "run.json", text.encode())


def load_run(folder: Path) -> SavedRun:
    """Read a complete run folder; every hash is checked before anything is parsed.

    Raises:
        RunError: not a run, not finished, changed after saving, or made by versions that cannot be read.
    """
    manifest = read_manifest(folder)
    changed = [
        f"{name} is {'missing' if not (folder / name).is_file() else 'not the file that this run saved'}"
        for name, sha256 in manifest["files"].items()
        if not (folder / name).is_file() or _sha256((folder / name).read_bytes()) != sha256
    ]
    if changed:
        raise RunError(f"{folder} was changed after it was saved", changed)
    config = _config_of(manifest, folder)
    recommender = Recommender(
        pipeline=read_skops((folder / "model.skops").read_bytes()),
        model=config.model,
        policy=config.policy,
        plans=tuple(manifest["plans"]),
        inputs=InputSchema.model_validate(manifest["inputs"]),
        catalogue=config.catalogue.open(),
    )
    metrics = tuple(MetricValue(**_null_as_nan(value)) for value in manifest["metrics"])
    return SavedRun(folder, manifest, config, metrics, recommender)


def read_manifest(folder: Path) -> dict[str, Any]:
    """run.json of a complete run. Raises RunError."""
    if not folder.is_dir():
        raise RunError(f"{folder} is not a folder: a run lies in outputs/<date>/<time>-<id>")
    if not (folder / "run.json").is_file():
        unfinished = (folder / "config.json").is_file()
        why = "the run did not finish: start it again" if unfinished else "not a run"
        raise RunError(f"{folder} holds no run.json: {why}")
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    if manifest.get("schema") != SCHEMA:
        raise RunError(f"{folder / 'run.json'}: schema must be {SCHEMA!r}, got {manifest.get('schema')!r}")
    return dict(manifest)


def complete_runs(outputs: Path) -> list[Path]:
    """Folders of complete runs below `outputs`, the one that finished last at the end."""
    files = sorted(outputs.glob("**/run.json"), key=lambda file: (file.stat().st_mtime_ns, str(file)))
    return [file.parent for file in files]


def replay_golden(saved: SavedRun) -> None:
    """Ask the stored requests again. Raises RunError where an answer differs."""
    golden = saved.manifest["golden"]
    prediction, decisions = saved.recommender.recommend(saved.recommender.table(golden["requests"]))
    # 1e-12 for models that go through BLAS; bit for bit for the others is part of the test suite.
    same = np.allclose(prediction.probability, golden["probability"], rtol=0, atol=1e-12)
    if not same or decisions.recommended.tolist() != golden["recommended"]:
        raise RunError(f"{saved.folder} does not give the answers that it gave when it was saved")


def _catalogue(config: RunConfig) -> dict[str, Any]:
    """The plans themselves: the file of `catalogue=file` may change or go after the run."""
    catalogue = config.catalogue.open()
    if catalogue is None:
        return {"catalogue": None, "catalogue_sha256": None}
    content = catalogue.model_dump(mode="json", by_alias=True)
    return {"catalogue": content, "catalogue_sha256": catalogue.sha256}


def _config_of(manifest: Mapping[str, Any], folder: Path) -> RunConfig:
    """The configuration, with the catalogue's content in place of its path."""
    content = manifest.get("catalogue")
    config = RunConfig.model_validate(manifest["config"] | ({"catalogue": content} if content else {}))
    catalogue = config.catalogue.open()
    if catalogue is not None and catalogue.sha256 != manifest["catalogue_sha256"]:
        raise RunError(
            f"{folder} was changed after it was saved", ["the catalogue in run.json has another sha256"]
        )
    return config


def _golden(recommender: Recommender, table: DecisionTable) -> dict[str, Any]:
    """A few decisions as requests, and the answers to them."""
    rows = np.unique(np.linspace(0, len(table) - 1, N_GOLDEN).astype(np.int64))
    requests = recommender.requests(table.take(rows))
    prediction, decisions = recommender.recommend(recommender.table(requests))
    return {
        "requests": requests,
        "probability": prediction.probability.tolist(),
        "recommended": decisions.recommended.tolist(),
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONED}


def _git_commit() -> str | None:
    """The commit of the code, where it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None


def _write_atomically(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, file)


def _nan_as_null(value: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a metric that is not defined is null."""
    return {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in value.items()}


def _null_as_nan(value: dict[str, Any]) -> dict[str, Any]:
    figures = ("value", "low", "high")
    return {name: np.nan if name in figures and v is None else v for name, v in value.items()}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} cannot be written to run.json")
