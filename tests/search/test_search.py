"""Values that a search tries and rejects; equal searches give equal results."""

from math import inf, nan

import hypothesis.strategies as st
import optuna
import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from planrec.config.conf_folder import options
from planrec.errors import ConfigError, FitError
from planrec.search import Choices, Range, Search, Tried, best_values, with_values
from tests.quick_configs import composed

NESTED = ("cv=nested", "search=lgbm")


def search_of(n_trials: int = 20, **space: Range | Choices) -> Search:
    return Search(model="lgbm", n_trials=n_trials, space=space)


def problems(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        composed(*overrides)
    return list(caught.value.problems)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    whole = draw(st.booleans())
    numbers = st.integers(1, 9) if whole else st.floats(1e-6, 1e6)
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    return Range(low=low, high=high, log=draw(st.booleans()))


json_values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.lists(st.integers(0, 3), max_size=2)
)
choices = st.lists(json_values, min_size=1, max_size=4).map(lambda values: Choices(choices=tuple(values)))


@given(tried=st.one_of(ranges(), choices), seed=st.integers(0, 99))
def test_suggestions_are_inside_the_space(tried: Range | Choices, seed: int) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    value = search_of(x=tried).suggest(study.ask())["x"]
    if isinstance(tried, Range):
        assert tried.low <= value <= tried.high
        assert isinstance(value, int) == (isinstance(tried.low, int) and isinstance(tried.high, int))
    else:
        assert value in tried.choices


def test_both_ends_of_a_whole_range_are_tried() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for log in (False, True):
        whole = Range(low=1, high=3, log=log)
        assert {whole.suggest(f"x{log}", study.ask()) for _ in range(50)} == {1, 2, 3}


def test_a_logarithmic_range_tries_small_values_as_often_as_large_ones() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    tried = [Range(low=0.01, high=100.0, log=True).suggest("x", study.ask()) for _ in range(200)]
    assert 60 < sum(value < 1 for value in tried) < 140


