"""The middleware: request ids, log, metrics, API keys, headers, repeated requests."""

import asyncio
import json
import logging
import os
import re
import shutil
import weakref
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.answer_store import AnswerStore, State, StoredAnswer
from api.app import create_app
from api.decision_logging import AnswerLog
from api.logging_setup import JsonFormatter
from api.middleware import idempotency
from api.middleware.api_keys import hash_of, new_key
from api.pin_follower import PinFollower
from api.settings import Access, Limits, Settings
from planrec.errors import ConfigError
from planrec.runs.read import load_run
from planrec.serving.pin_run import pin_run
from tests.api.conftest import KEY


@pytest.fixture(scope="module")
def saved(history_run):
    return load_run(history_run)


@pytest.fixture
def body(saved):
    return json.loads(json.dumps(saved.manifest.golden.requests[0]))


@pytest.fixture
def lines(caplog):
    """Return a function that returns the lines of the log about requests."""
    caplog.set_level(logging.INFO)
    formatter = JsonFormatter()
    return lambda: [
        json.loads(formatter.format(record))
        for record in caplog.records
        if record.name == "planrec.api.request"
    ]


def test_a_request_is_one_json_line_in_the_log(client, body, lines, saved):
    answer = client.post("/predict?who=Ana", json=body, headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    (line,) = lines()
    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "planrec.api.request",
        "pid": os.getpid(),
        "message": "request",
        "request_id": "abc-1",
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "run_id": saved.run_id,
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere/Ana", 404), ("DELETE", "/predict", 405), ("POST", "/predict", 422)],
)
def test_problems_have_the_request_id_and_the_log_has_no_caller_text(client, lines, method, path, status):
    answer = client.request(method, path, json={"who": "Ana"} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == lines()[0]["request_id"]
    assert lines()[0]["status"] == status
    assert "Ana" not in json.dumps(lines())


@pytest.mark.parametrize("given", ["", "a b", 'x"}', "x" * 129, "<script>"])
def test_a_malformed_request_id_is_replaced(client, given):
    made = client.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_a_middleware_failure_is_a_problem_without_details(saved, body, lines):
    app = create_app(saved)

    def fail(name, request):
        raise RuntimeError("/secret/place")

    app.asgi_handler.app.app.store.begin = fail
    with TestClient(app) as client:
        answer = client.post("/predict", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert [line["status"] for line in lines() if "status" in line] == [500]


def samples(text):
    """Return the value of each series in a text for Prometheus."""
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_metrics_count_requests_by_route_and_recommendations_by_plan(saved, body):
    with TestClient(create_app(saved)) as client:
        answer = client.post("/predict", json=body).json()
        client.post("/predict", json={})
        client.get("/one"), client.get("/two"), client.request("BREW", "/predict")
        found = samples(client.get("/metrics").text)
    [first] = [item for item in answer["items"] if item["rank"] == 1]
    labels = {"run_id": saved.run_id, "decision": answer["decision"], "plan": first["plan_id"]}
    series = ",".join(f'{name}="{labels[name]}"' for name in sorted(labels))
    assert found[f"planrec_recommendations_total{{{series}}}"] == 1
    assert found['planrec_requests_total{method="POST",route="/predict",status="200"}'] == 1
    assert found['planrec_requests_total{method="POST",route="/predict",status="422"}'] == 1
    assert found['planrec_requests_total{method="GET",route="none",status="404"}'] == 2
    assert found['planrec_request_seconds_count{method="POST",route="/predict"}'] == 2
    assert [name for name in found if "BREW" in name] == []
    assert found["planrec_pin_refused"] == 0
    assert found["planrec_model_age_seconds"] > 0
    version = saved.manifest.versions["planrec"]
    assert found[f'planrec_run_info{{run_id="{saved.run_id}",version="{version}"}}'] == 1


def test_the_rows_of_the_decision_log_are_counted(saved, body, tmp_path):
    log = AnswerLog.open(f"sqlite:///{tmp_path / 'd.sqlite'}", tmp_path / "key", 10, is_required=True)
    app = create_app(saved, log)
    with TestClient(app) as client:
        client.post("/predict", json=body)
    found = samples(app.state.metrics.text(app.state.served, None).decode())
    assert found['planrec_decision_log_rows{outcome="written"}'] == 1
    assert found["planrec_decision_log_queue"] == 0
    assert found["planrec_decision_log_errors"] == 0


def test_two_apps_in_one_process_count_separately(saved):
    with TestClient(create_app(saved)) as one, TestClient(create_app(saved)) as other:
        one.get("/health")
        assert 'route="/health"' in one.get("/metrics").text
        assert 'route="/health"' not in other.get("/metrics").text


@pytest.mark.parametrize("path", ["/health", "/metrics", "/nowhere", "/schema/openapi.json"])
def test_every_response_has_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "planrec_wrong"},
        {"X-API-Key": hash_of(KEY.encode())},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer "},
    ],
)
@pytest.mark.parametrize("path", ["/run/schema", "/metrics", "/nowhere", "/health/x"])
def test_requests_without_a_key_get_401(locked, headers, path):
    answer = locked.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_a_key_is_accepted_in_either_header(locked, body, headers):
    for path in ("/predict", "/predict/preview"):
        assert locked.post(path, json=body, headers=headers).status_code == 200
        assert locked.post(path, json=body).status_code == 401


