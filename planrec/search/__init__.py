"""Search spaces of a model's fields, and the search for the best values."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import e, isfinite, isnan
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    Discriminator,
    Field,
    JsonValue,
    PlainValidator,
    PositiveInt,
    Tag,
    ValidationError,
    model_validator,
)

from planrec.contracts import Model
from planrec.errors import FitError
from planrec.files.validation_errors import rule_of
from planrec.schema.config_model import Config
from planrec.wording import did_you_mean

if TYPE_CHECKING:
    import optuna


def _number(value: object) -> int | float:
    """Return the number, int or float as written; a plain union would report one mistake twice."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("must be a number")
    return value


Number = Annotated[int | float, PlainValidator(_number, json_schema_input_type=int | float)]


class Range(Config):
    """All numbers between two ends, or whole numbers if both ends are whole (1 is, 1.0 is not)."""

    low: Number
    high: Number
    "Included."
    log: bool
    "Whether each doubling is equally likely: for values that matter by their ratio."

    @model_validator(mode="after")
    def _has_something_between(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got low {self.low:g} and high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be above 0 where log is true, got {self.low:g}: type log=false")
        return self

    @property
    def examples(self) -> tuple[int | float, ...]:
        """The ends and, between fractions, one value; a field that accepts these accepts all."""
        if self._is_whole:
            return self.low, self.high
        return self.low, self.low + (self.high - self.low) / e, self.high

    def suggest(self, name: str, trial: "optuna.Trial") -> int | float:
        """Suggest the value to try next."""
        if self._is_whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    @property
    def _is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


class Choices(Config):
    """A few values, equally likely at first."""

    choices: Annotated[tuple[JsonValue, ...], Field(min_length=1)]

    @property
    def examples(self) -> tuple[JsonValue, ...]:
        """All choices; a field that accepts these accepts all."""
        return self.choices

    def suggest(self, name: str, trial: "optuna.Trial") -> JsonValue:
        """Suggest the value to try next."""
        # As JSON, because Optuna keeps no lists and mappings.
        by_text = {json.dumps(choice, sort_keys=True): choice for choice in self.choices}
        return by_text[trial.suggest_categorical(name, list(by_text))]


def _tag(value: object) -> str:
    keys = value if isinstance(value, Mapping) else vars(value) if isinstance(value, Config) else {}
    return "Choices" if "choices" in keys else "Range"


Tried = Annotated[
    Annotated[Range, Tag("Range")] | Annotated[Choices, Tag("Choices")],
    Discriminator(_tag),
]
"""A range, or choices if the mapping has that key, so that a mistake is reported for one of them only."""


class Search(Config):
    """Fields of a model to choose, their values, and the number of trials."""

    model: str
    "Kind of the model that has these fields."
    n_trials: PositiveInt
    "Number of trials for each fit."
    space: Annotated[dict[str, Tried], Field(min_length=1)]
    "Values to try, by field of the model: low, high and log, or choices."

    def suggest(self, trial: "optuna.Trial") -> dict[str, JsonValue]:
        """Suggest the values to try next, by field."""
        return {name: tried.suggest(name, trial) for name, tried in self.space.items()}

    def misfits(self, model: Model) -> list[str]:
        """Return one line for each part of the space that this model does not accept."""
        fields = sorted(set(type(model).model_fields) - {"kind"})
        return [
            problem
            for name, tried in self.space.items()
            for problem in (
                _wrong_values(model, name, tried)
                if name in fields
                else [
                    f"search.space.{name}: model={model.kind} has no such field{did_you_mean(name, fields)};"
                    f" allowed: {', '.join(fields) or 'none'}"
                ]
            )
        ]


def with_values(model: Model, values: Mapping[str, JsonValue]) -> Model:
    """Return the model with these values.

    Raises:
        ValidationError: A value is outside its limits.
    """
    return type(model).model_validate(model.model_dump(by_alias=True) | dict(values))


def best_values(
    search: Search, seed: int, objective: Callable[[dict[str, JsonValue]], float], *, higher_is_better: bool
) -> dict[str, JsonValue]:
    """Try values with Optuna's TPE, which learns from earlier trials, and return the best.

    Equal seeds and equal objectives give equal values. Equal values are evaluated once. A trial fails if its
    objective is NaN.

    Raises:
        FitError: every trial failed.
    """
    import optuna

    with silent_optuna():
        study = optuna.create_study(
            direction="maximize" if higher_is_better else "minimize",
            sampler=optuna.samplers.TPESampler(seed=seed),
        )
        judged: dict[str, float] = {}
        tried: dict[int, dict[str, JsonValue]] = {}
        for _ in range(search.n_trials):
            trial = study.ask()
            values = tried[trial.number] = search.suggest(trial)
            key = json.dumps(values, sort_keys=True)
            if key not in judged:
                judged[key] = objective(values)
            if isnan(judged[key]):
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, judged[key])
    if all(isnan(value) for value in judged.values()):
        raise FitError(
            f"a search needs a value of the metric that is defined, got none in {search.n_trials} trials"
        )
    return tried[study.best_trial.number]


@contextmanager
def silent_optuna() -> Iterator[None]:
    """Silence Optuna's lines on stderr, one per study and trial."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _wrong_values(model: Model, name: str, tried: Range | Choices) -> list[str]:
    """Return a line about the first value that the field does not accept."""
    for value in tried.examples:
        try:
            with_values(model, {name: value})
        except ValidationError as error:
            reason = rule_of(error.errors(include_url=False)[0])
            return [
                f"search.space.{name}: model={model.kind} does not take"
                f" {value if isinstance(value, str) else json.dumps(value)}:"
                f" {reason}"
            ]
    return []
