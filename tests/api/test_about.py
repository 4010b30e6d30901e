"""The routes about the server itself: health, readiness, the run, the plans and the page."""

import json

import httpx
from litestar.testing import TestClient

from api.app import create_app
from planrec.catalogue import Catalogue
from planrec.runs.read import load_run


def test_health_and_ready_name_the_run_and_accept_head(live_client):
    run_id = live_client.get("/run").json()["run_id"]
    for path in ("/health", "/ready"):
        assert live_client.get(path).json()["run_id"] == run_id
        answer = live_client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_server_without_a_run_is_alive_and_not_ready(bill_run):
    app = create_app(load_run(bill_run))
    app.state.served = None
    with TestClient(app) as client:
        assert client.get("/health").status_code == 200
        answer = client.get("/ready")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:planrec:problem:not_ready")


def test_the_run_names_model_target_and_policy_but_no_path(live_client, bill_run):
    saved = load_run(bill_run)
    told = live_client.get("/run").json()
    assert (told["model"], told["target"], told["policy"]) == ("lgbm", "best_bill", "best_bill")
    assert told["plans"] == list(saved.recommender.plans)
    assert told["catalogue"]["sha256"] == saved.recommender.catalogue.sha256
    assert str(bill_run.parent) not in json.dumps(told)


def test_the_catalogue_is_the_one_named_in_answers(live_client, bill_run):
    content = live_client.get("/catalogue").json()
    assert Catalogue.model_validate(content) == load_run(bill_run).recommender.catalogue


def test_a_run_over_rows_has_no_catalogue(row_server):
    answer = httpx.get(f"{row_server}/catalogue")
    assert (answer.status_code, answer.json()["detail"]) == (404, "this run has no catalogue")


def test_examples_of_the_document_match_the_server(live_client):
    document = live_client.get("/schema/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    post = document["paths"]["/predict"]["post"]
    body, told = (
        content["application/json"]["examples"]["of_this_run"]["value"]
        for content in (post["requestBody"]["content"], post["responses"]["200"]["content"])
    )
    answer = live_client.post("/predict", json=body).json()
    assert answer | {"recommendation_id": 0} == told | {"recommendation_id": 0}
