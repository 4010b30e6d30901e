"""A run trained with the current code equals the run of the same config that is kept as test data.

The out-of-fold table and the replies to the golden requests guard refactorings: a module that moves must not
change a result. If one of these tests fails after a change that should not change results, the change is
wrong. Only if results are meant to change, or a package was upgraded, regenerate the data with
`python -m tests.golden.golden_runs`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from planrec.config.conf_folder import options
from planrec.recommending.answer import ModelName
from planrec.recommending.answering import answers_of
from planrec.runs.provenance import versions
from planrec.runs.read import SavedRun, load_run
from planrec.schema.request import read_request
from tests.golden.golden_runs import GOLDEN, SAVED_IN, GoldenRun, made_by, saved, trained
from tests.sentences.words_of_answers import check_words, said_by

RELATIVE_ERROR = dict.fromkeys(GOLDEN, 1e-12) | {
    "held/logistic": 1e-9,
    "held/ensemble_held": 1e-9,
    "choice/conditional_logit": 1e-9,
}
"""Equal on one processor. On others the last bits of exp and log may differ, and BLAS sums in another order:
kernels for older processors changed the probabilities of `logistic` by 7e-12."""


@pytest.fixture(scope="module")
def golden() -> dict[str, GoldenRun]:
    return saved()


SLOW = {
    "bills/ensemble",
    "held/ensemble_held",
    "held/forest",
    "held/logistic",
    "bills/rerate_1",
    "bills/rerate_3",
}
"""Runs of several models, of many trees or steps, and of a rule that another run has with more months."""
RUNS = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in GOLDEN]


@pytest.mark.parametrize("name", RUNS)
def test_a_newly_trained_run_equals_the_golden_one(
    name: str, golden: dict[str, GoldenRun], tmp_path: Path
) -> None:
    found, kept, error = trained(name, tmp_path), golden[name], RELATIVE_ERROR[name]
    made = f"out-of-fold table; the data was made by {made_by()}, installed is {versions()}"
    assert_frame_equal(found.out_of_fold, kept.out_of_fold, rtol=error, atol=0, obj=made)
    assert found.requests == kept.requests
    found_values, kept_values = (dict(_values(run.replies)) for run in (found, kept))
    assert _not_floats(found_values) == _not_floats(kept_values)
    assert _floats(found_values) == pytest.approx(_floats(kept_values), rel=error, abs=0)
    check_sentences(load_run(tmp_path / SAVED_IN))


def check_sentences(saved: SavedRun) -> None:
    """Fail if an answer to a golden request contradicts its sentence, in either language."""
    recommender = saved.recommender
    plans = () if recommender.catalogue is None else recommender.catalogue.plans
    names = {plan: plan for plan in recommender.plans} | {plan.id: plan.name for plan in plans}
    named = {str(row): read_request(content) for row, content in enumerate(saved.manifest.golden.requests)}
    for language in ("en", "es"):
        for answer in answers_of(recommender, named, ModelName(saved.run_id, "0"), language):
            check_words(said_by(answer), names, language)


def test_every_model_has_a_golden_run(golden: dict[str, GoldenRun]) -> None:
    assert {overrides[0] for overrides in GOLDEN.values()} == {f"model={name}" for name in options("model")}
    assert list(golden) == list(GOLDEN)


def test_golden_runs_say_different_things(golden: dict[str, GoldenRun]) -> None:
    for name, run in golden.items():
        assert len(run.requests) == len(run.replies) == 20
        n_plans = run.out_of_fold["recommended"].nunique()
        assert n_plans > 1 or name.endswith(("/cheapest_fee", "/dummy")), name


def _values(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of a JSON document with its place."""
    if isinstance(node, dict | list):
        yield place, len(node)
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _values(inner, f"{place}/{key}")
    else:
        yield place, node


def _floats(values: dict[str, Any]) -> dict[str, float]:
    return {place: value for place, value in values.items() if isinstance(value, float)}


def _not_floats(values: dict[str, Any]) -> dict[str, Any]:
    return {place: value for place, value in values.items() if not isinstance(value, float)}
