"""Logged answers over HTTP: found by subscriber and day, computed again, and who may read them."""

import json
import logging

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.decision_logging import AnswerLog
from api.middleware.api_keys import hash_of
from api.settings import Access, Server, Settings
from planrec.runs.read import load_run
from planrec.serving.decision_log.search import find_decision
from planrec.serving.decision_log.session import session
from tests.serving.decision_log.decisions import url_of

LOCAL = "http://127.0.0.1:8000"
KEY = "planrec_example"
ACCESS = Access(key_hashes=(hash_of(KEY.encode()),))
ANA = {"subscriber": "+34 600 000 000"}


@pytest.fixture(scope="module")
def saved(bill_run):
    return load_run(bill_run)


@pytest.fixture
def url(tmp_path):
    return url_of(tmp_path / "decisions.sqlite")


@pytest.fixture
def serving(saved, url, tmp_path):
    """Return a function that makes a client of a server with these settings."""
    logs = []

    def served(settings=None, base_url=LOCAL):
        logs.append(AnswerLog.open(url, tmp_path / "key", 1_000, is_required=True))
        settings = settings or Settings(access=ACCESS, outputs=saved.folder.parent.parent)
        client = TestClient(create_app(saved, logs[-1], settings), base_url=base_url)
        client.headers["x-api-key"] = KEY
        return client

    return served


def asked(client, saved, **more):
    return client.post("/predict", json=saved.manifest.golden.requests[0] | ANA | more).json()


def test_answers_are_found_by_subscriber_and_day_and_the_log_records_it(serving, saved, url):
    with serving() as client:
        assert client.get("/decisions", params=ANA).json()["answers"] == [], "before the first answer"
        first, second = asked(client, saved), asked(client, saved, exclude=["max"])
        asked(client, saved, subscriber="other")
        found = client.get("/decisions", params=ANA).json()
        ids = [answer["recommendation_id"] for answer in found["answers"]]
        assert ids == [second["recommendation_id"], first["recommendation_id"]]
        assert (found["is_complete"], found["unreadable"]) == (True, 0)
        given = found["answers"][1]
        assert (given["sentence"], given["advised"]) == (first["sentence"], first["advised"])
        assert (given["run"], given["run_id"]) == (saved.sha256, saved.run_id)
        none = client.get("/decisions", params=ANA | {"to": "2020-01-01"}).json()
        assert none["answers"] == []
        assert len(client.get("/decisions", params=ANA | {"to": "9999-12-31"}).json()["answers"]) == 2
        wrong = client.get("/decisions", params=ANA | {"from": "2020-01-02", "to": "2020-01-01"})
        assert (wrong.status_code, wrong.json()["detail"]) == (422, "from must not be after to")
    with session(url, "read") as connection:
        events = connection.execute("SELECT event, content FROM decision_events ORDER BY position").fetchall()
    searched = [json.loads(content) for event, content in events if event == "replay"]
    assert [content["found"] for content in searched] == [0, 2, 0, 2]
    assert searched[1]["recommendation_ids"] == [first["recommendation_id"], second["recommendation_id"]]


def test_neither_answers_nor_logs_repeat_the_subscriber(serving, saved, caplog):
    with serving() as client, caplog.at_level(logging.DEBUG):
        asked(client, saved)
        texts = [client.get("/decisions", params=ANA | days).text for days in ({}, {"from": "yesterday"})]
        texts += [client.get("/decisions", params={"subscriber": "+34 600 000 000" * 99}).text]
    server = [
        record.getMessage() + str(record.__dict__) for record in caplog.records if "planrec" in record.name
    ]
    assert server
    assert not any("600 000 000" in text or "600%20000" in text for text in [*texts, *server])


def test_an_answer_is_computed_again_with_inputs_plans_and_rule(serving, saved, url):
    with serving() as client:
        answer = asked(client, saved, top_k=1)
        found = client.get(f"/decisions/{answer['recommendation_id']}").json()
        assert (found["is_equal"], found["differences"]) == (True, [])
        assert (
            found["request"]["months"]
            == json.loads(find_decision(url, answer["recommendation_id"]).request)["months"]
        )
        assert found["request"]["subscriber"] is None
        menu = len(found["compared"]["items"]) + len(found["compared"]["not_offered"])
        assert menu == len(saved.recommender.plans)
        assert found["rule"]["policy"] == "best_bill"
        assert found["rule"]["values"]
        with session(url, "write") as connection:
            connection.execute("UPDATE decisions SET answer = replace(answer, '\"rank\":1', '\"rank\":9')")
        changed = client.get(f"/decisions/{answer['recommendation_id']}").json()
        assert (changed["is_equal"], changed["differences"]) == (False, ["/items/0/rank: logged 9, now 1"])
        missing = client.get("/decisions/nothing")
        assert (missing.status_code, missing.json()["detail"]) == (404, "no such answer in the decision log")


def test_an_answer_of_a_run_that_is_gone_names_no_path(serving, saved, url, tmp_path):
    with serving(Settings(access=ACCESS, outputs=tmp_path)) as client:
        answer = asked(client, saved)
        with session(url, "write") as connection:
            connection.execute("UPDATE decisions SET run_sha256 = ?", ("0" * 64,))
        found = client.get(f"/decisions/{answer['recommendation_id']}")
    assert (found.status_code, found.json()["type"]) == (409, "urn:planrec:problem:not_readable")
    assert str(tmp_path) not in found.text.replace(f"below {tmp_path}", "")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "planrec.internal"])
def test_without_keys_answers_are_shown_to_no_client(serving, saved, host):
    """A proxy on this machine may publish the server and send its loopback address as Host."""
    with serving(Settings(access=Access(open=True), outputs=saved.folder.parent.parent)) as client:
        client.headers.pop("x-api-key")
        for path in ("/decisions?subscriber=ana", "/decisions/nothing"):
            answer = client.get(path, headers={"host": host})
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:planrec:problem:forbidden")
            assert "planrec serve --new-key" in answer.json()["detail"]


def test_with_keys_every_machine_with_a_key_reads_answers(serving, saved):
    settings = Settings(server=Server(host="0.0.0.0"), access=ACCESS, outputs=saved.folder.parent.parent)
    with serving(settings, "http://planrec.internal") as client:
        assert client.get("/decisions", params=ANA, headers={"x-api-key": "no"}).status_code == 401
        answer = client.get("/decisions", params=ANA)
        assert (answer.status_code, answer.json()["answers"]) == (200, [])


def test_a_server_without_a_log_has_no_answers(saved):
    with TestClient(create_app(saved, settings=Settings(access=ACCESS)), base_url=LOCAL) as client:
        answer = client.get("/decisions", params=ANA, headers={"x-api-key": KEY})
    assert (answer.status_code, answer.json()["detail"]) == (404, "this server has no decision log")


def test_a_log_that_cannot_be_read_is_a_problem_without_its_place(serving, saved, tmp_path):
    with serving() as client:
        asked(client, saved)
        (tmp_path / "key").unlink()
        answer = client.get("/decisions", params=ANA)
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
