"""The full description of one run. Only this module turns plain dicts into objects."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator
from pydantic_core import ErrorDetails

from planrec.calibration import CalibrationConfig
from planrec.catalogue import CatalogueConfig
from planrec.checks import Waivers
from planrec.commands.advice import typed
from planrec.config.misfits import misfits_of
from planrec.cv import CvConfig
from planrec.data import DataConfig
from planrec.errors import CatalogueError, ConfigError
from planrec.features import FeaturesConfig
from planrec.files.validation_errors import rule_of
from planrec.metrics import METRICS, Metric, known_gate, known_metric
from planrec.model import ModelConfig
from planrec.plugins import plugin_metrics
from planrec.policy import PolicyConfig
from planrec.schema.config_model import Config
from planrec.search import Search
from planrec.target import TargetConfig

# Not in planrec.metrics: the module of a plug-in's metric imports that package, and may be imported first.
METRICS.update(plugin_metrics(METRICS, Metric))

MAX_SHOWN = 80
"Longest wrong value that a message shows, in characters."


class SweepSettings(Config):
    """How a sweep runs its cells; no result depends on it."""

    executor: Literal["processes", "ray"]
    "In processes of this machine, or on the Ray cluster at RAY_ADDRESS (pip install 'planrec[ray]')."
    n_jobs: PositiveInt
    "Cells that run at the same time."
    max_failures: NonNegativeInt | None
    "The sweep stops once more cells than this have failed; None: it never stops."


class Fairness(Config):
    """Measures for the protected columns of the data, beyond comparing their groups."""

    proxy_auc_at_most: Annotated[float, Field(ge=0.5, le=1)] | None
    "A run stops if the AUC of the features for a protected group surely exceeds this; None: it never does."
    reweigh_by: Annotated[str, Field(min_length=1)] | None
    "Protected column whose groups are weighted to be independent of the label; None: no weights."


class RunConfig(Config):
    """One run: its data, its target, its model and its evaluation."""

    owner: Annotated[str, Field(min_length=1)] | None
    "Owner of the model, for its card; null: not named."
    licence: Annotated[str, Field(min_length=1)]
    "SPDX name of the licence of the model, for its card."

    data: DataConfig
    target: TargetConfig
    features: FeaturesConfig
    model: ModelConfig
    search: Search | None
    "Values of the model to try; None: the model is used as configured."
    calibration: CalibrationConfig
    cv: CvConfig
    policy: PolicyConfig
    catalogue: CatalogueConfig
    metrics: Annotated[tuple[Annotated[str, AfterValidator(known_metric)], ...], Field(min_length=1)]
    "A sweep compares its cells by the first one."
    baselines: dict[str, ModelConfig]
    "Models judged on the same decisions, by the name of their YAML."
    n_bootstrap: PositiveInt
    "Draws of subscribers behind every interval."
    seed: NonNegativeInt
    threads: PositiveInt
    "Threads of a model's fit. Predictions do not depend on it."
    waivers: Waivers
    gates: dict[Annotated[str, AfterValidator(known_gate)], float]
    "Metric -> limit, at most or at least by the metric's direction; a run that surely breaks one is refused."
    fairness: Fairness
    sweep: SweepSettings
    tracking: Literal["none", "mlflow"]
    "mlflow: copy the saved run to the server of MLFLOW_TRACKING_URI (pip install 'planrec[tracking]')."

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if misfits := [text() for misfit, text in misfits_of(self) if misfit]:
            raise ValueError("\n".join(misfits))
        return self

    def __repr__(self) -> str:
        groups = ("data", "target", "features", "model", "calibration", "cv", "policy")
        return f"<RunConfig: {' '.join(f'{name}={getattr(self, name).kind}' for name in groups)}>"

    @property
    def searches(self) -> bool:
        """Whether whole runs are the trials of the search: a sweep, not tuning inside one run."""
        return self.search is not None and self.cv.inner_splitter is None


def validated(tree: Mapping[str, Any], origin: Callable[[str], str]) -> RunConfig:
    """Turn a composed tree into a RunConfig.

    Args:
        tree: the composed configuration as plain values.
        origin: returns the file or override that the value of a dotted path came from.

    Raises:
        ConfigError: every wrong value, with its path, the allowed values and its origin; if all values are
            right, every problem in the file of `catalogue=file`.
    """
    try:
        config = RunConfig.model_validate(tree)
    except CatalogueError as error:
        raise ConfigError(f"{error.message} (from {origin('catalogue.path')})", error.problems) from error
    except ValidationError as error:
        found = error.errors(include_url=False)
        # pydantic counts the items that survived: a list with one wrong item is "too short" as well.
        nested = {details["loc"][:-1] for details in found}
        problems = [
            line
            for details in found
            if not (details["type"] == "too_short" and details["loc"] in nested)
            for line in _problem(details, tree, origin).splitlines()
        ]
        raise ConfigError("the configuration does not describe a run", problems) from error
    if problems := [
        f"{path} = {value}: must be a number (from {origin(path)})"
        for path, value in _booleans_taken_as_numbers(tree, config.model_dump(by_alias=True))
    ]:
        raise ConfigError("the configuration does not describe a run", problems)
    return config


def _booleans_taken_as_numbers(given: Any, became: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and value of booleans that became numbers: Python counts True as 1."""
    if isinstance(given, bool) and not isinstance(became, bool):
        yield path, str(given).lower()
    elif isinstance(given, Mapping) and isinstance(became, Mapping):
        for name in given:
            place = f"{path}.{name}" if path else str(name)
            yield from _booleans_taken_as_numbers(given[name], became.get(name), place)
    elif isinstance(given, list | tuple) and isinstance(became, list | tuple):
        for number, (value, taken) in enumerate(zip(given, became, strict=True)):
            yield from _booleans_taken_as_numbers(value, taken, f"{path}.{number}")


