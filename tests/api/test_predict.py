"""The API against the real app: what it answers equals `Recommender.recommend` on the same decisions."""

import json

import pytest
from litestar.testing import TestClient

from api.app import create_app
from planrec.run_folder import load_run


@pytest.fixture(scope="module", params=["history_run", "row_run"])
def saved(request):
    return load_run(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def client(saved):
    with TestClient(create_app(saved)) as client:
        yield client


@pytest.fixture
def body(saved):
    return json.loads(json.dumps(saved.manifest["golden"]["requests"][0]))


def test_answers_what_the_run_recommends_offline(client, saved):
    golden = saved.manifest["golden"]
    for request, probability in zip(golden["requests"], golden["probability"], strict=True):
        answer = client.post("/predict", json=request)
        assert answer.status_code == 200, answer.text
        online = {item["plan_id"]: item["probability"] for item in answer.json()["items"]}
        offline = dict(zip(saved.manifest["plans"], probability, strict=True))
        assert online == pytest.approx(offline, rel=0, abs=1e-12)


def test_items_are_ranked_best_first(client, body):
    items = client.post("/predict", json=body).json()["items"]
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    probabilities = [item["probability"] for item in items]
    assert probabilities == sorted(probabilities, reverse=True)


def test_every_answer_names_the_run_that_gave_it(client, body, saved):
    assert client.post("/predict", json=body).json()["model"]["run_id"] == saved.run_id


def test_an_unknown_field_is_refused_with_its_pointer(client, body):
    body["attributes"] = {**body["attributes"], "shoe/size": 43}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"pointer": "/attributes/shoe~1size", "detail": "Extra inputs are not permitted"}
    ]


def test_every_error_is_reported_at_once(client, saved):
    answer = client.post("/predict", json={"months": [], "attributes": {"x": 1}, "y": 2})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) >= 3


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 5_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b'"' + b"x" * 2_000_000 + b'"', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_and_never_a_failure(client, content, content_type, status):
    answer = client.post("/predict", content=content, headers={"content-type": content_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_address_that_is_none_is_a_problem(client):
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_health_names_the_run(client, saved):
    assert client.get("/health").json() == {"status": "ok", "run_id": saved.run_id}


def test_the_example_of_the_schema_is_accepted(client):
    schema = client.get("/run/schema").json()
    assert client.post("/predict", json=schema["examples"][0]).status_code == 200


def test_openapi_is_served_and_needs_no_other_host(client):
    document = client.get("/schema/openapi.json")
    assert document.status_code == 200
    assert "/predict" in document.json()["paths"]


@pytest.fixture(scope="module")
def history_client(history_run):
    with TestClient(create_app(load_run(history_run))) as client:
        yield client


@pytest.fixture
def month(history_run):
    return load_run(history_run).manifest["golden"]["requests"][0]["months"][0]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"data_mib": -1}, "/months/0/data_mib"),
        ({"data_mib": 1e10}, "/months/0/data_mib"),
        ({"data_mib": "5"}, "/months/0/data_mib"),
        ({"data_mib": True}, "/months/0/data_mib"),
        ({"data_mib": None}, "/months/0/data_mib"),
        ({"month": "2018-13"}, "/months/0/month"),
    ],
)
def test_a_month_that_cannot_be_is_refused(history_client, month, wrong, pointer):
    answer = history_client.post("/predict", json={"months": [month | wrong]})
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity"])
def test_numbers_that_are_none_are_refused(history_client, month, number):
    text = json.dumps({"months": [month | {"data_mib": 12345.5}]}).replace("12345.5", number)
    answer = history_client.post("/predict", content=text, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_a_month_twice_is_refused(history_client, month):
    answer = history_client.post("/predict", json={"months": [month, month]})
    assert "each month may be given once" in answer.json()["errors"][0]["detail"]
