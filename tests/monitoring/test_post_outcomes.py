"""POST /outcomes: one or many, stored once, refused with the place of every mistake."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.decision_logging import AnswerLog
from api.settings import Limits, Settings
from planrec.cli import main
from planrec.monitoring.outcomes import advice_given
from planrec.monitoring.realised.realised_table import realised_table
from planrec.runs.find import find_run
from planrec.schema.columns import Usage
from planrec.schema.decision_rows import running_month
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import rows_of

SPANISH = {"accept-language": "es"}


@contextmanager
def served(world: World) -> Iterator[TestClient[Any]]:
    """Start an app on the log of a world."""
    log = AnswerLog.open(world.url, world.key_file, 100, is_required=True)
    limits = Limits(batch_requests=500)
    with TestClient(create_app(world.saved, log, Settings(outputs=world.outputs, limits=limits))) as client:
        yield client


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Any]]:
    with served(world) as client:
        yield client


def bodies(world: World, first: str, last: str) -> list[dict[str, Any]]:
    """Return the months of all subscribers as bodies."""
    return [
        {
            "subscriber": row["subscriber"],
            "month": row["month"],
            "plan_held": row["plan_held"],
            "usage": {name: float(row[name]) for name in Usage.ALL},
        }
        for row in world.between(first, last).to_dict("records")
    ]


def test_outcomes_are_on_the_disk_before_the_answer(world: World, client: TestClient[Any]) -> None:
    sent = bodies(world, "2018-07", "2018-11")
    assert client.post("/outcomes", json=sent).json() == {"new": 400, "repeated": 0, "not_stored": []}
    assert rows_of(world.url, "SELECT COUNT(*) FROM outcomes") == [(400,)]
    assert client.post("/outcomes", json=sent[0]).json() == {"new": 0, "repeated": 1, "not_stored": []}
    found = realised_table(world.url, world.outputs)
    assert (found.unjudged, found.n_differing) == ({}, 0)


def test_realised_follows_the_months_as_they_are_posted(
    each_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    judged, sent = [], 0
    with served(each_world) as client:
        for month in ("2018-07", "2018-08", "2018-09", "2018-10", "2018-11"):
            # Each request has the month before again, and the months come in any order.
            months = bodies(each_world, str(pd.Period(month, "M") - (1 if sent else 0)), month)
            answer = client.post("/outcomes", json=months[::-1]).json()
            assert answer == {"new": 80, "repeated": len(months) - 80, "not_stored": []}
            sent += 80
            words = ["realised", "--log", each_world.url, "--outputs", each_world.outputs, "--json"]
            main([str(word) for word in words])
            found = json.loads(capsys.readouterr().out)
            judged.append((found["newest_month"], found["judged"]))
    assert judged == [
        ("2018-07", 0),
        ("2018-08", 0),
        ("2018-09", 80),
        ("2018-10", 160),
        ("2018-11", 240),
    ]
    assert found["unjudged"] == {}
    regret = [v for v in found["metrics"] if (v["model"], v["metric"]) == ("advised", "regret")]
    assert [v["n_decisions"] for v in regret] == [240]
    assert rows_of(each_world.url, "SELECT COUNT(*) FROM outcomes") == [(400,)]


def test_outcomes_that_arrive_twice_at_once_are_stored_once(each_world: World) -> None:
    sent = bodies(each_world, "2018-07", "2018-08")
    with served(each_world) as one, served(each_world) as other, ThreadPoolExecutor(4) as pool:
        clients = [one, other, one, other]
        answers = [pool.submit(client.post, "/outcomes", json=sent) for client in clients]
        counts = [answer.result(60).json() for answer in answers]
    assert [each["new"] + each["repeated"] for each in counts] == [160] * 4
    assert sum(each["new"] for each in counts) == 160
    assert rows_of(each_world.url, "SELECT COUNT(*) FROM outcomes") == [(160,)]


def test_a_server_reads_the_run_that_advised_once(
    world: World, client: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = []

    def noted(outputs: Path, *run: str) -> Path:
        searched.append(run)
        return find_run(outputs, *run)

    monkeypatch.setattr(advice_given, "find_run", noted)
    for one in bodies(world, "2018-07", "2018-07")[:3]:
        assert client.post("/outcomes", json=one).json()["new"] == 1
    assert searched == [(world.saved.run_id, world.saved.sha256)]


def test_the_file_and_the_api_store_the_same(world: World, client: TestClient[Any]) -> None:
    assert world.outcomes(world.file(world.between("2018-07", "2018-07"))) == 0
    sent = bodies(world, "2018-07", "2018-07")
    assert client.post("/outcomes", json=sent).json() == {"new": 0, "repeated": 80, "not_stored": []}


def test_an_answer_of_the_api_gets_its_outcome(world: World, client: TestClient[Any]) -> None:
    request = dict(world.saved.manifest.golden.requests[0])
    name = client.post("/predict", json=request).json()["recommendation_id"]
    sent = {"recommendation_id": name, "event": "accepted"}
    assert client.post("/outcomes", json=sent).json()["new"] == 1
    changed = client.post(
        "/outcomes", json=[sent, sent | {"plan_held": "mini"}, {**sent, "recommendation_id": "x"}]
    )
    assert changed.json() == {
        "new": 0,
        "repeated": 1,
        "not_stored": [
            {"pointer": "/1", "reason": "conflict"},
            {"pointer": "/2", "reason": "no_advice"},
        ],
    }


BAD: list[tuple[object, str]] = [
    ({"recommendation_id": "x"}, ""),
    ({"event": "accepted"}, ""),
    ({"recommendation_id": "x", "event": "bill"}, "/event"),
    ({"recommendation_id": "x", "event": "left", "month": "2099-01"}, "/month"),
    ({"recommendation_id": "x", "event": "left", "month": "2018-13"}, "/month"),
    ({"recommendation_id": "x", "event": "left", "bill": "-1.00"}, "/bill"),
    ({"recommendation_id": "x", "event": "left", "shoe": 43}, "/shoe"),
    ({"recommendation_id": "x", "event": "left", "groups": {"age": 3}}, "/groups/age"),
    ({"recommendation_id": "", "event": "left", "usage": {"sms": -1}}, "/recommendation_id"),
    ([{"recommendation_id": "x", "event": "left"}, {"event": "left", "sms": 3}], "/1/sms"),
    ([], ""),
    (3, ""),
]


@pytest.mark.parametrize(("body", "pointer"), BAD)
def test_bad_values_are_refused_in_both_languages(
    client: TestClient[Any], body: object, pointer: str
) -> None:
    english, spanish = (client.post("/outcomes", json=body, headers=language) for language in ({}, SPANISH))
    assert (english.status_code, spanish.status_code) == (422, 422)
    assert english.json()["errors"][0]["pointer"] == pointer
    for before, after in zip(english.json()["errors"], spanish.json()["errors"], strict=True):
        assert before["detail"] != after["detail"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("{", 400),
        ('{"event": "left", "event": "left", "recommendation_id": "x"}', 400),
        (json.dumps({str(number): 1 for number in range(2_000)}), 422),
        (json.dumps([{"recommendation_id": "x", "event": "left"}] * 501), 422),
    ],
)
def test_other_bad_bodies_are_refused(client: TestClient[Any], content: str, status: int) -> None:
    answer = client.post("/outcomes", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status


def test_the_running_month_is_refused(client: TestClient[Any]) -> None:
    sent = {"recommendation_id": "x", "event": "left", "month": running_month()}
    assert "months must be over" in client.post("/outcomes", json=sent).json()["errors"][0]["detail"]


def test_a_server_without_a_log_says_so(world: World) -> None:
    with TestClient(create_app(world.saved)) as client:
        answer = client.post("/outcomes", json={"recommendation_id": "x", "event": "left"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "this server has no decision log")


def test_a_lost_log_is_reported_without_its_path(world: World, client: TestClient[Any]) -> None:
    (world.folder / "decisions.sqlite").write_bytes(b"no database" * 1_000)
    answer = client.post("/outcomes", json={"recommendation_id": "x", "event": "left"})
    assert answer.status_code == 503
    assert str(world.folder) not in answer.text


def test_the_document_describes_outcomes(client: TestClient[Any]) -> None:
    document = client.get("/schema/openapi-stable.json").json()
    post = document["paths"]["/outcomes"]["post"]
    one, many = post["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert one == many["items"] == {"$ref": "#/components/schemas/OutcomeBody"}
    assert set(document["components"]["schemas"]) >= {"OutcomeBody", "UsageBody", "StoredOutcomes"}
