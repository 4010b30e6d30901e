"""Requests in process: whatever is sent is refused with pointers, or gets an answer of finite numbers."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.bodies import DuplicateKeyError, check_keys, read_one
from api.problems import of_error
from api.requests import request_model
from planrec.answers import ModelName, answers_of, encoded
from planrec.errors import RequestError
from planrec.run_folder import load_run
from planrec.schema import MAX_USAGE

MODEL = ModelName("2030-01-31/12-00-00-abc123", "0.1.0")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("2018-03"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
AMOUNTS = st.floats(0, MAX_USAGE) | st.sampled_from([0.0, 1e9, 1e-320])


@pytest.fixture(scope="module", params=["history_run", "row_run", "bill_run", "forecast_run"])
def asked(request):
    saved = load_run(request.getfixturevalue(request.param))
    recommender = saved.recommender
    return recommender, request_model(recommender), saved.manifest["golden"]["requests"][0]


def places(node, at=()):
    """Every place in a document, as keys to follow."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def put(document, place, value):
    """A copy of the document with another value at this place."""
    if not place:
        return value
    copy = json.loads(json.dumps(document))
    node = copy
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return copy


@given(data=st.data(), value=VALUES)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_value_at_any_place_is_refused_or_answered(asked, data, value):
    recommender, model, request = asked
    whole = {**request, "exclude": [], "top_k": 3} | ({"as_of": None} if "months" in request else {})
    body = put(whole, data.draw(st.sampled_from(places(whole))), value)
    try:
        told = answers_of(recommender, {"id": read_one(model, json.dumps(body).encode())}, MODEL)
    except (ValidationError, RequestError) as error:
        problem = of_error(error)
        assert problem["status"] in (400, 422)
        assert problem["status"] == 400 or problem["errors"]
    else:
        json.loads(encoded(told[0]), parse_constant=pytest.fail)


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=6), top_k=st.none() | st.integers(1, 1_000))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_possible_usage_gets_finite_numbers(asked, amounts, top_k):
    recommender, model, request = asked
    if "months" not in request:
        pytest.skip("a run over rows")
    names = list(enumerate(recommender.inputs.usage))
    months = [
        {"month": f"2018-0{number}"} | {name: amounts[(number + at) % len(amounts)] for at, name in names}
        for number in range(1, len(amounts) + 1)
    ]
    body = json.dumps(request | {"months": months, "top_k": top_k}).encode()
    [answer] = answers_of(recommender, {"id": read_one(model, body)}, MODEL)
    # JSON has no NaN and no infinity.
    told = json.loads(encoded(answer), parse_constant=pytest.fail)
    assert told["recommendation_id"] == "id"
    assert len(told["items"]) == min(top_k or 100, len(recommender.plans) - len(told["not_offered"]))


@given(document=VALUES, key=st.text(max_size=8), depth=st.integers(0, 5))
def test_a_key_twice_is_found_wherever_it_stands_and_nowhere_else(document, key, depth):
    text = json.dumps(document)
    check_keys(text.encode(), frozenset())
    name = json.dumps(key)
    twice = f"{{{name}: {text}, {name}: 0}}"
    for _ in range(depth):
        twice = f'[{{"in": {twice}}}]'
    with pytest.raises(DuplicateKeyError, match="more than once"):
        check_keys(twice.encode(), frozenset())
