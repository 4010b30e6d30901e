"""Every bad body gets a problem with a clear text, and the server answers the next request, over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest

JSON, NDJSON = "application/json", "application/x-ndjson"
PROBLEM = "urn:planrec:problem:"


@pytest.fixture
def body(live_client):
    return live_client.get("/run/schema").json()["examples"][0]


def send(live_client, content, kind=JSON, path="/predict"):
    return live_client.post(path, content=content, headers={"content-type": kind})


def with_text(body, text):
    """Return the body with a JSON text in place of one amount, also one that Python cannot write."""
    body["months"][0]["data_mib"] = 54321.5
    return json.dumps(body).replace("54321.5", text)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", JSON, 400, "malformed_body"),
        (b"{", JSON, 400, "malformed_body"),
        (b"\xff\xfe{}", JSON, 400, "malformed_body"),
        (b'{"months": "\xc3("}', JSON, 400, "malformed_body"),
        (b'{"months": "\\ud800"}', JSON, 400, "malformed_body"),
        (b"[" * 100_000, JSON, 400, "malformed_body"),
        (b'{"months":' * 50_000, JSON, 400, "malformed_body"),
        (b"null", JSON, 422, "values_refused"),
        (b"[]", JSON, 422, "values_refused"),
        (b"3", JSON, 422, "values_refused"),
        (b"{}", JSON, 422, "values_refused"),
        (b"{}", "text/plain", 415, "unsupported_content_type"),
        (b"{}", "application/xml", 415, "unsupported_content_type"),
        (b"{}", "", 415, "unsupported_content_type"),
        (b"{}", NDJSON, 415, "unsupported_content_type"),
        (b'{"plan_held": "' + b"x" * 10_000_000 + b'"}', JSON, 413, "body_too_large"),
        (b'{"plan_held": "' + b"x" * 900_000 + b'"}', JSON, 422, "values_refused"),
    ],
)
def test_an_unreadable_body_gets_a_problem(live_client, content, kind, status, code):
    answer = send(live_client, content, kind)
    assert (answer.status_code, answer.json()["type"]) == (status, PROBLEM + code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.text) < 3_000, "a problem does not repeat the body"


def test_a_large_body_without_a_length_is_refused(live_client):
    chunks = (b"x" * 100_000 for _ in range(30))
    answer = send(live_client, chunks)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "the body must have at most 1,000,000 bytes"


@pytest.mark.parametrize("duplicate", ["", '"a": 1, "a": 1, '])
def test_many_unknown_keys_are_refused_before_validation(live_client, body, duplicate):
    unknown = "{" + duplicate + ",".join(f'"{number}": 1' for number in range(60_000)) + "}"
    detail = f"the request has {60_002 if duplicate else 60_000:,} unknown keys"
    answer = send(live_client, unknown)
    assert (answer.status_code, answer.json()["detail"], answer.json()["errors"]) == (422, detail, [])
    answer = send(live_client, f"[{json.dumps(body)}, {unknown}]", path="/predict/batch")
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "/1", "detail": detail}])
    month = body["months"][0] | {str(number): 1 for number in range(100)}
    answer = live_client.post("/predict", json=body | {"months": [month] * 11})
    assert answer.json()["detail"] == "the request has 1,100 unknown keys", "all objects together"


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "-Infinity", "1e308", "1e400", "-1", "-0.01", "1e10", '"5"', "null", "[]", "true"],
)
def test_amounts_that_are_not_numbers_are_refused(live_client, body, amount):
    answer = send(live_client, with_text(body, amount))
    assert answer.status_code in (400, 422), answer.text
    if answer.status_code == 422:
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/months/0/data_mib"]


@pytest.mark.parametrize("amount", ["0", "-0.0", "1e9", "0.004999", "1e-320"])
def test_extreme_amounts_get_finite_numbers(live_client, body, amount):
    answer = send(live_client, with_text(body, amount))
    assert answer.status_code == 200, answer.text
    assert "NaN" not in answer.text
    assert "Infinity" not in answer.text


def test_numbers_with_thousands_of_digits_are_refused_or_read(live_client, body):
    for text in ("9" * 5_000, "0." + "1" * 5_000):
        assert send(live_client, with_text(body, text)).status_code in (200, 400, 422)
    assert send(
        live_client, json.dumps(body).replace('"months"', f'"top_k": {"9" * 5_000}, "months"')
    ).status_code in (
        400,
        422,
    )


def test_duplicate_keys_are_refused_at_any_depth(live_client, body):
    text = json.dumps(body)
    for once, twice in (
        ('"plan_held":', '"plan_held": null, "plan_held":'),
        ('"sms":', '"sms": 1, "sms":'),
    ):
        answer = send(live_client, text.replace(once, twice, 1))
        assert (answer.status_code, answer.json()["type"]) == (400, PROBLEM + "malformed_body")
        assert "more than once" in answer.json()["detail"]


def pointers(answer):
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_all_mistakes_are_reported_at_once(live_client, body):
    body["months"][0]["sms"] = -1
    body["months"][1]["month"] = "2018-13"
    body |= {
        "shoe": 43,
        "plan_held": "none such",
        "top_k": 0,
        "exclude": ["none such"],
        "as_of": "2018-02-30",
    }
    assert pointers(live_client.post("/predict", json=body)) == {
        "/months/0/sms",
        "/months/1/month",
        "/shoe",
        "/plan_held",
        "/top_k",
        "/exclude/0",
        "/as_of",
    }


def test_empty_months_are_refused_if_the_model_needs_them(live_client, body):
    assert pointers(live_client.post("/predict", json=body | {"months": []})) == {"/months"}


def test_more_months_than_ten_years_are_refused(live_client, body):
    month = body["months"][0]
    years = [f"{year}-{number:02d}" for year in range(2000, 2011) for number in range(1, 13)]
    asked = body | {"months": [month | {"month": text} for text in years]}
    assert pointers(live_client.post("/predict", json=asked)) == {"/months"}


def test_duplicate_months_are_refused(live_client, body):
    assert pointers(live_client.post("/predict", json=body | {"months": body["months"][:1] * 2})) == {
        "/months"
    }


# The server reads the real clock: the current month may be over already, the next one cannot be.
NEXT_MONTH = f"{datetime.now(UTC).replace(day=28) + timedelta(days=4):%Y-%m}"


@pytest.mark.parametrize("month", ["2099-12", NEXT_MONTH])
def test_months_that_are_not_over_are_refused(live_client, body, month):
    body["months"][-1]["month"] = month
    answer = live_client.post("/predict", json=body)
    assert pointers(answer) == {"/months"}
    assert "must be over" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "as_of", ["2018-06-30", "2018-08-01", "2017-01-01", "2099-01-01", "2018-07", "today", ""]
)
def test_as_of_must_be_in_the_month_after_the_last_one(live_client, body, as_of):
    assert body["months"][-1]["month"] == "2018-06"
    assert pointers(live_client.post("/predict", json=body | {"as_of": as_of})) == {"/as_of"}


def test_more_exclusions_than_plans_are_refused(live_client, body):
    assert pointers(live_client.post("/predict", json=body | {"exclude": ["mini"] * 7})) == {"/exclude"}


def test_problems_contain_no_path_and_no_stack_trace(live_client):
    for answer in (
        live_client.get("/nowhere"),
        live_client.put("/predict"),
        send(live_client, b"{"),
        send(live_client, b"{}", "x/y"),
    ):
        assert "/tmp" not in answer.text
        assert "Traceback" not in answer.text
    assert live_client.put("/predict").headers["allow"].startswith("POST")
