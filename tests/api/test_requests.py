"""Requests in process: whatever is sent is refused with pointers, or gets an answer of finite numbers."""

import json
import re
from datetime import datetime
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.parsing import request_model as requests
from api.parsing.batch_body import _split, read_list
from api.parsing.request_body import (
    DuplicateKeyError,
    Keys,
    MalformedJsonError,
    RequestTooLargeError,
    read_one,
)
from api.parsing.request_model import request_model
from api.problems import of_error
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


@given(data=st.data(), values=st.lists(VALUES, min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_list_is_refused_at_the_places_where_pydantic_refuses_it_as_a_whole(asked, data, values):
    _, model, request = asked
    spots = places(request)
    requests = [put(request, data.draw(st.sampled_from(spots)), value) for value in values]
    body = json.dumps(requests).encode()  # with NaN and Infinity, as Python writes them
    try:
        TypeAdapter(list[model]).validate_json(body)
    except ValidationError as error:
        expected = of_error(error)
        with pytest.raises((RequestError, MalformedJsonError)) as caught:
            read_list(model, body, Limits())
        told = of_error(caught.value)
        assert told["status"] == expected["status"]
        assert [e["pointer"] for e in told.get("errors", ())] == [
            e["pointer"] for e in expected.get("errors", ())
        ]
    else:
        alone = [read_one(model, json.dumps(request).encode()) for request in requests]
        assert read_list(model, body, Limits()) == alone


@pytest.mark.parametrize(
    ("content", "told"),
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
def test_what_is_no_list_of_requests_is_told_in_words(asked, content, told):
    with pytest.raises((MalformedJsonError, RequestError, RequestTooLargeError)) as caught:
        read_list(asked[1], content, Limits())
    assert told in str(caught.value)


def test_keys_twice_in_a_list_are_told_with_their_place_where_nothing_else_is_wrong(asked):
    _, model, request = asked
    good = json.dumps(request)
    twice = f'{good[:-1]}, "top_k": 1, "top_k": 1}}'
    with pytest.raises(DuplicateKeyError, match="got 'top_k' more than once, in /1"):
        read_list(model, f"[{good}, {twice}]".encode(), Limits())
    with pytest.raises(RequestError, match="1 value"):
        read_list(model, f"[{good}, {twice}, 3]".encode(), Limits())


@given(documents=st.lists(VALUES, min_size=1, max_size=5), text=st.text(max_size=5))
def test_what_has_no_place_in_json_is_replaced_outside_of_texts_only(documents, text):
    documents = [[document, f'NaN"Infinity\\{text}'] for document in documents]
    body = json.dumps(documents).encode()
    told = [json.loads(bytes(element)) for element in _split(body, 10) if bytes(element)]
    assert [element[1] for element in told] == [element[1] for element in documents]
    if not re.search("NaN|Infinity", json.dumps([document[0] for document in documents])):
        assert told == documents


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
        assert [given.month for given in read_one(model, body).months] == [month]
        return
    with pytest.raises(ValidationError) as caught:
        read_one(model, body)
    problem = of_error(caught.value)
    detail = f"months must be over, and {month} is not: it is {running} now"
    assert problem["errors"] == [{"pointer": "/months", "detail": detail}]


@given(document=VALUES, key=st.text(max_size=8), depth=st.integers(0, 5))
def test_a_key_twice_is_found_wherever_it_stands_and_nowhere_else(document, key, depth):
    text = json.dumps(document)
    assert Keys(text.encode(), frozenset()).twice is None
    name = json.dumps(key)
    twice = f"{{{name}: {text}, {name}: 0}}"
    for _ in range(depth):
        twice = f'[{{"in": {twice}}}]'
    assert Keys(twice.encode(), frozenset()).twice == key


@given(data=st.data(), subscriber=st.sampled_from([None, "a", "a:b", '":"', "\u003a"]))
def test_a_request_with_a_key_twice_is_refused_and_no_other_one(asked, data, subscriber):
    _, model, request = asked
    request = request | {"subscriber": subscriber}
    body = json.dumps(request)
    assert read_one(model, body.encode()).subscriber == subscriber
    starts = [match.start() for match in re.finditer(r'"[^"{}]+": ', body)]
    place = data.draw(st.sampled_from(starts))
    # Once more what stands there: a key, and the value up to where it ends.
    key, value = json.JSONDecoder().raw_decode(body, place)
    _, end = json.JSONDecoder().raw_decode(body, value + 2)
    again = body[place:end]
    for space in ("", " "):
        twice = body[:place] + again.replace(": ", space + ":") + ", " + body[place:]
        with pytest.raises(DuplicateKeyError, match=re.escape(f"{key!r} more than once")):
            read_one(model, twice.encode())