@pytest.mark.parametrize("path", ["/docs", "/", "/app/runs", "/app/campaign", "/app/operate"])
def test_pages_open_without_a_key_and_ask_for_one(locked, path):
    page = locked.get(path)
    assert page.status_code == 200
    for file in re.findall(r'"(/assets/[^"]+)"', page.text):
        assert locked.get(file).status_code == 200
    assert locked.get("/assets/none/shell.js").status_code == 401
    assert locked.get("/schema/openapi.json").status_code == 401


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_load_balancers_need_no_key(locked, path):
    assert locked.get(path).status_code == 200


def test_the_document_describes_keys_if_they_are_required(client, locked):
    told = locked.get("/schema/openapi.json", headers={"X-API-Key": KEY}).json()
    assert set(told["components"]["securitySchemes"]) == {"bearer", "api_key"}
    assert told["security"] == [{"bearer": []}, {"api_key": []}]
    assert told["paths"]["/health"]["get"]["security"] == []
    assert {"401", "409"} < set(told["paths"]["/predict"]["post"]["responses"])
    open_one = client.get("/schema/openapi.json").json()
    assert "security" not in open_one
    assert "securitySchemes" not in open_one["components"]
    for path in ("/predict", "/predict/batch"):
        names = [one["name"] for one in open_one["paths"][path]["post"]["parameters"]]
        assert names == ["Idempotency-Key", "X-Request-ID", "Accept-Language"]


def test_the_page_loads_from_this_server_only(client):
    policy = client.get("/docs").headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "://" not in policy


def test_a_batch_counts_each_answer_and_can_be_repeated(saved, body):
    with TestClient(create_app(saved)) as client:
        lines = f"{json.dumps(body)}\n" * 3
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "batch"}
        one, two = (client.post("/predict/batch", content=lines, headers=headers) for _ in range(2))
        found = samples(client.get("/metrics").text)
    assert (one.status_code, one.content) == (200, two.content)
    assert two.headers["idempotency-replayed"] == "true"
    assert (
        sum(value for name, value in found.items() if name.startswith("planrec_recommendations_total")) == 3
    )


@pytest.fixture
def follower(saved, tmp_path):
    """Return a follower of a pin in a folder of its own, and the state of an app that serves another run."""
    shutil.copytree(saved.folder, tmp_path / "outputs" / "run")
    pin_run(tmp_path / "outputs" / "run", tmp_path / "outputs")
    follower = PinFollower(tmp_path / "outputs", tmp_path, Limits())
    follower.load_first()
    return follower, create_app(saved).state


