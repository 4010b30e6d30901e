"""Write a run folder: `run.json` comes last, so a folder that has it is complete."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from planrec.catalogue import Catalogue
from planrec.choice import facts_of
from planrec.config.run_config import RunConfig
from planrec.errors import RunError
from planrec.files.atomic_write import write_atomically
from planrec.files.formula_cells import plain_cell
from planrec.files.hashing import sha256_of_file
from planrec.files.package_folder import PACKAGE
from planrec.input_drift import Profile, advised_of, profile_of, watched_columns
from planrec.recommending.recommender import Recommender
from planrec.recommending.request_table import requests_of
from planrec.runs.address import address_of, plugins_of
from planrec.runs.data_summary import data_summary
from planrec.runs.identity import run_id_of
from planrec.runs.manifest import (
    ALWAYS,
    CHOICE,
    DROPPED_ROWS,
    PROFILE,
    SCHEMA,
    Manifest,
    MeasuredBy,
    manifest_json,
    nan_as_null,
)
from planrec.runs.model_file import canonical_skops
from planrec.runs.provenance import git_commit, versions
from planrec.runs.read import SavedRun, checked_bytes, read_profile
from planrec.schema.columns import frame_of
from planrec.schema.predictions import OutOfFold
from planrec.schema.request import Request, fields_of, json_of, read_request
from planrec.schema.shown_name import line_problem, run_name_problem
from planrec.training.experiment import RunResult
from planrec.training.fitting import Chosen, choices_of
from planrec.training.latency import speed_of

N_GOLDEN = 20
"Requests that are stored with their answers, and repeated before a run is served."
GOLDEN_FIELDS = ("months", "attributes", "plan_held", "last_recommended", "commitment_ends")
"Fields of a stored request; the others have their defaults."
THRESHOLD_NOTE = "the least saving that limits harm"
"Beginning of the note about the threshold of a run with other plans."


def begin_run(folder: Path, config: RunConfig, command: str) -> None:
    """Claim the folder for one run.

    Raises:
        RunError: another run has it, its name cannot be the id of a run, or the command has several lines.
    """
    if problem := run_name_problem(run_id_of(folder)):
        raise RunError(f"{folder}: the id of a run, which is the end of its folder, {problem}")
    if problem := line_problem(command):
        raise RunError(f"the command that is recorded for the run {problem}")
    folder.mkdir(parents=True, exist_ok=True)
    started = {"command": command, "started": _now(), "config": config.model_dump(mode="json", by_alias=True)}
    try:
        with (folder / "config.json").open("x", encoding="utf-8") as file:
            json.dump(started, file, indent=2)
    except FileExistsError:
        raise RunError(f"{folder} belongs to another run: nothing is overwritten") from None


def save_run(result: RunResult, folder: Path, command: str, *, selected: bool = False) -> None:
    """Write the run; `run.json` comes last, so a folder with it is complete.

    Args:
        result: the result of the run.
        folder: the folder that `begin_run` claimed.
        command: the command line that repeats the run.
        selected: whether a search chose the config by its results on the reported folds.
    """
    result.out_of_fold.to_parquet(folder / "out_of_fold.parquet", index=False)
    if result.dropped:
        frame_of(result.dropped).map(plain_cell).to_csv(folder / DROPPED_ROWS, index=False)
    write_atomically(folder / PROFILE, _profile(result).json_bytes)
    facts = facts_of(result.recommender.estimator, result.table.X, result.table.labels)
    if facts is not None:
        write_atomically(folder / CHOICE, facts.model_dump_json(indent=2).encode())
    rows = np.unique(np.linspace(0, len(result.table) - 1, N_GOLDEN).astype(np.int64))
    content = {
        "selected": selected,
        "command": command,
        "data_fingerprint": result.table.fingerprint(),
        "folds_fingerprint": result.folds_fingerprint,
        "data": data_summary(result.table).model_dump(mode="json", exclude_unset=True),
        "measured_by": None,
        "notes": list(result.notes),
        "tuned": [asdict(chosen) for chosen in result.tuned],
        "chosen": [asdict(chosen) for chosen in result.chosen],
        "metrics": [nan_as_null(asdict(value)) for value in result.metrics],
        "differences": [asdict(difference) for difference in result.differences],
        "golden": _golden(result.recommender, requests_of(result.table.take(rows))),
        "seconds": result.seconds,
        "fit_seconds": result.fit_seconds,
        "speed": asdict(result.speed),
    }
    _complete(folder, result.config, result.recommender, content)


def save_with_plans(
    saved: SavedRun, recommender: Recommender, folder: Path, command: str, note: str | None = None
) -> None:
    """Write a copy of a saved run whose recommender has the plans of another catalogue.

    Model and metrics stay those of the saved run; `measured_by` and a note record it.

    Args:
        saved: the run.
        recommender: its recommender with the other plans, and perhaps with another threshold.
        folder: the folder of the new run.
        command: the command line that repeats the copy.
        note: note about the threshold; it replaces an earlier one.
    """
    old, config = saved.manifest, saved.config.model_copy(update={"catalogue": recommender.catalogue})
    begin_run(folder, config, command)
    for name in old.files.keys() & {"out_of_fold.parquet", DROPPED_ROWS}:
        (folder / name).write_bytes(checked_bytes(saved.folder, name, old.files[name]))
    if PROFILE in old.files:
        plans, sha256 = recommender.plans, _sha256_of(recommender.catalogue)
        write_atomically(folder / PROFILE, read_profile(saved).without_advice(plans, sha256).json_bytes)
    requests = [read_request(content) for content in old.golden.requests]
    content = manifest_json(old) | {
        "command": command,
        "golden": _golden(recommender, requests),
        "speed": asdict(speed_of(recommender, recommender.table(requests))),
        "chosen": [asdict(chosen) for chosen in _chosen(old, config, recommender)],
    }
    measured_by = old.measured_by
    if measured_by is None and (old_catalogue := saved.recommender.catalogue) is not None:
        measured_by = _measured_by(saved, old_catalogue)
        content["measured_by"] = measured_by.model_dump()
    last = [] if measured_by is None else [measured_by.note]
    kept = [said for said in old.notes if said not in last and not said.startswith(THRESHOLD_NOTE)]
    content["notes"] = [*kept, *([] if note is None else [note]), *last]
    _complete(folder, config, recommender, content)


def _chosen(old: Manifest, config: RunConfig, recommender: Recommender) -> list[Chosen]:
    """Return the choices of the fits of the folds, and those of a recommender with other plans."""
    of_folds = [c for c in old.chosen if c.fold is not None or c.model != config.model.kind]
    return [*of_folds, *choices_of(config, recommender, config.model.kind, None)]


def write_card(folder: Path, card: str) -> Path:
    """Write the model card into a complete run folder and return its path. Raises RunError."""
    file = folder / "model_card.md"
    try:
        write_atomically(file, card.encode())
    except OSError as error:
        raise RunError(f"{file} cannot be written: {error}") from error
    return file


def _complete(folder: Path, config: RunConfig, recommender: Recommender, content: dict[str, Any]) -> None:
    """Write the model, then run.json: `content`, and the values derived from files and arguments."""
    write_atomically(folder / "model.skops", canonical_skops(recommender.pipeline))
    files = [*ALWAYS, *(name for name in (PROFILE, CHOICE, DROPPED_ROWS) if (folder / name).is_file())]
    head = {
        "schema": SCHEMA,
        "run_id": run_id_of(folder),
        "address": address_of(config, content["data_fingerprint"], selected=content["selected"]),
        "finished": _now(),
        "config": config.model_dump(mode="json", by_alias=True),
        **_catalogue(config),
        "plans": list(recommender.plans),
        "horizon": recommender.horizon,
        "inputs": recommender.inputs.model_dump(mode="json"),
        "seeds": {"run": config.seed},
        "versions": versions(),
        "plugins": [asdict(use) for use in plugins_of(config)],
        "git_commit": git_commit(PACKAGE),
        "files": {name: sha256_of_file(folder / name) for name in files},
    }
    # `head` fixes the order of keys, and overrides the values of a `content` taken from another run.json.
    text = json.dumps(head | content | head, indent=2, allow_nan=False, default=_plain, ensure_ascii=False)
    write_atomically(folder / "run.json", text.encode())


def _profile(result: RunResult) -> Profile:
    """Describe the training decisions, and the advice of the run's own model on its test rows."""
    rows = result.out_of_fold
    own = rows[(rows[OutOfFold.MODEL] == result.config.model.kind) & (rows[OutOfFold.REPEAT] == 0)]
    advised = advised_of(
        own[OutOfFold.DECISION].to_numpy(object), own[OutOfFold.RECOMMENDED].to_numpy(object)
    )
    return profile_of(
        watched_columns(result.table, advised), result.table.plans, _sha256_of(result.recommender.catalogue)
    )