@pytest.mark.parametrize("option", options("search"))
def test_the_model_accepts_all_suggestions_of_its_search(option: str) -> None:
    config = composed("cv=nested", f"search={option}")
    assert config.search is not None
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        values = config.search.suggest(study.ask())
        assert with_values(config.model, values).model_dump() == config.model.model_dump() | values


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"low": 3, "high": 3, "log": False}, "low must be below high, got low 3 and high 3"),
        ({"low": 0, "high": 3, "log": True}, "low must be above 0 where log is true, got 0: type log=false"),
        ({"low": 0, "high": inf, "log": False}, "high\n.*must be a number"),
        ({"choices": []}, "at least 1 item"),
        ({"low": 1, "high": 2, "log": False, "choices": [1]}, "Extra inputs"),
    ],
)
def test_an_empty_range_is_rejected(tree: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TypeAdapter(Tried).validate_python(tree)


def test_values_outside_a_models_limits_are_rejected() -> None:
    model = composed("model=lgbm").model
    assert with_values(model, {"num_leaves": 5}) == composed("model=lgbm", "model.num_leaves=5").model
    for values in ({"num_leaves": 1}, {"num_leafs": 5}, {"learning_rate": nan}):
        with pytest.raises(ValidationError, match=next(iter(values))):
            with_values(model, values)


def bowl(values: dict[str, float]) -> float:
    """Return a value that is lowest at x = 3."""
    return (values["x"] - 3) ** 2


def test_a_search_minimises_or_maximises() -> None:
    search = search_of(40, x=Range(low=-10.0, high=10.0, log=False))
    assert best_values(search, 0, bowl, higher_is_better=False)["x"] == pytest.approx(3, abs=0.5)
    assert best_values(search, 0, bowl, higher_is_better=True)["x"] == pytest.approx(-10, abs=0.5)


def test_equal_seeds_try_equal_values() -> None:
    def tried(seed: int) -> list[float]:
        found: list[float] = []
        search = search_of(20, x=Range(low=-10.0, high=10.0, log=False))
        best_values(
            search, seed, lambda values: found.append(values["x"]) or bowl(values), higher_is_better=False
        )
        return found

    assert tried(1) == tried(1)
    assert len(tried(1)) == 20
    assert not set(tried(1)) & set(tried(2))


def test_an_undefined_value_is_never_the_best() -> None:
    search = search_of(20, x=Range(low=-10.0, high=10.0, log=False))
    best = best_values(
        search, 0, lambda values: nan if values["x"] > 0 else bowl(values), higher_is_better=False
    )
    assert best["x"] <= 0
    with pytest.raises(FitError, match="got none in 20 trials"):
        best_values(search, 0, lambda values: nan, higher_is_better=False)


def test_optuna_is_silent_during_a_search_only() -> None:
    before = optuna.logging.get_verbosity()
    heard: list[int] = []
    search = search_of(2, x=Range(low=1, high=9, log=False))
    best_values(
        search, 0, lambda values: heard.append(optuna.logging.get_verbosity()) or 0.0, higher_is_better=False
    )
    assert set(heard) == {optuna.logging.ERROR}
    assert optuna.logging.get_verbosity() == before != optuna.logging.ERROR


def test_equal_values_are_evaluated_once() -> None:
    judged: list[object] = []
    search = search_of(20, x=Choices(choices=([1], [2], None)))
    assert (
        best_values(search, 0, lambda values: judged.append(values) or len(judged), higher_is_better=True)
        in judged
    )
    assert len(judged) == 3


def test_all_mistakes_of_a_space_are_reported_together() -> None:
    space = [
        "search.space.num_leaves.low=1",
        "search.space.min_child_samples.high=70.5",
        "+search.space.learning_rat={choices: [1]}",
        "search.space.learning_rate.log=false",
        "search.space.learning_rate.low=-1",
    ]
    found = sorted(problems(*NESTED, *space))
    assert found[0] == (
        "search.space.learning_rat: model=lgbm has no such field (did you mean 'learning_rate'?); allowed:"
        " learning_rate, min_child_samples, n_estimators, num_leaves, stop_early"
    )
    told = [
        "search.space.learning_rate: model=lgbm does not take -1: must be greater than 0",
        "search.space.min_child_samples: model=lgbm does not take 32.2567",
        "search.space.num_leaves: model=lgbm does not take 1: must be 2 or more",
    ]
    assert [text[: len(start)] for text, start in zip(found[1:], told, strict=True)] == told


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("search.space.num_leaves.low=a", "search.space.num_leaves.low = 'a': must be a number"),
        ("search.space.num_leaves.low=true", "search.space.num_leaves.low = True: must be a number"),
        (
            "search.space.num_leaves.low=31",
            "search.space.num_leaves = {'low': 31, 'high': 31, 'log': True}: low",
        ),
        ("+search.space.num_leaves.step=2", "search.space.num_leaves.step = 2: no such key"),
        ("search.n_trials=0", "search.n_trials = 0: must be greater than 0"),
        ("~search.space.num_leaves.log", "search.space.num_leaves.log must be given and is missing"),
    ],
)
def test_a_wrong_value_of_a_space_is_reported_with_its_path(typed: str, told: str) -> None:
    (problem,) = problems(*NESTED, typed)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("overrides", "told", "mended"),
    [
        (["cv=nested"], "type model=lgbm search=lgbm", ["cv=nested", "model=lgbm", "search=lgbm"]),
        (["cv=nested", "model=forest"], "type search=forest", ["cv=nested", "model=forest", "search=forest"]),
        ([*NESTED, "model=forest"], "type model=lgbm, or search=forest", [*NESTED, "model=lgbm"]),
        ([*NESTED, "cv.inner.kind=stratified"], "type cv.inner.kind=grouped", [*NESTED]),
        (
            [*NESTED, "data=table", "data.path=FILE", "data.plan_column=plan"],
            "type cv=nested_grouped, or data.time_column=COLUMN",
            ["cv=nested_grouped", "search=lgbm", "data=table", "data.path=FILE", "data.plan_column=plan"],
        ),
    ],
)
def test_search_misfits_are_reported_with_the_override_to_type(
    overrides: list[str], told: str, mended: list[str]
) -> None:
    (problem,) = problems(*overrides)
    assert told in problem
    assert composed(*mended).search is not None


@pytest.mark.parametrize("metric", ["regret_by_held", "switch_rate"])
def test_a_search_needs_a_metric_with_one_value_and_a_direction(metric: str) -> None:
    (problem,) = problems(*NESTED, f"metrics=[{metric},regret]")
    assert problem.endswith(f"for the search to compare: {metric} is not")
    assert composed(*NESTED, f"metrics=[regret,{metric}]").search is not None


def test_a_rule_is_not_tuned_by_a_metric_of_probabilities() -> None:
    rule = [*NESTED, "model=rerate", "search.model=rerate", "metrics=[log_loss,regret]"]
    space = ["~search.space.n_estimators", "~search.space.learning_rate", "~search.space.min_child_samples"]
    window = ["~search.space.num_leaves", "+search.space.window={low: 1, high: 6, log: false}"]
    (problem,) = problems(*rule, *space, *window)
    assert problem.endswith("log_loss needs probabilities")


def test_a_search_field_without_a_search_suggests_one() -> None:
    (problem,) = problems("search.n_trials=3")
    assert problem == (
        "search.n_trials: no search is chosen: type search=OPTION as well; options: forest, hist_boosting,"
        " lgbm, logistic (from override search.n_trials=3)"
    )
