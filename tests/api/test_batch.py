"""POST /predict/batch over HTTP: answers equal those of single requests, in order; bad entries."""

import json

import httpx
import pytest

from api.routes.batch import BATCH_SIZE
from api.settings import Limits
from planrec.recommending.answer import ModelName, encoded
from planrec.recommending.answering import answers_of
from planrec.runs.read import load_run
from planrec.schema.request import read_request

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module", params=["bill", "row", "forecast"])
def served(request):
    """Return a client and the served run."""
    address = request.getfixturevalue(f"{request.param}_server")
    saved = load_run(request.getfixturevalue(f"{request.param}_run"))
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client, saved


@pytest.fixture
def requests(served):
    return json.loads(json.dumps(served[1].manifest.golden.requests))


def lines_of(client, lines):
    """Return the lines of the response to these lines."""
    answer = client.post("/predict/batch", content=b"\n".join(lines) + b"\n", headers=NDJSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.content.splitlines()]


def without_id(answer):
    """Return an answer without its id and last digits, which may differ in a batch (CONTRACT section 6)."""
    items = [item | {"probability": round(item["probability"], 11)} for item in answer["items"]]
    return answer | {"recommendation_id": None, "items": items}


def test_an_answer_has_the_bytes_of_the_recommender(served, requests):
    client, saved = served
    for request in requests[:5]:
        answer = client.post("/predict", json=request)
        told = answer.json()
        model = ModelName(**told["model"])
        [offline] = answers_of(saved.recommender, {told["recommendation_id"]: read_request(request)}, model)
        assert answer.content == encoded(offline)


def test_lists_lines_and_single_requests_get_equal_answers(served, requests):
    client, _ = served
    single = [without_id(client.post("/predict", json=request).json()) for request in requests]
    together = client.post("/predict/batch", json=requests).json()
    lines = lines_of(client, [json.dumps(request).encode() for request in requests])
    assert [without_id(answer) for answer in together] == single
    assert [without_id(answer) for answer in lines] == single
    assert len({answer["recommendation_id"] for answer in (*together, *lines)}) == 2 * len(requests)


def test_a_bad_line_gets_a_problem_and_the_others_are_answered(served, requests):
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


def test_a_list_with_mistakes_is_refused_with_all_their_places(served, requests):
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


def test_blank_lines_are_skipped_and_too_many_lines_are_refused(served, requests):
    client, _ = served
    lines = [b"", json.dumps(requests[0]).encode(), b" \r", json.dumps(requests[1]).encode(), b""]
    assert len(lines_of(client, lines)) == 2
    assert lines_of(client, [b""] * 1_000_000) == []
    answer = client.post("/predict/batch", content=b"{}\n" * (Limits().batch_requests + 1), headers=NDJSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:planrec:problem:body_too_large")
    assert answer.json()["detail"] == "a batch must have at most 1,000 lines, got more"


def test_a_large_batch_is_refused(served):
    client, _ = served
    assert client.post("/predict/batch", content=b"\n" * 17_000_000, headers=NDJSON).status_code == 413


def test_requests_without_an_answer_are_reported_with_their_place(bill_server, bill_run):
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


def test_places_count_from_the_start_of_a_long_list(bill_server, bill_run):
    good = load_run(bill_run).manifest.golden.requests[0]
    bad = good | {"months": [good["months"][0] | {"month": "1999-01"}], "plan_held": None}
    bad_places = (3, BATCH_SIZE, 2 * BATCH_SIZE + 5)
    requests = [bad if place in bad_places else good for place in range(3 * BATCH_SIZE)]
    with httpx.Client(base_url=bill_server, timeout=60) as client:
        answer = client.post("/predict/batch", json=requests)
        assert answer.status_code == 422
        places = [error["pointer"] for error in answer.json()["errors"]]
        assert places == ["/3/months", f"/{BATCH_SIZE}/months", f"/{2 * BATCH_SIZE + 5}/months"]
        answers = client.post("/predict/batch", json=[good] * (BATCH_SIZE + 1)).json()
        assert len({answer["recommendation_id"] for answer in answers}) == BATCH_SIZE + 1


def test_sentences_are_in_spanish_if_requested(bill_server, bill_run):
    request = load_run(bill_run).manifest.golden.requests[0]
    headers = {"accept-language": "es-PE,es;q=0.9"}
    with httpx.Client(base_url=bill_server) as client:
        answer = client.post("/predict/batch", json=[request], headers=headers).json()[0]
    assert answer["items"][0]["reasons"][0]["sentence"].startswith("Con su consumo de los últimos 6 meses")
