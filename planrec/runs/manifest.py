"""run.json as a closed model: `save_run` writes it, and `load_run` relies on nothing else."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from planrec.errors import RunError
from planrec.files.json_file import parse_object
from planrec.files.validation_errors import problems_of
from planrec.metrics import Difference, MetricValue
from planrec.plugins import PluginUse, missing_plugins
from planrec.runs.data_summary import DataSummary
from planrec.runs.older_config import with_added_fields
from planrec.schema.columns import InputSchema
from planrec.schema.config_model import Config
from planrec.schema.shown_name import RunName, ShownLine, ShownName, name_problem
from planrec.training.fitting import Chosen
from planrec.training.latency import Speed
from planrec.training.tuning import Tuned
from planrec.wording import leak_notes

SCHEMA = "planrec.run/2"
ALWAYS = ("config.json", "model.skops", "out_of_fold.parquet")
"Files that every complete run has."
DROPPED_ROWS = "dropped_rows.csv"
PROFILE = "profile.json"
"Absent in runs of 0.2.0 and earlier."
CHOICE = "choice.json"
"Facts of a choice model; other models have none."
GROUPS = ("data", "target", "features", "model", "calibration", "cv", "policy")
"Groups of the configuration that every run has, each with its kind."
VALUES = ("metrics", "n_bootstrap", "seed")
"Values of the configuration that every run has."
SELECTED = (
    "a search chose this configuration by its results on the decisions reported here:"
    " the figures are too optimistic"
)
"Reservation about a run that a search chose."
MOST_MONTHS = 1_200
"Months that a run may look ahead."

FileName = Literal[
    "config.json", "model.skops", "out_of_fold.parquet", "profile.json", "choice.json", "dropped_rows.csv"
]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Golden(Config):
    """A few decisions as requests, and the answers to them."""

    requests: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    probability: tuple[tuple[float, ...], ...]
    "One entry per request and plan."
    recommended: tuple[int, ...]

    @model_validator(mode="after")
    def _each_request_has_its_answer(self) -> Self:
        if not len(self.requests) == len(self.probability) == len(self.recommended):
            raise ValueError(
                f"each request must have its answer, got {len(self.requests)} requests,"
                f" {len(self.probability)} probabilities, {len(self.recommended)} recommended"
            )
        return self


class MeasuredBy(Config):
    """The run that was trained and evaluated; this run is a copy of it with other plans."""

    run_id: RunName
    run_json_sha256: _Sha256
    catalogue: ShownName
    "Id and version of the catalogue whose plans it was trained and judged on."

    @property
    def note(self) -> str:
        """One sentence for readers of the figures."""
        return (
            "these plans were added without training: model and metrics are those of run"
            f" {self.run_id}, on the plans of {self.catalogue}"
        )


def _null_as_nan(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: np.nan if key in ("value", "low", "high") and v is None else v for key, v in value.items()}


def _instant(text: str) -> str:
    if not text.isascii() or datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"must be a time with its time zone, got {text!r}")
    return text


def _with_its_groups(config: dict[str, object]) -> dict[str, object]:
    kinds = {name: option.get("kind") for name in GROUPS if isinstance(option := config.get(name), dict)}
    missing = [f"{name}.kind" for name in GROUPS if not isinstance(kinds.get(name), str)]
    if missing := [*missing, *(name for name in VALUES if name not in config)]:
        raise ValueError(f"must have {', '.join(missing)}")
    problems = {name: name_problem(str(kind)) for name, kind in kinds.items()}
    if found := [f"{name}.kind {problem}" for name, problem in problems.items() if problem]:
        raise ValueError("; ".join(found))
    return config


class Manifest(Config, allow_inf_nan=True):
    """The content of run.json. A metric that is not defined is null in the file and NaN here."""

    schema_: Annotated[Literal["planrec.run/2"], Field(alias="schema")]
    run_id: RunName
    address: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    "Content address over config, data and code; see `planrec.runs.address`."
    selected: bool
    "Whether a search chose the config by its results on the reported folds, which makes them optimistic."
    command: ShownLine
    "A shell command line that repeats the run."
    finished: Annotated[str, AfterValidator(_instant)]
    "ISO 8601 with its time zone."
    config: Annotated[dict[str, Any], AfterValidator(with_added_fields), AfterValidator(_with_its_groups)]
    "`RunConfig` as JSON."
    catalogue: dict[str, Any] | None
    "The plans themselves: the file of `catalogue=file` may change or go after the run."
    catalogue_sha256: str | None
    data_fingerprint: str
    folds_fingerprint: str
    data: DataSummary
    plans: Annotated[tuple[ShownName, ...], Field(min_length=1)]
    horizon: Annotated[int, Field(ge=0, le=MOST_MONTHS)]
    inputs: InputSchema
    measured_by: MeasuredBy | None = None
    "None: this run itself. The key is absent in older runs."
    notes: tuple[str, ...]
    tuned: tuple[Tuned, ...]
    "Choices of a search inside the run, for each fold and, last, for the final model; often empty."
    chosen: tuple[Chosen, ...]
    "Choices of the fits on inner folds of their own rows, last those of the final model; often empty."
    metrics: tuple[Annotated[MetricValue, BeforeValidator(_null_as_nan)], ...]
    differences: tuple[Difference, ...] = ()
    """Each baseline's value less that of the run's own model, on the same draws of subscribers. Runs of 0.2.0
    and earlier have none."""
    golden: Golden
    seconds: dict[str, float]
    fit_seconds: dict[str, float]
    "Mean wall time of fitting one fold, by model."
    speed: Speed
    seeds: dict[str, int]
    versions: dict[ShownName, ShownName]
    plugins: tuple[PluginUse, ...] = ()
    "The plug-ins that the run uses; runs of 0.1.0 have none."
    git_commit: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")] | None
    files: dict[FileName, _Sha256]

    @property
    def own_address(self) -> str | None:
        """The address of a run with figures of its own, else None."""
        return self.address if self.measured_by is None else None

    @property
    def model_kind(self) -> str:
        """Kind of the run's model, which is its name in the out-of-fold table."""
        return self.kind("model")

    def __repr__(self) -> str:
        return f"<Manifest {self.run_id}: {self.model_kind}, {len(self.metrics)} metric values>"

    def kind(self, group: str) -> str:
        """Return the option of a config group that the run was trained with."""
        return str(self.config[group]["kind"])

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics that the run measured, in the config's order."""
        return tuple(self.config["metrics"])

    @property
    def seed(self) -> int:
        """The run's own seed."""
        return int(self.config["seed"])

    @property
    def n_bootstrap(self) -> int:
        """Number of bootstrap draws behind the intervals of the metrics."""
        return int(self.config["n_bootstrap"])

    @property
    def currency(self) -> str | None:
        """Return the currency of the metrics of money; None without plans that have prices."""
        return None if self.catalogue is None else str(self.catalogue["currency"])

    @property
    def reservations(self) -> tuple[str, ...]:
        """Return reasons to distrust the figures."""
        measured = () if self.measured_by is None else (self.measured_by.note,)
        return ((SELECTED,) if self.selected else ()) + measured + leak_notes(self.notes)

    @property
    def target(self) -> str:
        """Return the kind of the target."""
        return self.kind("target")

    @property
    def own_values(self) -> dict[str, MetricValue]:
        """Metrics of the run's own model that have one value and are defined, by name."""
        return self.values_of(self.model_kind)

    def values_of(self, model: str) -> dict[str, MetricValue]:
        """Return the metrics of one model that have one value and are defined, by name."""
        return {
            value.metric: value
            for value in self.metrics
            if value.model == model and value.group is None and not np.isnan(value.value)
        }

    @model_validator(mode="after")
    def _names_every_file(self) -> Self:
        # A file that is not named is not hashed, and a model must never be parsed without its hash.
        if missing := [name for name in ALWAYS if name not in self.files]:
            raise ValueError(f"files must hold the sha256 of {', '.join(missing)}")
        return self


def parse_manifest(text: bytes, file: Path) -> Manifest:
    """Parse and check the content of a run.json. Raises RunError with every problem."""
    content = parse_object(text, file)
    if content.get("schema") != SCHEMA:
        raise RunError(f"{file}: schema must be {SCHEMA!r}, got {content.get('schema')!r}")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise RunError(f"{file} does not describe a run", problems_of(error)) from error
    if problems := missing_plugins(manifest.plugins):
        raise RunError(f"{file.parent} cannot be used here", problems)
    return manifest


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    """Return the content of run.json; NaN becomes null, since JSON has none."""
    content = manifest.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return content | {"metrics": [nan_as_null(asdict(value)) for value in manifest.metrics]}


def nan_as_null(value: dict[str, Any]) -> dict[str, Any]:
    """Replace NaN: a metric that is not defined is null in run.json."""
    return {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in value.items()}