def test_a_bad_pin_is_tried_and_logged_once(follower, caplog):
    follower, state = follower
    (follower.outputs / "pinned.json").write_text("{}")
    served = state.served
    for _ in range(3):
        asyncio.run(follower.check(state))
    assert state.served is served
    assert "is not a pin" in state.pin_error
    assert state.refused_pin.run_json_sha256 == ""
    assert str(follower.outputs) not in state.pin_error
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_a_removed_pin_keeps_the_run_and_a_restored_one_clears_the_error(follower):
    follower, state = follower
    file = follower.outputs / "pinned.json"
    content = file.read_bytes()
    file.unlink()
    asyncio.run(follower.check(state))
    assert "no run is pinned" in state.pin_error
    file.write_bytes(content)
    asyncio.run(follower.check(state))
    assert state.pin_error is None
    assert state.served.saved.folder == follower.outputs / "run"


def test_an_unexpected_error_keeps_the_old_run_and_hides_details(follower, monkeypatch):
    follower, state = follower
    monkeypatch.setattr(follower, "_load", lambda: 1 / 0)
    os.utime(follower.outputs / "pinned.json", ns=(1, 1))
    asyncio.run(follower.check(state))
    assert state.pin_error == "the pinned run cannot be served; see the server's log"


def test_a_repeated_request_gets_the_stored_bytes(client, body, lines):
    headers = {"Idempotency-Key": "first"}
    one, two = (client.post("/predict", json=body, headers=headers) for _ in range(2))
    assert (one.status_code, one.content) == (two.status_code, two.content)
    assert "idempotency-replayed" not in one.headers
    assert two.headers["idempotency-replayed"] == "true"
    assert two.headers["content-type"] == one.headers["content-type"]
    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert [line["route"] for line in lines()] == ["/predict", "/predict"]


def test_an_idempotency_key_with_another_request_is_refused(client, body):
    client.post("/predict", json=body, headers={"Idempotency-Key": "other"})
    headers = {"Idempotency-Key": "other", "Accept-Language": "es"}
    answer = client.post("/predict", json=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["type"] == "urn:planrec:problem:key_reused"


def test_a_refused_request_can_be_corrected_under_the_same_key(client, body):
    headers = {"Idempotency-Key": "mended"}
    assert client.post("/predict", json={}, headers=headers).status_code == 422
    assert client.post("/predict", json=body, headers=headers).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256])
