"""One run, fully described. The only place where plain dicts become objects."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator

from planrec.catalogue import CatalogueConfig
from planrec.checks import Waivers
from planrec.cv import CvConfig
from planrec.data import DataConfig
from planrec.errors import CatalogueError, ConfigError
from planrec.features import FeaturesConfig
from planrec.metrics import METRICS
from planrec.model import ModelConfig
from planrec.policy import PolicyConfig
from planrec.schema import Config, did_you_mean
from planrec.target import TargetConfig


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"no such metric{did_you_mean(name, METRICS)}; allowed: {', '.join(METRICS)}")
    return name


class RunConfig(Config):
    """One run: which data, which question, which model, judged how."""

    data: DataConfig
    target: TargetConfig
    features: FeaturesConfig
    model: ModelConfig
    cv: CvConfig
    policy: PolicyConfig
    catalogue: CatalogueConfig
    metrics: Annotated[tuple[Annotated[str, AfterValidator(_known_metric)], ...], Field(min_length=1)]
    "The first one is what a sweep compares."
    baselines: dict[str, ModelConfig]
    "Models judged on the same decisions, by the name of their YAML."
    n_bootstrap: PositiveInt
    "Draws of subscribers behind every interval."
    seed: NonNegativeInt
    threads: PositiveInt
    "Threads of a model's fit. Predictions do not depend on it."
    waivers: Waivers

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if misfits := [text for misfit, text in self._misfits() if misfit]:
            raise ValueError("; ".join(misfits))
        return self

    def _misfits(self) -> list[tuple[bool, str]]:
        """What does not fit, each with the override that mends it."""
        data, catalogue = self.data.kind, self.catalogue.open()
        return [
            (
                self.target.needs_history and self.data.gives != "history",
                f"target={self.target.kind} needs a usage history and data={data} gives single rows:"
                " type target=held, or data=simulator",
            ),
            (
                self.target.needs_catalogue and catalogue is None,
                f"target={self.target.kind} needs a plan catalogue: type catalogue=ladder",
            ),
            (
                self.features.needs_usage and not self.data.has_usage,
                f"features={self.features.kind} needs monthly usage and data={data} names none: type"
                " features=table, or name the columns with data.usage_columns={data_mib: COLUMN}",
            ),
            (
                self.cv.needs_time and not self.data.has_time,
                f"cv={self.cv.kind} needs a time for every row and data={data} names none: type"
                " cv=grouped, or data.time_column=COLUMN",
            ),
            (
                self.policy.needs_bills and catalogue is None,
                f"policy={self.policy.kind} needs bills: type policy=most_probable, or catalogue=ladder",
            ),
            (
                self.data.needs_catalogue and catalogue is None,
                f"data={data} needs a plan catalogue: type catalogue=ladder",
            ),
        ]


def validated(tree: Mapping[str, Any], origin: Callable[[str], str]) -> RunConfig:
    """Turn a composed tree into a RunConfig.

    `origin` says for a dotted path which file or override its value came from.

    Raises:
        ConfigError: every value that is wrong, with its path, the allowed values and its origin; or, where
            all values are right, everything that is wrong in the file of `catalogue=file`.
    """
    try:
        return RunConfig.model_validate(tree)
    except CatalogueError as error:
        raise ConfigError(f"{error.message} (from {origin('catalogue.path')})", error.problems) from error
    except ValidationError as error:
        found = error.errors(include_url=False)
        # pydantic counts the items that survived: a list with one wrong item is "too short" as well.
        nested = {details["loc"][:-1] for details in found}
        problems = [
            _problem(details, tree, origin)
            for details in found
            if not (details["type"] == "too_short" and details["loc"] in nested)
        ]
        raise ConfigError("the configuration does not describe a run", problems) from error


def _problem(details: Any, tree: Mapping[str, Any], origin: Callable[[str], str]) -> str:
    path, siblings = _yaml_path(details["loc"], tree)
    if not path:
        return str(details["ctx"]["error"]) if "error" in details.get("ctx", {}) else details["msg"]
    dotted = ".".join(path)
    if details["type"] == "missing":
        return f"{dotted} must be given and is missing (from {origin('.'.join(path[:-1]) or dotted)})"
    return f"{dotted} = {details['input']!r}: {_rule(details, path[-1], siblings)} (from {origin(dotted)})"


def _rule(details: Any, name: str, siblings: list[str]) -> str:
    context = details.get("ctx", {})
    if details["type"] == "extra_forbidden":
        allowed = [sibling for sibling in siblings if sibling != name]
        return f"no such key{did_you_mean(name, allowed)}; allowed: {', '.join(allowed) or 'none'}"
    if details["type"] == "union_tag_invalid":
        tags = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        return f"no such kind{did_you_mean(context['tag'], tags)}; allowed: {', '.join(tags)}"
    if details["type"] == "literal_error":
        expected = context["expected"].replace(" or ", ", ")
        allowed = [value.strip("' ") for value in expected.split(", ")]
        return f"must be one of {', '.join(allowed)}{did_you_mean(str(details['input']), allowed)}"
    if "error" in context:
        return str(context["error"])
    return f"{details['msg'][0].lower()}{details['msg'][1:]}"


def _yaml_path(loc: tuple[int | str, ...], tree: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The path as in YAML, without the tags that pydantic adds for unions, and the keys beside its end."""
    path: list[str] = []
    node: Any = tree
    siblings: list[str] = []
    for part in loc:
        if isinstance(node, Mapping) and part not in node and part in (node.get("kind"), node.get("schema")):
            continue
        path.append(str(part))
        siblings = [str(key) for key in node] if isinstance(node, Mapping) else []
        node = _child(node, part)
    return path, siblings


def _child(node: Any, part: int | str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    return node[part] if isinstance(node, list | tuple) and isinstance(part, int) else None