def _sha256_of(catalogue: Catalogue | None) -> str | None:
    return None if catalogue is None else catalogue.sha256


def _measured_by(saved: SavedRun, catalogue: Catalogue) -> MeasuredBy:
    return MeasuredBy(
        run_id=saved.run_id,
        run_json_sha256=saved.sha256,
        catalogue=f"{catalogue.catalogue_id} {catalogue.version}",
    )


def _catalogue(config: RunConfig) -> dict[str, Any]:
    """Return the plans themselves: the file of `catalogue=file` may change or disappear later."""
    catalogue = config.catalogue.open()
    if catalogue is None:
        return {"catalogue": None, "catalogue_sha256": None}
    content = catalogue.model_dump(mode="json", by_alias=True)
    return {"catalogue": content, "catalogue_sha256": catalogue.sha256}


def _golden(recommender: Recommender, requests: Sequence[Request]) -> dict[str, Any]:
    """Return a few decisions as requests, and the answers to them."""
    fields = [name for name in GOLDEN_FIELDS if name in fields_of(recommender.inputs)]
    prediction, decisions = recommender.recommend(recommender.table(requests))
    return {
        "requests": [json.loads(json_of(request, fields)) for request in requests],
        "probability": prediction.probability.tolist(),
        "recommended": decisions.recommended.tolist(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} cannot be written to run.json")