def test_a_malformed_idempotency_key_is_refused(client, body, key):
    answer = client.post("/predict", json=body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["type"] == "urn:planrec:problem:malformed_request"


def test_a_large_body_is_refused_with_an_idempotency_key_too(saved):
    with TestClient(create_app(saved, settings=Settings(limits=Limits(body_bytes=500)))) as client:
        for headers in ({}, {"Idempotency-Key": "long"}):
            assert client.post("/predict", json={"x": "y" * 1_000}, headers=headers).status_code == 413


def test_limits_too_low_for_an_ordinary_request_stop_the_start(saved):
    with pytest.raises(ConfigError, match="PLANREC_LIMITS refuse an ordinary request") as told:
        create_app(saved, settings=Settings(limits=Limits(body_bytes=50)))
    size = len(json.dumps(saved.manifest.golden.requests[0]))
    assert list(told.value.problems) == [f"it has {size:,} bytes"]


def test_limits_are_settings_and_appear_in_the_document(saved, body):
    limits = Limits(body_bytes=2_000, months=2, batch_bytes=6_000, batch_requests=2)
    month = body["months"][0]
    with TestClient(create_app(saved, settings=Settings(limits=limits))) as client:

        def status(path, content, kind="application/json"):
            return client.post(path, content=content, headers={"content-type": kind}).status_code

        good, ndjson = json.dumps(body), "application/x-ndjson"
        two, three = (
            json.dumps(body | {"months": [month | {"month": f"2018-0{number}"} for number in range(1, most)]})
            for most in (3, 4)
        )
        assert [status("/predict", text) for text in (two, three)] == [200, 422]
        assert [status("/predict", good.ljust(size)) for size in (2_000, 2_001)] == [200, 413]
        lists = (f"[{good}, {good}]", f"[{good}, {good}, {good}]")
        assert [status("/predict/batch", text) for text in lists] == [200, 422]
        assert [status("/predict/batch", f"{good}\n" * n, ndjson) for n in (2, 3)] == [200, 413]
        assert [status("/predict/batch", f"[{good}]".ljust(size)) for size in (6_000, 6_001)] == [200, 413]
        assert status("/predict/batch", f'["{"y" * 2_000}"]') == 413
        document = client.get("/schema/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["PredictRequest"]["properties"]["months"]["maxItems"] == 2
    many = document["paths"]["/predict/batch"]["post"]["requestBody"]["content"]
    assert many["application/json"]["schema"]["maxItems"] == 2
    assert "at most 2 lines and 6,000 bytes" in many[ndjson]["schema"]["description"]


def test_two_callers_may_use_the_same_idempotency_key(saved, body):
    other = new_key()
    hashes = (hash_of(KEY.encode()), hash_of(other.encode()))
    with TestClient(create_app(saved, settings=Settings(access=Access(key_hashes=hashes)))) as client:
        for key in (KEY, other):
            answer = client.post("/predict", json=body, headers={"X-API-Key": key, "Idempotency-Key": "same"})
            assert "idempotency-replayed" not in answer.headers


def test_an_answer_too_long_to_store_is_sent_and_not_replayed(client, body, monkeypatch):
    monkeypatch.setattr(idempotency, "MAX_ANSWER_BYTES", 10)
    headers = {"Idempotency-Key": "too-long"}
    for _ in range(2):
        answer = client.post("/predict", json=body, headers=headers)
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)


def test_a_stream_too_long_to_store_is_not_kept_in_memory(monkeypatch):
    monkeypatch.setattr(idempotency, "MAX_ANSWER_BYTES", 10)
    chunks = []

    class Chunk(bytearray):
        """Bytes with weak references."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(50):
            chunk = Chunk(b"xxx")
            chunks.append(weakref.ref(chunk))
            await send({"type": "http.response.body", "body": chunk, "more_body": number < 49})
            del chunk
        gathered.append(sum(chunk() is not None for chunk in chunks))

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    gathered = []
    scope = {"method": "POST", "path": "/predict/batch", "headers": [(b"idempotency-key", b"long")]}
    asyncio.run(idempotency.Idempotency(app, AnswerStore(None), 1_000)(scope, receive, send))
    assert gathered == [0]


ANSWER = StoredAnswer(200, ((b"content-type", b"text/plain"),), b"x" * 3_000, "/predict")


def test_another_process_sees_a_key_in_progress(tmp_path):
    one, other = AnswerStore(tmp_path / "a.sqlite3"), AnswerStore(tmp_path / "a.sqlite3")
    assert one.begin("k", "r") == (State.NEW, None)
    assert other.begin("k", "r") == (State.IN_PROGRESS, None)
    one.finish("k", ANSWER)
    assert other.begin("k", "r") == (State.ANSWERED, ANSWER)
    assert other.begin("k", "another") == (State.OTHER_REQUEST, None)
    one.close(), other.close()


def test_a_key_whose_answer_failed_is_free_again(tmp_path):
    store = AnswerStore(tmp_path / "a.sqlite3")
    store.begin("k", "r")
    store.finish("k", None)
    assert store.begin("k", "another") == (State.NEW, None)
    store.close()


@pytest.mark.parametrize(("name", "is_answered"), [("STORED_SECONDS", True), ("IN_PROGRESS_SECONDS", False)])
def test_keys_expire(monkeypatch, name, is_answered):
    monkeypatch.setattr(f"api.answer_store.{name}", -1)
    store = AnswerStore(None)
    store.begin("k", "r")
    if is_answered:
        store.finish("k", ANSWER)
    assert store.begin("k", "r")[0] is State.NEW
    store.close()


def test_the_store_stays_below_its_size_and_removes_the_oldest(tmp_path):
    store = AnswerStore(tmp_path / "a.sqlite3", max_pages=50)
    for number in range(200):
        assert store.begin(f"k{number}", "r")[0] is State.NEW
        store.finish(f"k{number}", ANSWER)
    assert (tmp_path / "a.sqlite3").stat().st_size <= 50 * 4096
    assert store.begin("k199", "r")[0] is State.ANSWERED
    assert store.begin("k0", "r")[0] is State.NEW
    store.close()


def test_no_response_contains_a_path_of_the_machine(client):
    for path in ("/health", "/run/schema", "/metrics", "/schema/openapi.json", "/nowhere"):
        assert str(Path.cwd()) not in client.get(path).text
