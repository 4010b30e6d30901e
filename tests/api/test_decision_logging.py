"""Answers of the server are logged, and a replay computes the same bytes."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import time
from uuid import RFC_4122, UUID

import httpx
import pytest
from litestar.testing import TestClient

from api.answer_requests import new_id
from api.app import create_app
from api.decision_logging import AnswerLog
from planrec.errors import LogError
from planrec.runs.read import load_run
from planrec.serving.decision_log import find_decision
from planrec.serving.decision_log.store import Store
from planrec.serving.replay.replayed_answer import replay
from tests.serving.decision_log.decisions import logged_ids, url_of


@pytest.fixture(scope="module", params=["history_run", "row_run", "bill_run"])
def saved(request):
    return load_run(request.getfixturevalue(request.param))


@pytest.fixture
def url(tmp_path):
    return url_of(tmp_path / "decisions.sqlite")


@pytest.fixture
def client(saved, url, tmp_path):
    answer_log = AnswerLog.open(url, tmp_path / "key", 1_000, is_required=True)
    with TestClient(create_app(saved, answer_log)) as client:
        yield client


def test_ids_start_with_the_time_and_sort_by_it(monkeypatch):
    before, now = UUID(new_id()), time()
    assert (before.version, before.variant) == (7, RFC_4122)
    assert abs((before.int >> 80) / 1000 - now) < 60
    ids = []
    for milliseconds in (0, 255, 256, 2**41):
        monkeypatch.setattr("api.answer_requests.time_ns", lambda at=milliseconds: at * 1_000_000)
        ids += sorted(new_id() for _ in range(100))
    assert ids == sorted(set(ids))


def outputs_of(saved):
    return saved.folder.parent.parent


def test_a_preview_is_the_same_answer_and_is_neither_logged_nor_counted(client, saved, url):
    request = saved.manifest.golden.requests[0] | {"subscriber": "ann"}
    metrics = advice_counted(client)
    for language in ("en", "es"):
        headers = {"accept-language": language}
        preview = client.post("/predict/preview", json=request, headers=headers).json()
        with pytest.raises(LogError, match="no answer"):
            find_decision(url, preview["recommendation_id"])
        assert advice_counted(client) == metrics
        advice = client.post("/predict", json=request, headers=headers).json()
        assert preview | {"recommendation_id": 0} == advice | {"recommendation_id": 0}
        assert advice_counted(client) != metrics
        metrics = advice_counted(client)


def advice_counted(client):
    """Return the lines of the metrics that count advice."""
    return [
        line for line in client.get("/metrics").text.splitlines() if "planrec_recommendations_total{" in line
    ]


def test_every_answer_is_logged_and_can_be_replayed(client, saved, url):
    for number, request in enumerate(saved.manifest.golden.requests[:5]):
        language = ("en", "es")[number % 2]
        sent = request | {"subscriber": "+34 600 000 000", "top_k": 1}
        answer = client.post("/predict", json=sent, headers={"accept-language": language})
        logged = find_decision(url, answer.json()["recommendation_id"])
        assert logged.answer.encode() == answer.content
        assert logged.run_id == saved.run_id
        assert logged.language == language
        assert logged.propensity == 1.0
        assert logged.policy == saved.config.policy.kind
        decision = answer.json()["decision"]
        assert logged.arm == (answer.json()["advised"] if decision == "recommend" else decision)
        assert logged.subscriber is not None
        for text in (*logged[:1], logged.request, logged.answer, logged.subscriber):
            assert "600 000 000" not in text
        replayed = replay(logged, outputs_of(saved))
        assert replayed.is_equal, replayed.differences
        assert len(replayed.compared.items) + len(replayed.compared.not_offered) == len(
            saved.recommender.plans
        )


def test_the_answer_does_not_depend_on_the_subscribers_name(client, saved):
    request = saved.manifest.golden.requests[0]
    anonymous, named = (
        client.post("/predict", json=body).json() for body in (request, request | {"subscriber": "ann"})
    )
    assert anonymous.pop("recommendation_id") != named.pop("recommendation_id")
    assert anonymous == named


def test_each_answer_of_a_batch_is_logged(client, saved, url):
    requests = [request | {"subscriber": "ann"} for request in saved.manifest.golden.requests]
    listed = client.post("/predict/batch", json=requests).json()
    lines = "\n".join([*map(json.dumps, requests), "{}"])
    streamed = client.post(
        "/predict/batch", content=lines, headers={"content-type": "application/x-ndjson"}
    ).text.splitlines()
    for answer in [*listed, *map(json.loads, streamed[:-1])]:
        logged = find_decision(url, answer["recommendation_id"])
        assert json.loads(logged.answer) == answer
        assert replay(logged, outputs_of(saved)).is_equal
    assert len(logged_ids(url)) == 2 * len(requests), "a refused line has no answer to log"


@pytest.mark.parametrize("is_required", [True, False])
def test_a_broken_log_refuses_answers_only_if_it_is_required(history_run, tmp_path, monkeypatch, is_required):
    def full(store, rows):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "insert", full)
    saved = load_run(history_run)
    answer_log = AnswerLog.open(url_of(tmp_path / "d.sqlite"), tmp_path / "key", 100, is_required=is_required)
    request = saved.manifest.golden.requests[0]
    with TestClient(create_app(saved, answer_log)) as client:
        one = client.post("/predict", json=request)
        listed = client.post("/predict/batch", json=[request, request])
        lines = "\n".join([json.dumps(request)] * 2)
        streamed = client.post(
            "/predict/batch", content=lines, headers={"content-type": "application/x-ndjson"}
        )
    if not is_required:
        assert [one.status_code, listed.status_code, streamed.status_code] == [200] * 3
        assert answer_log.log.counts.failed == 5, "left in the queue when the server stopped"
        return
    assert [one.status_code, listed.status_code] == [503, 503]
    assert one.headers["content-type"] == "application/problem+json"
    assert one.json()["type"] == "urn:planrec:problem:not_logged"
    assert one.json()["detail"] == (
        "the answer is not sent, because it cannot be logged: cannot write the decision log"
    )
    assert [json.loads(line)["status"] for line in streamed.text.splitlines()] == [503, 503]


SERVER = """
import sys
from pathlib import Path
import uvicorn
from api.app import create_app
from api.decision_logging import AnswerLog
from planrec.runs.read import load_run
folder, url, key, required, descriptor = sys.argv[1:]
log = AnswerLog.open(url, Path(key), 10_000, is_required=required == "yes")
uvicorn.run(create_app(load_run(Path(folder)), log), fd=int(descriptor), log_level="warning")
"""


@pytest.mark.slow
def test_a_required_log_contains_all_answers_of_a_killed_server(history_run, url, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, descriptor = listener.getsockname()[1], listener.fileno()
        command = [sys.executable, "-c", SERVER, history_run, url, tmp_path / "key", "yes", str(descriptor)]
        server = subprocess.Popen(command, pass_fds=[descriptor], cwd=Path(__file__).parents[2])
    request = load_run(history_run).manifest.golden.requests[0]
    received = []
    try:
        # The socket is listening, so the first request waits for the server.
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while len(received) < 60:
                answer = client.post("/predict", json=request)
                assert answer.status_code == 200, answer.text
                received.append(answer.json()["recommendation_id"])
                if len(received) == 60:
                    os.kill(server.pid, signal.SIGKILL)
    finally:
        server.kill()
        server.wait()
    assert logged_ids(url) >= set(received)


def test_a_wrong_log_url_is_refused_before_the_server_starts(tmp_path):
    with pytest.raises(LogError, match="must be sqlite"):
        AnswerLog.open("nowhere", tmp_path / "key", 10, is_required=False)
