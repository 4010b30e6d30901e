"""Inputs unlike those of training: which are found, how rarely in vain, and where an answer names them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from api.app import create_app
from planrec.input_drift import NOTICES, UnlikeTraining, profile_of, watched_columns
from planrec.recommending.answer import ASSUMPTIONS, ModelName
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import fields_of, json_of, read_request
from planrec.serving.scoring.scorer import Scorer
from planrec.training.experiment import load_decisions
from tests.quick_configs import composed

NAMES = ("data_mib.1", "data_mib.2", "region", "age", "lines")
FIRST = {"unseen_value": 0, "far_outside_training": 1, "value_missing": 2}


def training(n: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "data_mib.1": rng.gamma(4.0, 4_000.0, n),
        "data_mib.2": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(4.0, 4_000.0, n)),
        "region": np.array(["north", "south"], object)[rng.integers(0, 2, n)],
        "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(18, 90, n).astype(float)),
        "lines": rng.integers(1, 4, n).astype(float),
    }


@pytest.fixture(scope="module")
def unlike() -> UnlikeTraining:
    columns = {name: values for name, values in training().items() if name != "data_mib.2"}
    return UnlikeTraining(profile_of(columns, (), None), NAMES)


def notices_of(unlike: UnlikeTraining, **changed: object) -> list[str]:
    row = {name: values[:1].copy() for name, values in training().items()}
    row |= {
        name.replace("__", "."): np.array([value], row[name.replace("__", ".")].dtype)
        for name, value in changed.items()
    }
    return [name for name, is_found in zip(NOTICES, unlike.of(row, 1)[0], strict=True) if is_found]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"region": "west"}, ["unseen_value"]),
        ({"region": None}, ["value_missing"]),
        ({"lines": 4.0}, ["unseen_value"]),
        ({"age": np.nan}, []),
        ({"age": 900.0}, ["far_outside_training"]),
        ({"data_mib__1": 17_000.0 * 1_024}, ["far_outside_training"]),
        ({"data_mib__2": 17_000.0 * 1_024}, ["far_outside_training"]),
        ({"data_mib__2": np.nan}, []),
        ({"data_mib__1": 0.0}, []),
        ({"region": "west", "age": -900.0, "lines": np.nan}, list(NOTICES)),
    ],
)
def test_only_inputs_that_training_excludes_are_found(unlike, changed, found) -> None:
    assert notices_of(unlike, **changed) == found


def test_a_category_that_was_too_rare_to_be_named_is_not_called_unseen() -> None:
    """The profile names no value of fewer than five rows, so any other value may be one of them."""
    rare = np.array(["north"] * 50 + ["west"] * 2, object)
    unlike = UnlikeTraining(profile_of({"region": rare}, (), None), ("region",))
    assert not unlike.of({"region": np.array(["east"], object)}, 1).any()


@given(st.lists(st.floats(0, 1e9) | st.just(np.nan), min_size=1, max_size=8))
def test_a_row_does_not_depend_on_the_other_rows(values: list[float]) -> None:
    unlike = UnlikeTraining(profile_of({"data_mib.1": training()["data_mib.1"]}, (), None), ("data_mib.1",))
    column = np.array(values)
    together = unlike.of({"data_mib.1": column}, len(column))
    alone = [unlike.of({"data_mib.1": column[row : row + 1]}, 1)[0] for row in range(len(column))]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(("profile", "most"), [("default", 0.0), ("heavy", 0.01)])
def test_subscribers_like_those_of_training_are_rarely_called_unlike(profile: str, most: float) -> None:
    options = ("data.n_subscribers=2000", f"data.profile={profile}", "model=forecast")
    trained, later = (load_decisions(composed(*options, f"data.seed={seed}")).table for seed in (1, 2))
    unlike = UnlikeTraining(profile_of(watched_columns(trained), trained.plans, None), tuple(trained.X))
    assert unlike.of(later.X, len(later)).any(axis=1).mean() <= most
    times_ten = {name: values * 10 if name == "data_mib.3" else values for name, values in later.X.items()}
    if profile == "default":
        assert unlike.of(times_ten, len(later))[:, 1].mean() > 0.7


def test_codes_of_an_answer_are_those_of_the_notices() -> None:
    assert ASSUMPTIONS[-len(NOTICES) :] == NOTICES


def test_an_answer_a_scored_row_and_the_metrics_name_the_same_inputs(row_run) -> None:
    saved = load_run(row_run)
    inputs = saved.recommender.inputs
    text = next(column for column in inputs.columns if column.kind == "text")
    content = dict(saved.manifest.golden.requests[0])
    usual = read_request(content)
    odd = read_request(content | {"attributes": dict(content["attributes"]) | {text.name: "Atlantis"}})
    named = {"usual": usual, "odd": odd}
    answers = answers_of(saved.recommender, named, ModelName(saved.run_id, "1"))
    assert [answer.assumptions for answer in answers] == [[], ["unseen_value"]]
    # Without a profile, as in runs of 0.2.0, nothing is compared.
    older = replace(saved.recommender, profile=None)
    assert [answer.assumptions for answer in answers_of(older, named, ModelName("old", "1"))] == [[], []]

    rows = pa.Table.from_pylist([dict(request.attributes) for request in (usual, odd)])
    assert Scorer(saved, "en", has_reasons=False).score(rows)["assumptions"].to_pylist() == [
        None,
        "unseen_value",
    ]

    fields = fields_of(inputs)
    with TestClient(create_app(saved)) as client:
        for request in (usual, odd, odd):
            client.post("/predict", json=json.loads(json_of(request, fields)))
        client.post("/predict/batch", json=[json.loads(json_of(odd, fields))])
        (line,) = (
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("planrec_assumptions_total{")
        )
    assert 'assumption="unseen_value"' in line
    assert line.endswith(" 3.0")
