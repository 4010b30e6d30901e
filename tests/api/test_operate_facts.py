"""GET /operate: pin, counters, answers over time, drift, checks and harm."""

import json
import shutil
from datetime import UTC, datetime

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.decision_logging import AnswerLog
from api.operate.traffic import traffic_of
from api.prometheus import Sample
from api.settings import Settings
from planrec.runs.read import load_run
from planrec.serving.acting_user import acting_user
from planrec.serving.decision_log.search import advice_over_time
from planrec.serving.decision_log.session import session
from planrec.serving.pin_run import pin_run
from tests.serving.decision_log.decisions import url_of
from tests.trained_runs import edit_run

GATE = {"name": "errors", "verdict": "passed", "detail": "0 of 900 requests failed"}


@pytest.fixture
def folder(bill_run, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(bill_run, tmp_path / name)
        edit_run(
            tmp_path / name, lambda manifest, name=name: manifest.update(command=f"planrec train {name}")
        )
        pin_run(tmp_path / name, tmp_path, reason=f"try {name}")
    return tmp_path


@pytest.fixture
def client(folder):
    answer_log = AnswerLog.open(url_of(folder / "decisions.sqlite"), folder / "key", 1_000, is_required=True)
    with TestClient(create_app(load_run(folder / "two"), answer_log, Settings(outputs=folder))) as client:
        yield client


def test_a_server_that_has_done_nothing_yet(bill_run, tmp_path):
    with TestClient(create_app(load_run(bill_run), settings=Settings(outputs=tmp_path))) as client:
        found = client.get("/operate").json()
    empty = ("pinned", "pin_error", "rollback", "log", "over_time", "drift", "watch", "realised")
    assert [found[name] for name in empty] == [None] * len(empty)
    assert found["traffic"]["answers"] == {"recommend": 0, "stay": 0, "abstain": 0}
    assert found["traffic"]["p50_ms"] is None


def test_the_pin_the_run_and_the_way_back(client, folder):
    found = client.get("/operate").json()
    assert (found["pinned"]["run"], found["pinned"]["reason"]) == ("two", "try two")
    assert found["rollback"]["run"] == "one"
    assert found["rollback"]["command"] == "planrec pin --rollback"
    served = load_run(folder / "two")
    assert found["served"]["id"] == found["pinned"]["id"] == served.sha256
    assert found["served"]["catalogue"]["sha256"] == served.recommender.catalogue.sha256
    assert found["served"]["trained"] == served.manifest.finished
    assert 0 <= found["served"]["age_days"] < 1
    assert str(folder) not in json.dumps(found)


def test_the_person_who_pinned_is_named_only_if_a_key_is_required(client, monkeypatch):
    assert client.get("/operate").json()["pinned"]["pinned_by"] is None
    monkeypatch.setattr(client.app.state, "requires_key", True)
    assert client.get("/operate").json()["pinned"]["pinned_by"] == acting_user()


def test_answers_and_refusals_are_counted(client, folder):
    request = load_run(folder / "two").manifest.golden.requests[0]
    decisions = [client.post("/predict", json=request).json()["decision"] for _ in range(3)]
    client.post("/predict", json={})
    client.post("/predict/preview", json=request)
    client.post("/predict/preview", json={})
    found = client.get("/operate").json()
    assert found["traffic"]["requests"] == 4
    assert (found["traffic"]["refused"], found["traffic"]["errors"]) == (1, 0)
    assert found["traffic"]["answers"][decisions[0]] == decisions.count(decisions[0])
    assert 0 < found["traffic"]["p50_ms"] <= found["traffic"]["p99_ms"]
    assert (found["over_time"]["period"], found["over_time"]["total"]) == ("day", 3)
    [day] = found["over_time"]["periods"]
    assert (day["time"], day[decisions[0]]) == (str(datetime.now(UTC).date()), 3)
    assert found["log"]["dropped"] == 0
    hours = client.get("/operate?days=1").json()["over_time"]
    assert (hours["period"], len(hours["periods"][0]["time"])) == ("hour", 13)
    assert client.get("/operate?days=91").status_code == 400


def test_only_the_newest_answers_of_a_large_log_are_counted(client, folder):
    request = load_run(folder / "two").manifest.golden.requests[0]
    for _ in range(3):
        client.post("/predict", json=request)
    url = url_of(folder / "decisions.sqlite")
    with session(url, "write") as connection:
        connection.execute("UPDATE decisions SET time = '2020-01-01T00:00:00' WHERE rowid = 1")
    counts, total = advice_over_time(url, "2019", 10, most=2)
    assert (total, sum(count.answers for count in counts)) == (3, 2)
    assert "2020-01-01" not in [count.period for count in counts]


def test_drift_checks_and_harm_come_from_their_files(client, folder):
    sha256 = load_run(folder / "two").sha256
    harm = {"metric": "harm_rate", "value": 0.07, "low": 0.06, "high": None}
    files = {
        "drift.json": {
            "run_json_sha256": sha256,
            "day": "2030-01-31",
            "alarm": True,
            "alarms": ["sms"],
            "reference_days": {"found": 3, "needed": 14},
            "evidence": {"all": 1200.5, "threshold": 1000, "streams": {"a": 1.0, "sms": 4800.0}},
        },
        "watch.json": {
            "checked_at": "2030-01-31T00:00:00+00:00",
            "run_json_sha256": "0" * 64,
            "verdict": "passed",
            "gates": [GATE],
        },
        "realised.json": {
            "newest_month": "2030-01",
            "judged": 90,
            "unjudged": {"not_over": 5},
            "currency": "USD",
            "of_runs": {
                sha256: [harm | {"group": None}, harm | {"group": "a"}],
                "0" * 64: [harm | {"group": None, "value": 0.5}],
            },
        },
    }
    (folder / "monitoring").mkdir()
    for name, content in files.items():
        (folder / "monitoring" / name).write_text(json.dumps(content))
    found = client.get("/operate").json()
    assert (found["drift"]["alarms"], found["drift"]["is_of_served_run"]) == (["sms"], True)
    assert list(found["drift"]["streams"]) == ["sms", "a"]
    assert found["drift"]["reference_days"] == [3, 14]
    assert (found["watch"]["gates"], found["watch"]["is_of_served_run"]) == ([GATE], False)
    assert found["realised"]["metrics"] == [harm]
    assert (found["realised"]["judged"], found["realised"]["waiting"]) == (90, 5)
    (folder / "monitoring" / "drift.json").write_text("{")
    broken = client.get("/operate").json()
    assert (broken["drift"], broken["broken_files"]) == (None, ["drift.json"])


def test_errors_of_all_requests_count_and_those_of_a_server_that_is_not_ready_do_not():
    labels = [("GET", "/decisions"), ("POST", "/predict"), ("POST", "/predict/preview"), ("GET", "/ready")]
    found = traffic_of(
        Sample("planrec_requests_total", {"method": method, "route": route, "status": "503"}, 1.0)
        for method, route in labels
    )
    assert (found.requests, found.refused, found.errors) == (1, 0, 3)
