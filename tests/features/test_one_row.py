"""One row has the same bits alone, in any batch, in any thread and beside any other run."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier

from planrec.model.boosted_trees import BoostedTrees
from planrec.recommending.recommender import Recommender, model_input
from planrec.runs.read import SavedRun, load_run
from planrec.schema.request import Request, read_request


@pytest.fixture(scope="module", params=["history_run", "bill_run"])
def saved(request) -> SavedRun:
    return load_run(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def bills(bill_run) -> SavedRun:
    return load_run(bill_run)


def requests_to(saved: SavedRun) -> list[Request]:
    return [read_request(content) for content in saved.manifest.golden.requests]


def answers(recommender: Recommender, requests: list[Request]) -> list[tuple]:
    """Return all parts of the answers, one entry per request."""
    prediction, decisions = recommender.recommend(recommender.table(requests))
    parts = [*vars(prediction).values(), *vars(decisions).values()]
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def test_lightgbm_without_its_wrapper_gives_the_same_bits(saved):
    recommender = saved.recommender
    table = recommender.table(requests_to(saved))
    X = recommender.pipeline[0].transform(model_input(recommender.features, recommender.model, table))
    quick = recommender.estimator.classifier_
    assert isinstance(quick, BoostedTrees)
    np.testing.assert_array_equal(quick.predict_proba(X), LGBMClassifier.predict_proba(quick, X))


def test_of_two_classes_both_probabilities_are_those_of_the_wrapper():
    X = np.random.default_rng(0).normal(size=(80, 3))
    quick = BoostedTrees(n_estimators=5, verbose=-1, n_jobs=1).fit(X, X[:, 0] > 0)
    np.testing.assert_array_equal(quick.predict_proba(X), LGBMClassifier.predict_proba(quick, X))


@given(chosen=st.lists(st.integers(0, 19), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_an_answer_does_not_depend_on_the_other_subscribers(saved, chosen):
    """Draw some of the 20 requests of a run in any order, repeated or alone."""
    requests = requests_to(saved)
    together = answers(saved.recommender, [requests[index] for index in chosen])
    alone = [answers(saved.recommender, [requests[index]])[0] for index in chosen]
    np.testing.assert_equal(together, alone)


def test_concurrent_threads_get_their_own_answers(bills):
    requests = requests_to(bills)
    expected = answers(bills.recommender, requests)
    asked = [number % len(requests) for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda index: answers(bills.recommender, [requests[index]])[0], asked))
    np.testing.assert_equal(found, [expected[index] for index in asked])


def test_a_run_with_other_prices_does_not_change_answers(bills):
    """Values cached for one catalogue are not used for another."""
    recommender, requests = bills.recommender, requests_to(bills)
    before = answers(recommender, requests)
    dearer = recommender.catalogue.model_dump(mode="json", by_alias=True)
    for plan in dearer["plans"]:
        plan["fee"] |= {"recurring": f"{float(plan['fee']['recurring']) + 1:.2f}", "activation": "7.00"}
    other = replace(recommender, catalogue=type(recommender.catalogue).model_validate(dearer))
    table = other.table(requests)
    assert table.switching_cost.max() == 700
    ours = recommender.predict(recommender.table(requests)).bill_mean
    np.testing.assert_allclose(other.predict(table).bill_mean, ours + 1)
    assert answers(recommender, requests) == before


def test_catalogues_with_equal_content_are_equal(bills):
    catalogue = bills.recommender.catalogue
    again = type(catalogue).model_validate_json(catalogue.json_text)
    assert catalogue == again
    assert catalogue != again.model_copy(update={"version": "another"})
    assert catalogue != catalogue.json_text
