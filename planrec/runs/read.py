"""Read a run folder: every hash is checked before a file is parsed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError
from sklearn.pipeline import Pipeline

from planrec.catalogue import CatalogueConfig, CatalogueFile
from planrec.choice import ChoiceFacts
from planrec.commands.advice import command_line
from planrec.config.run_config import RunConfig
from planrec.contracts import Model, Policy
from planrec.errors import RequestError, RunError
from planrec.files.folder_walk import is_sweep
from planrec.files.hashing import sha256_of
from planrec.files.validation_errors import problems_of
from planrec.input_drift import Profile, read_profile_json
from planrec.metrics import MetricValue
from planrec.recommending.recommender import Recommender
from planrec.runs.manifest import CHOICE, PROFILE, FileName, Manifest, parse_manifest
from planrec.runs.model_file import read_skops
from planrec.schema.predictions import OutOfFold
from planrec.schema.request import read_request
from planrec.training.tuning import final_model
from planrec.training.verdict import verdict_of

if TYPE_CHECKING:
    import pandas as pd

MEASURED = (
    *(OutOfFold.DECISION_ID, OutOfFold.REPEAT, OutOfFold.MODEL, OutOfFold.SUBSCRIBER, OutOfFold.AS_OF),
    *(OutOfFold.HELD, OutOfFold.Y, OutOfFold.RECOMMENDED, OutOfFold.HORIZON, OutOfFold.USAGE_DECILE),
    *(OutOfFold.PROBABILITY, OutOfFold.MENU, OutOfFold.FUTURE, OutOfFold.SWITCHING, OutOfFold.HIDDEN),
    *(OutOfFold.CHEAPER, OutOfFold.SEGMENT),
)
"Columns, or prefixes of columns, of the out-of-fold table that metrics and segments need."


@dataclass(frozen=True)
class RunRecord:
    """A complete run without its model."""

    folder: Path
    manifest: Manifest
    "The content of run.json."

    @property
    def run_id(self) -> str:
        """Name of the run in answers and logs: date/time-id."""
        return self.manifest.run_id

    @property
    def model_bytes(self) -> int:
        """Size of the model file."""
        return (self.folder / "model.skops").stat().st_size


@dataclass(frozen=True, repr=False)
class SavedRun(RunRecord):
    """A complete run, read and checked, with the recommender that answers."""

    sha256: str
    "Hash of run.json, which holds the hashes of all other files: the identity of the run."
    config: RunConfig
    recommender: Recommender

    def __repr__(self) -> str:
        return f"<SavedRun {self.folder}: {verdict_of(self.manifest).sentence()}>"


@dataclass(frozen=True)
class RunJson:
    """run.json, read once: its hash is that of the bytes that were parsed."""

    folder: Path
    manifest: Manifest
    sha256: str

    @classmethod
    def of(cls, folder: Path, content: bytes) -> Self:
        """Parse the content of the run.json of a folder. Raises RunError."""
        return cls(folder, parse_manifest(content, folder / "run.json"), sha256_of(content))


def load_run(folder: str | Path) -> SavedRun:
    """Read a complete run folder; every hash is checked before anything is parsed.

    Raises:
        RunError: the folder is not a complete run, was changed after saving, or was made by versions that
            this one cannot read.
    """
    return load_described(read_run_json(Path(folder)))


def load_described(run_json: RunJson) -> SavedRun:
    """Read the files that a run.json describes. Raises RunError, as `load_run`."""
    folder, manifest = run_json.folder, run_json.manifest
    content = _checked_files(folder, manifest, ("model.skops", PROFILE))
    config = config_of(manifest, folder)
    recommender = Recommender(
        pipeline=_pipeline_of(content["model.skops"], folder, [use.package for use in manifest.plugins]),
        features=config.features,
        model=_model_of(config, manifest, folder),
        policy=_policy_of(config, manifest),
        plans=manifest.plans,
        inputs=manifest.inputs,
        horizon=manifest.horizon,
        catalogue=config.catalogue.open(),
        profile=_profile_of(content[PROFILE], folder) if PROFILE in content else None,
    )
    _check_plans(recommender, folder)
    return SavedRun(folder, manifest, run_json.sha256, config, recommender)


def read_manifest(folder: Path) -> Manifest:
    """Read run.json of a complete run. Raises RunError."""
    return read_run_json(folder).manifest


def read_run_json(folder: Path) -> RunJson:
    """Read run.json of a complete run, and its hash. Raises RunError."""
    if not folder.is_dir():
        raise RunError(f"{folder} is not a folder: expected a run such as outputs/<date>/<time>-<id>")
    if is_sweep(folder):
        raise RunError(
            f"{folder} is a sweep, not one run: name a run of it, such as {folder / '0'};"
            f" {command_line('leaderboard', folder)} says which is best"
        )
    if not (folder / "run.json").is_file():
        unfinished = (folder / "config.json").is_file()
        why = "the run did not finish: start it again" if unfinished else "not a run"
        raise RunError(f"{folder} holds no run.json: {why}")
    try:
        content = (folder / "run.json").read_bytes()
    except OSError as error:
        raise RunError(f"{folder / 'run.json'} cannot be read: {error}") from error
    return RunJson.of(folder, content)


def own_value(folder: Path, metric: str) -> MetricValue | None:
    """Return the value of a metric for the run's own model, or None if the run does not have it.

    Raises:
        RunError: a file of the run is missing, or run.json cannot be read. Other files are not read.
    """
    remedy = f"remove {folder}, and the same command runs it again"
    try:
        manifest = read_manifest(folder)
    except RunError as error:
        raise RunError(f"{error}; {remedy}") from error
    if missing := [name for name in manifest.files if not (folder / name).is_file()]:
        raise RunError(f"{folder} lacks {', '.join(missing)}, which it was saved with; {remedy}")
    own = manifest.model_kind
    values = manifest.metrics
    return next((v for v in values if (v.metric, v.model) == (metric, own) and v.group is None), None)


def read_record(folder: Path) -> RunRecord:
    """Read a complete run without its model, and check the hash of its out-of-fold table.

    Raises:
        RunError: the folder is not a complete run, or was changed after saving.
    """
    manifest = read_manifest(folder)
    checked_bytes(folder, "out_of_fold.parquet", manifest.files["out_of_fold.parquet"])
    if not (folder / "model.skops").is_file():
        raise RunError(f"{folder} was changed after it was saved: model.skops is missing")
    return RunRecord(folder, manifest)


def read_profile(run: RunRecord) -> Profile:
    """Read the reference profile of a run.

    Raises:
        RunError: the run has none, because an earlier version trained it, or the file was changed.
    """
    if PROFILE not in run.manifest.files:
        raise RunError(
            f"{run.folder} has no {PROFILE}: PlanRec 0.2.0 or earlier trained it; train it again:"
            f" {run.manifest.command}"
        )
    return _profile_of(checked_bytes(run.folder, PROFILE, run.manifest.files[PROFILE]), run.folder)


def _profile_of(content: bytes, folder: Path) -> Profile:
    return read_profile_json(content, str(folder / PROFILE))


def read_out_of_fold(run: RunRecord, models: Sequence[str]) -> "pd.DataFrame":
    """Read the out-of-fold rows of these models, with the columns that metrics and segments need.

    Raises:
        RunError: the table was changed after saving.
    """
    import pyarrow
    import pyarrow.parquet as parquet

    name: FileName = "out_of_fold.parquet"
    content = pyarrow.BufferReader(checked_bytes(run.folder, name, run.manifest.files[name]))
    # Prefixes end in @, so that `held` does not select a column `held_before`.
    columns = [
        column
        for column in parquet.read_schema(content).names
        if column in MEASURED or column.startswith(tuple(part for part in MEASURED if part.endswith("@")))
    ]
    rows = parquet.read_table(content, columns=columns, filters=[(OutOfFold.MODEL, "in", list(models))])
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def replay_golden(saved: SavedRun) -> None:
    """Repeat the stored requests. Raises RunError if an answer differs."""
    golden = saved.manifest.golden
    try:
        requests = [read_request(content) for content in golden.requests]
        prediction, decisions = saved.recommender.recommend(saved.recommender.table(requests))
        expected = np.array(golden.probability, np.float64).reshape(prediction.probability.shape)
    except (AttributeError, LookupError, TypeError, ValueError, RequestError) as error:
        raise RunError(
            f"{saved.folder}: its golden requests cannot be answered again: {error!r};"
            " train it again if another version of PlanRec made it"
        ) from error
    # 1e-12 for models that go through BLAS; bit for bit for the others is part of the test suite.
    same = np.allclose(prediction.probability, expected, rtol=0, atol=1e-12)
    if not same or decisions.recommended.tolist() != list(golden.recommended):
        raise RunError(f"{saved.folder} does not give the answers that it gave when it was saved")


def read_choice_facts(run: RunRecord) -> ChoiceFacts | None:
    """Read the facts of a choice model; None for other models. Raises RunError if the file was changed."""
    if CHOICE not in run.manifest.files:
        return None
    return ChoiceFacts.model_validate_json(checked_bytes(run.folder, CHOICE, run.manifest.files[CHOICE]))


def checked_bytes(folder: Path, name: str, sha256: str) -> bytes:
    """Return the content of a file of a run. Raises RunError if its hash is not the saved one."""
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise RunError(f"{folder} was changed after it was saved: {name} cannot be read") from error
    if sha256_of(content) != sha256:
        raise RunError(f"{folder} was changed after it was saved: {name} is not the file that this run saved")
    return content


def _checked_files(folder: Path, manifest: Manifest, kept: Sequence[str]) -> dict[str, bytes]:
    """Return the bytes of the kept files after checking every file. Raises RunError with all that changed."""
    changed: list[str] = []
    found: dict[str, bytes] = {}
    for name, sha256 in manifest.files.items():
        try:
            content = (folder / name).read_bytes()
        except OSError:
            changed.append(f"{name} is missing")
            continue
        if sha256_of(content) != sha256:
            changed.append(f"{name} is not the file that this run saved")
        elif name in kept:
            found[name] = content
    if changed:
        raise RunError(f"{folder} was changed after it was saved", changed)
    return found


def config_of(manifest: Manifest, folder: Path) -> RunConfig:
    """Return the configuration, with the catalogue's content in place of its path. Raises RunError."""
    content = {"catalogue": manifest.catalogue or manifest.config.get("catalogue")}
    try:
        _check_catalogue(content["catalogue"], folder)
        config = RunConfig.model_validate(manifest.config | content)
    except ValidationError as error:
        problems = problems_of(error, "config")
        raise RunError(f"{folder / 'run.json'} holds no configuration of this version", problems) from error
    catalogue = config.catalogue.open()
    if catalogue is not None and catalogue.sha256 != manifest.catalogue_sha256:
        raise RunError(
            f"{folder} was changed after it was saved", ["the catalogue in run.json has another sha256"]
        )
    return config


