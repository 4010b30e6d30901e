"""POST /predict/batch over real HTTP: equal to single requests, in order, and what a bad entry does."""

import json

import httpx
import pytest

from api.routes.batch import AT_A_TIME
from api.settings import Limits
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module", params=["bill", "row", "forecast"])
def served(request):
    """A client, and the run that the server serves."""
    address = request.getfixturevalue(f"{request.param}_server")
    saved = load_run(request.getfixturevalue(f"{request.param}_run"))
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client, saved


@pytest.fixture
def requests(served):
    return json.loads(json.dumps(served[1].manifest.golden.requests))


def lines_of(client, lines):
    """The lines of the answer to these lines."""
    answer = client.post("/predict/batch", content=b"\n".join(lines) + b"\n", headers=NDJSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.content.splitlines()]


def without_id(answer):
    """All but the id and the last digits, which a batch may have otherwise (CONTRACT section 6)."""
    items = [item | {"probability": round(item["probability"], 11)} for item in answer["items"]]
    return answer | {"recommendation_id": None, "items": items}


def test_the_bytes_of_an_answer_are_those_of_the_recommender(served, requests):
    client, saved = served
    for request in requests[:5]:
        answer = client.post("/predict", json=request)
        told = answer.json()
        model = ModelName(**told["model"])
        [offline] = answers_of(saved.recommender, {told["recommendation_id"]: read_request(request)}, model)
        assert answer.content == encoded(offline)


def test_a_list_and_lines_and_single_requests_are_answered_alike(served, requests):
    client, _ = served
    single = [without_id(client.post("/predict", json=request).json()) for request in requests]
    together = client.post("/predict/batch", json=requests).json()
    lines = lines_of(client, [json.dumps(request).encode() for request in requests])
    assert [without_id(answer) for answer in together] == single
    assert [without_id(answer) for answer in lines] == single
    assert len({answer["recommendation_id"] for answer in (*together, *lines)}) == 2 * len(requests)


def test_a_bad_line_is_a_problem_in_its_place_and_the_others_are_answered(served, requests):
    client, _ = served
    good = [json.dumps(request).encode() for request in requests * 8]
    bad = {
        3: b"{",
        70: b'{"a": 1, "a": 2}',
        100: b"\xff",
        101: b'{"x": "' + b"y" * 1_000_001 + b'"}',
    }
    lines = [bad.get(number, line) for number, line in enumerate(good)]
    answers = lines_of(client, lines)
    statuses = {number: answer["status"] for number, answer in enumerate(answers) if "status" in answer}
    assert statuses == {3: 400, 70: 422, 100: 400, 101: 413}
    expected = lines_of(client, good)
    for number, answer in enumerate(answers):
        if number not in bad:
            assert without_id(answer) == without_id(expected[number])


def test_a_list_is_refused_whole_with_the_place_of_every_mistake(served, requests):
    client, _ = served
    requests[2]["shoe"] = 43
    requests[7].pop("attributes" if "plan_held" not in requests[7] else "plan_held")
    answer = client.post("/predict/batch", json=requests)
    assert answer.status_code == 422
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert {"/2/shoe"} < pointers
    assert {pointer.split("/")[1] for pointer in pointers} == {"2", "7"}


@pytest.mark.parametrize("n_requests", [0, Limits().batch_requests + 1])
def test_a_list_has_at_least_one_and_at_most_a_thousand_requests(served, requests, n_requests):
    client, _ = served
    answer = client.post("/predict/batch", json=[requests[0]] * n_requests)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [""]


def test_blank_lines_are_skipped_and_more_lines_than_a_list_may_have_are_refused(served, requests):
    client, _ = served
    lines = [b"", json.dumps(requests[0]).encode(), b" \r", json.dumps(requests[1]).encode(), b""]
    assert len(lines_of(client, lines)) == 2
    assert lines_of(client, [b""] * 1_000_000) == []
    answer = client.post("/predict/batch", content=b"{}\n" * (Limits().batch_requests + 1), headers=NDJSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:planrec:problem:body_too_large")
    assert answer.json()["detail"] == "a batch must have at most 1,000 lines, got more"


def test_a_batch_that_is_too_large_is_refused(served):
    client, _ = served
    assert client.post("/predict/batch", content=b"\n" * 17_000_000, headers=NDJSON).status_code == 413


def test_what_the_catalogue_has_no_answer_for_is_named_by_its_place(bill_server, bill_run):
    requests = json.loads(json.dumps(load_run(bill_run).manifest.golden.requests[:4]))
    for number, month in enumerate(requests[2]["months"], start=1):
        month["month"] = f"1999-0{number}"
    with httpx.Client(base_url=bill_server, timeout=60) as client:
        answer = client.post("/predict/batch", json=requests)
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/2/months", "/2/plan_held"}
        lines = lines_of(client, [json.dumps(request).encode() for request in requests])
        assert [line.get("status") for line in lines] == [None, None, 422, None]
        assert {error["pointer"] for error in lines[2]["errors"]} == {"/months", "/plan_held"}


def test_mistakes_are_named_by_their_place_in_the_whole_of_a_long_list(bill_server, bill_run):
    good = load_run(bill_run).manifest.golden.requests[0]
    bad = good | {"months": [good["months"][0] | {"month": "1999-01"}], "plan_held": None}
    requests = [bad if place in (3, AT_A_TIME, 2 * AT_A_TIME + 5) else good for place in range(3 * AT_A_TIME)]
    with httpx.Client(base_url=bill_server, timeout=60) as client:
        answer = client.post("/predict/batch", json=requests)
        assert answer.status_code == 422
        places = [error["pointer"] for error in answer.json()["errors"]]
        assert places == ["/3/months", f"/{AT_A_TIME}/months", f"/{2 * AT_A_TIME + 5}/months"]
        answers = client.post("/predict/batch", json=[good] * (AT_A_TIME + 1)).json()
        assert len({answer["recommendation_id"] for answer in answers}) == AT_A_TIME + 1


def test_sentences_come_in_spanish_where_they_are_asked_for(bill_server, bill_run):
    request = load_run(bill_run).manifest.golden.requests[0]
    headers = {"accept-language": "es-PE,es;q=0.9"}
    with httpx.Client(base_url=bill_server) as client:
        answer = client.post("/predict/batch", json=[request], headers=headers).json()[0]
    assert answer["items"][0]["reasons"][0]["sentence"].startswith("Con su uso de los últimos 6 meses")
