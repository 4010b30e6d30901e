"""Requests in process: any body is refused with pointers, or gets an answer of finite numbers."""

import json
import re
from datetime import datetime
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.parsing import request_model as requests
from api.parsing.batch_body import _split, parse_batch
from api.parsing.request_body import (
    DuplicateKeyError,
    KeyScan,
    MalformedJsonError,
    RequestTooLargeError,
    parse_request,
)
from api.parsing.request_model import request_model
from api.problems import ProblemError, problem_of_error
from api.settings import Limits
from planrec.errors import RequestError
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.columns import MAX_USAGE
from planrec.schema.decision_rows import running_month

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
    return recommender, request_model(recommender), saved.manifest.golden.requests[0]


def places(node, at=()):
    """Return every place in a document, as a tuple of keys."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def put(document, place, value):
    """Return a copy of the document with another value in this place."""
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
def test_any_value_in_any_place_is_refused_or_answered(asked, data, value):
    recommender, model, request = asked
    whole = {**request, "exclude": [], "top_k": 3} | ({"as_of": None} if "months" in request else {})
    body = put(whole, data.draw(st.sampled_from(places(whole))), value)
    try:
        told = answers_of(recommender, {"id": parse_request(model, json.dumps(body).encode())}, MODEL)
    except (ValidationError, RequestError) as error:
        problem = problem_of_error(error)
        assert problem.status in (400, 422)
        assert problem.status == 400 or problem.errors
    else:
        json.loads(encoded(told[0]), parse_constant=pytest.fail)


@given(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_list_is_refused_at_the_same_places_as_by_pydantic(asked, data, values):
    _, model, request = asked
    spots = places(request)
    requests = [put(request, data.draw(st.sampled_from(spots)), value) for value in values]
    body = json.dumps(requests).encode()  # with NaN and Infinity, as Python writes them
    try:
        TypeAdapter(list[model]).validate_json(body)
    except ValidationError as error:
        expected = problem_of_error(error)
        with pytest.raises((RequestError, MalformedJsonError)) as caught:
            parse_batch(model, body, Limits())
        found = problem_of_error(caught.value)
        assert found.status == expected.status
        assert pointers(found) == pointers(expected)
    else:
        alone = [parse_request(model, json.dumps(request).encode()) for request in requests]
        assert parse_batch(model, body, Limits()) == alone


def pointers(problem):
    """Return the places of the errors of a problem."""
    return [error.pointer for error in problem.errors or ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Input data was truncated"),
        (b"[{}", "Input data was truncated"),
        (b"[{},]", "trailing comma in array (byte 4)"),
        (b"[{}] []", "trailing characters (byte 6)"),
        (b"\xef\xbb\xbf[{}]", "invalid character (byte 0)"),
        (b'[{}, "\xff"]', "invalid unicode code point at line 1 column 2, in /1"),
        (b"[{}, " + b"[" * 300 + b"]" * 300 + b"]", "recursion limit exceeded at line 1 column 202, in /1"),
        (b"[" * 100_000, "recursion limit exceeded"),
        (b"null", "a list of 1 to 1,000 requests, got `null`"),
        (b"{}", "a list of 1 to 1,000 requests, got `object`"),
        (b"[]", "a list of 1 to 1,000 requests, got none"),
        (b"[" + b"0," * 1_000 + b"0]", "a list of 1 to 1,000 requests, got more"),
        (b'[0, "' + b"x" * 999_999 + b'"]', "at most 1,000,000 bytes, got 1,000,001, in /1"),
    ],
)
def test_a_body_that_is_not_a_list_is_refused_in_words(asked, content, message):
    with pytest.raises((MalformedJsonError, RequestError, RequestTooLargeError)) as caught:
        parse_batch(asked[1], content, Limits())
    assert message in str(caught.value)


def test_duplicate_keys_in_a_list_are_reported_after_other_mistakes(asked):
    _, model, request = asked
    good = json.dumps(request)
    twice = f'{good[:-1]}, "top_k": 1, "top_k": 1}}'
    with pytest.raises(DuplicateKeyError, match="got 'top_k' more than once, in /1"):
        parse_batch(model, f"[{good}, {twice}]".encode(), Limits())
    with pytest.raises(RequestError, match="1 value"):
        parse_batch(model, f"[{good}, {twice}, 3]".encode(), Limits())


@given(documents=st.lists(VALUES, min_size=1, max_size=5), text=st.text(max_size=5))
def test_nan_and_infinity_are_replaced_outside_of_strings_only(documents, text):
    documents = [[document, f'NaN"Infinity\\{text}'] for document in documents]
    body = json.dumps(documents).encode()
    told = [json.loads(bytes(element)) for element in _split(body, 10) if bytes(element)]
    assert [element[1] for element in told] == [element[1] for element in documents]
    if not re.search("NaN|Infinity", json.dumps([document[0] for document in documents])):
        assert told == documents


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=6), top_k=st.none() | st.integers(1, 1_000))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_legal_usage_gets_finite_numbers(asked, amounts, top_k):
    recommender, model, request = asked
    if "months" not in request:
        pytest.skip("a run over rows")
    names = list(enumerate(recommender.inputs.usage))
    months = [
        {"month": f"2018-0{number}"} | {name: amounts[(number + at) % len(amounts)] for at, name in names}
        for number in range(1, len(amounts) + 1)
    ]
    body = json.dumps(request | {"months": months, "top_k": top_k}).encode()
    [answer] = answers_of(recommender, {"id": parse_request(model, body)}, MODEL)
    # JSON has no NaN and no infinity.
    told = json.loads(encoded(answer), parse_constant=pytest.fail)
    assert told["recommendation_id"] == "id"
    assert len(told["items"]) == min(top_k or 100, len(recommender.plans) - len(told["not_offered"]))


@pytest.mark.parametrize(
    ("now", "month", "running"),
    [
        ("2026-11-30T09:59:59Z", "2026-11", "2026-11"),
        ("2026-11-30T10:00:00Z", "2026-11", None),
        ("2026-11-30T10:00:00Z", "2026-12", "2026-12"),
        ("2026-12-31T09:59:59Z", "2027-01", "2026-12"),
        ("2028-02-29T09:59:59Z", "2028-02", "2028-02"),
        ("2028-02-29T23:59:59-12:00", "2028-02", None),
    ],
)
def test_a_month_is_accepted_once_it_is_over_at_utc_plus_14(asked, monkeypatch, now, month, running):
    _, model, request = asked
    if "months" not in request:
        pytest.skip("a run over rows")
    monkeypatch.setattr(requests, "running_month", partial(running_month, datetime.fromisoformat(now)))
    body = json.dumps(request | {"months": [request["months"][0] | {"month": month}]}).encode()
    if running is None:
        assert [given.month for given in parse_request(model, body).months] == [month]
        return
    with pytest.raises(ValidationError) as caught:
        parse_request(model, body)
    detail = f"months must be over, but {month} is not: it is {running} now"
    assert problem_of_error(caught.value).errors == [ProblemError("/months", detail)]


@given(document=VALUES, key=st.text(max_size=8), depth=st.integers(0, 5))
def test_exactly_the_duplicate_keys_are_found(document, key, depth):
    text = json.dumps(document)
    assert KeyScan(text.encode(), frozenset()).duplicate is None
    name = json.dumps(key)
    twice = f"{{{name}: {text}, {name}: 0}}"
    for _ in range(depth):
        twice = f'[{{"in": {twice}}}]'
    assert KeyScan(twice.encode(), frozenset()).duplicate == key


@given(data=st.data(), subscriber=st.sampled_from([None, "a", "a:b", '":"', "\u003a"]))
def test_exactly_the_requests_with_duplicate_keys_are_refused(asked, data, subscriber):
    _, model, request = asked
    request = request | {"subscriber": subscriber}
    body = json.dumps(request)
    assert parse_request(model, body.encode()).subscriber == subscriber
    starts = [match.start() for match in re.finditer(r'"[^"{}]+": ', body)]
    place = data.draw(st.sampled_from(starts))
    # The key at this place, and its value, once more.
    key, value = json.JSONDecoder().raw_decode(body, place)
    _, end = json.JSONDecoder().raw_decode(body, value + 2)
    again = body[place:end]
    for space in ("", " "):
        twice = body[:place] + again.replace(": ", space + ":") + ", " + body[place:]
        with pytest.raises(DuplicateKeyError, match=re.escape(f"{key!r} more than once")):
            parse_request(model, twice.encode())