def _problem(details: Any, tree: Mapping[str, Any], origin: Callable[[str], str]) -> str:
    path, siblings = _yaml_path(details, tree)
    if not path:
        return str(details["ctx"]["error"]) if "error" in details.get("ctx", {}) else details["msg"]
    dotted = ".".join(path)
    if details["type"] == "missing":
        return f"{dotted} must be given and is missing (from {origin('.'.join(path[:-1]) or dotted)})"
    if details["type"] == "union_tag_not_found":
        return f"{dotted}.kind must be given and is missing (from {origin(f'{dotted}.kind')})"
    found = details["input"]
    if details["type"] == "union_tag_invalid":
        # The whole option is the input: only its tag is wrong.
        dotted = f"{dotted}.{details['ctx']['discriminator'].split(' | ')[-1].strip(chr(39))}"
        found = details["ctx"]["tag"]
    return f"{dotted} = {_shortened(found)}: {_rule(details, path, siblings)} (from {origin(dotted)})"


def _shortened(value: object) -> str:
    """Shorten a value to one line of a message: a whole catalogue would hide the problem."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def _rule(details: ErrorDetails, path: list[str], siblings: list[str]) -> str:
    found, dotted, name = details["input"], ".".join(path), path[-1]
    if details["type"] in ("tuple_type", "list_type"):
        return "must be a list" + (f": type {typed({dotted: [found]})}" if isinstance(found, str) else "")
    if details["type"] == "string_type" and isinstance(found, int | float):
        return f"must be text: type {typed({dotted: str(found)})}"
    if details["type"] == "extra_forbidden":
        others = [sibling for sibling in siblings if sibling != name] or ["none"]
        return rule_of(details | {"loc": (name,)}, others)
    return rule_of(details)


def _yaml_path(details: Any, tree: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the path as in YAML, without Pydantic's tags of unions, and the keys beside its end."""
    path: list[str] = []
    node: Any = tree
    siblings: list[str] = []
    loc, missing = details["loc"], details["type"] == "missing"
    for number, part in enumerate(loc, start=1):
        # A part that is not in the tree is a tag, except for a missing key, which is the last part.
        if isinstance(node, Mapping) and part not in node and not (missing and number == len(loc)):
            continue
        path.append(str(part))
        siblings = [str(key) for key in node] if isinstance(node, Mapping) else []
        node = _child(node, part)
    return path, siblings


def _child(node: Any, part: int | str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    return node[part] if isinstance(node, list | tuple) and isinstance(part, int) else None
