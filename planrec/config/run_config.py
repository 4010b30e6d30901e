"""The full description of one run. Only this module turns plain dicts into objects."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator
from pydantic_core import ErrorDetails

from planrec.calibration import CalibrationConfig
from planrec.catalogue import CatalogueConfig
from planrec.checks import Waivers
from planrec.config.override_parser import words_to_type
from planrec.contracts import BlendModel, Model
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
from planrec.wording import did_you_mean

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
        if misfits := [text for misfit, text in self._misfits() if misfit]:
            raise ValueError("\n".join(misfits))
        return self

    @property
    def searches(self) -> bool:
        """Whether whole runs are the trials of the search: a sweep, not tuning inside one run."""
        return self.search is not None and self.cv.inner_splitter is None

    def _misfits(self) -> list[tuple[bool, str]]:
        """List the parts that do not fit together, each with the override that mends it."""
        return [
            *self._data_misfits(),
            *self._bill_misfits(),
            *self._calibration_misfits(),
            *self._search_misfits(),
            *self._fairness_misfits(),
        ]

    def _models(self) -> Mapping[str, Model]:
        """Return every model of the run, by its name in messages."""
        members: Mapping[str, Model] = self.model.blend if isinstance(self.model, BlendModel) else {}
        return (
            {f"model={self.model.kind}": self.model}
            | {f"baseline {name}": model for name, model in self.baselines.items()}
            | {f"member {name}": model for name, model in members.items()}
        )

    def _data_misfits(self) -> list[tuple[bool, str]]:
        """List the parts that need more than the data and the catalogue provide."""
        data = self.data.kind
        needs_catalogue = {
            f"target={self.target.kind}": self.target.needs_catalogue,
            f"data={data}": self.data.needs_catalogue,
            f"features={self.features.kind}": self.features.needs_catalogue,
            **{name: model.traits.needs_catalogue for name, model in self._models().items()},
        }
        priced = [name for name, needs in needs_catalogue.items() if needs]
        return [
            (
                self.target.needs_history and self.data.gives != "history",
                f"target={self.target.kind} needs a usage history and data={data} gives single rows:"
                " type target=held, or data=simulator",
            ),
            (
                bool(priced) and self.catalogue.open() is None,
                f"{', '.join(priced)} need{'s' if len(priced) == 1 else ''} a plan catalogue: type"
                " catalogue=ladder, or your own with catalogue=file catalogue.path=FILE",
            ),
            (
                self.features.needs_usage and not self.data.has_usage,
                f"features={self.features.kind} needs monthly usage and data={data} names none: type"
                " features=table, or name the columns with 'data.usage_columns={data_mib: COLUMN}'",
            ),
            (
                self.cv.needs_time and not self.data.has_time,
                f"cv={self.cv.kind} needs a time for every row and data={data} names none: type"
                f" cv={'grouped' if self.cv.inner_splitter is None else 'nested_grouped'},"
                " or data.time_column=COLUMN",
            ),
        ]

    def _bill_misfits(self) -> list[tuple[bool, str]]:
        """List the parts that need bills or months that the target does not provide."""
        gives_none = not self.target.needs_catalogue
        money = [name for name in self.metrics if METRICS[name].needs_bills]
        correcting = [name for name, model in self._models().items() if model.traits.needs_bills]
        return [
            (
                self.policy.needs_bills and gives_none,
                f"policy={self.policy.kind} needs bills and target={self.target.kind} gives none:"
                " type policy=most_probable, or target=best_bill",
            ),
            (
                self.policy.needs_months > self.target.window,
                f"policy={self.policy.kind} abstains below {self.policy.needs_months} months and a decision"
                f" looks at {self.target.window}: type policy.min_months={self.target.window}, or a longer"
                " target.window",
            ),
            (
                bool(money) and gives_none,
                f"metrics {', '.join(money)} need bills and target={self.target.kind} gives none:"
                " leave them out, or type target=best_bill",
            ),
            (
                bool(correcting) and gives_none,
                f"{', '.join(correcting)} learn{'s' if len(correcting) == 1 else ''} bills to come and"
                f" target={self.target.kind} gives none: type target=best_bill",
            ),
            (
                self.features.reads_held and gives_none,
                f"features={self.features.kind} reads the plan held, which target={self.target.kind} learns:"
                " type features=usage, or target=best_bill",
            ),
        ]

    def _calibration_misfits(self) -> list[tuple[bool, str]]:
        """List the reasons why the probabilities cannot be calibrated."""
        is_asked, asked = self.calibration.cross_fit_folds > 0, f"calibration={self.calibration.kind}"
        return [
            (
                is_asked and not self.model.traits.probabilistic,
                f"{asked} needs probabilities and model={self.model.kind} is a rule that names one plan:"
                " type calibration=none",
            ),
            (
                is_asked and not self.model.traits.takes_calibration,
                f"{asked} does not change the decisions of model={self.model.kind}: type calibration=none",
            ),
        ]

    def _fairness_misfits(self) -> list[tuple[bool, str]]:
        """List the problems of gates and protected columns."""
        column, protected = self.fairness.reweigh_by, tuple(self.data.protected_columns)
        unmeasured = [name for name in self.gates if name not in self.metrics]
        return [
            (
                bool(unmeasured),
                f"gates {', '.join(unmeasured)} must be among the metrics: add them to metrics=[...]",
            ),
            (
                column is not None and column not in protected,
                f"fairness.reweigh_by must be a protected column{did_you_mean(str(column), protected)};"
                f" data.protected_columns has {', '.join(protected) or 'none'}",
            ),
            (
                column is not None and not self.model.takes_weights,
                f"fairness.reweigh_by weighs rows and model={self.model.kind} takes no weights:"
                " type model=lgbm, or another that does",
            ),
        ]

    def _search_misfits(self) -> list[tuple[bool, str]]:
        """List the problems of tuning a model inside a run."""
        search, model, cv, inner = self.search, self.model, self.cv, self.cv.inner_splitter
        if search is None:
            return [
                (
                    inner is not None,
                    f"cv={cv.kind} tunes inside folds and needs a search: type search={model.kind}"
                    " (conf/search/ has one for each model that can be tuned)",
                )
            ]
        metric = METRICS[self.metrics[0]]
        return [
            (
                inner is not None and cv.keeps_subscribers_whole and not inner.keeps_subscribers_whole,
                f"cv={cv.kind} keeps subscribers whole outside and not inside: type cv.inner.kind=grouped",
            ),
            (
                search.model != model.kind,
                f"search of model={search.model} does not fit model={model.kind}: type model={search.model},"
                f" or search={model.kind}",
            ),
            *((search.model == model.kind, problem) for problem in search.misfits(model)),
            (
                metric.groups is not None or metric.higher_is_better is None,
                f"metrics must begin with one value that is better high or low, for the search to compare:"
                f" {self.metrics[0]} is not",
            ),
            (
                metric.needs_probability and not model.traits.probabilistic,
                f"metrics must begin with one that fits a rule like model={model.kind}, for the search to"
                f" compare: {self.metrics[0]} needs probabilities",
            ),
        ]


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
        return "must be a list" + (words_to_type(dotted, [found]) if isinstance(found, str) else "")
    if details["type"] == "string_type" and isinstance(found, int | float):
        return "must be text" + words_to_type(dotted, str(found))
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