def _check_catalogue(stored: object, folder: Path) -> None:
    """Check that a run holds its catalogue: it must not make this machine read one of its own files.

    The validation of `RunConfig` opens the catalogue, so this comes first.
    """
    catalogue: object = TypeAdapter(CatalogueConfig).validate_python(stored)
    if isinstance(catalogue, CatalogueFile):
        raise RunError(f"{folder / 'run.json'} must hold its catalogue, got the path of one")


def _model_of(config: RunConfig, manifest: Manifest, folder: Path) -> Model:
    """Return the model of the final fit, with its tuned values if the run was tuned."""
    try:
        return final_model(config.model, manifest.tuned)
    except ValidationError as error:
        raise RunError(
            f"{folder / 'run.json'}: tuned values do not fit the model", problems_of(error)
        ) from error


def _policy_of(config: RunConfig, manifest: Manifest) -> Policy:
    """Return the policy, with the saving that the final fit demands if it chose one."""
    final = [chosen.demand for chosen in manifest.chosen if chosen.fold is None and chosen.demand is not None]
    return config.policy.demanding(final[-1]) if final else config.policy


def _pipeline_of(model: bytes, folder: Path, plugin_packages: Sequence[str]) -> Pipeline:
    """Return the pipeline in the bytes of a model file, whose sha256 was checked."""
    file = folder / "model.skops"
    try:
        pipeline = read_skops(model, plugin_packages)
    except Exception as error:  # skops and the types that it loads raise anything if versions do not match
        raise RunError(f"{file} cannot be read by the installed versions: {error!r}") from error
    if not isinstance(pipeline, Pipeline):
        raise RunError(f"{file} must hold a Pipeline, it holds {type(pipeline).__name__}")
    return pipeline


def _check_plans(recommender: Recommender, folder: Path) -> None:
    """Check the plans: they are positions everywhere, so a missing one would shift every answer."""
    plans, place = recommender.plans, folder / "run.json"
    needed = int(max(recommender.pipeline.classes_)) + 1
    if needed > len(plans):
        raise RunError(f"{place}: plans must name the model's plans, {needed} or more, got {len(plans)}")
    if recommender.catalogue is not None and list(plans) != list(recommender.catalogue.plan_ids):
        raise RunError(
            f"{place}: plans must be those of its catalogue, {', '.join(recommender.catalogue.plan_ids)},"
            f" got {', '.join(plans)}"
        )
