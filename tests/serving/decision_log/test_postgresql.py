"""The decision log on a real PostgreSQL server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest

from planrec.errors import LogError
from planrec.schema.request import json_of, read_request
from planrec.serving.decision_log import (
    Days,
    DecisionLog,
    Keys,
    LoggedDecision,
    count_advised,
    decisions_of,
    find_decision,
)
from planrec.serving.decision_log.audit_archive import check_archive, write_archive
from planrec.serving.decision_log.logged_answer import row_of
from planrec.serving.decision_log.removal import delete_subscriber, prune
from planrec.serving.decision_log.verification import verify
from tests.serving.decision_log.decisions import KEY, change, decision, log_rows, logged_ids
from tests.serving.decision_log.postgresql_server import PASSWORD, running_server

psycopg = pytest.importorskip("psycopg", reason="psycopg is missing: install planrec[postgresql]")


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


def test_postgresql_returns_the_logged_row(server):
    content = {"attributes": {"a": "Ñandú \0 \U0001f600", "b": -0.0, "c": 0.1, "d": None}}
    request = json_of(read_request(content), ["attributes"])
    log = DecisionLog(server.url, KEY, queue_size=10)
    asked = decision("same", request=request)
    log.write(asked).result(20)
    log.close()
    logged, expected = find_decision(server.url, "same"), row_of(asked, KEY)
    assert logged._replace(time="") == expected._replace(time="")


def test_an_outage_of_the_server_loses_no_queued_row(server, caplog, monkeypatch):
    monkeypatch.setattr("planrec.serving.decision_log.log_writer.LONGEST_PAUSE", 0.2)
    log = DecisionLog(server.url, KEY, queue_size=10_000)
    log.write(decision("before")).result(20)
    server.kill()
    assert log.record(decision("during"))
    while not log.counts.errors:
        pass
    with pytest.raises(LogError, match="cannot write"):
        log.write(decision("waited for")).result(20)
    server.start()
    assert log.record(decision("after"))
    log.close(20)
    assert {"before", "during", "after"} <= logged_ids(server.url)
    assert "waited for" not in logged_ids(server.url)
    assert (log.counts.written, log.counts.failed) == (3, 1)
    assert "rows are written again" in caplog.text
    assert PASSWORD not in caplog.text


def test_several_logs_open_a_new_database_at_once(server):
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP TABLE decisions, decision_events, decision_chain")
    logs = [DecisionLog(server.url, KEY, queue_size=500) for _ in range(4)]
    for number, log in enumerate(logs):
        for row in range(300):
            assert log.record(decision(f"{number}-{row}"))
    for log in logs:
        log.close(30)
    assert [log.counts.written for log in logs] == [300] * 4
    assert {f"{number}-{row}" for number in range(4) for row in range(300)} <= logged_ids(server.url)
    assert verify(server.url, {}).problems == [], "four writers make one chain"


def test_the_chain_search_and_removal_are_those_of_sqlite(server, tmp_path):
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP TABLE decisions, decision_events, decision_chain")
        names = ", ".join(f"{name} TEXT" for name in LoggedDecision._fields if name != "key_id")
        connection.execute(f"CREATE TABLE decisions ({names})")
        connection.execute("ALTER TABLE decisions ADD PRIMARY KEY (recommendation_id)")
        for name in ("propensity", "latency_ms"):
            statement = (
                f"ALTER TABLE decisions ALTER {name} TYPE double precision USING {name}::double precision"
            )
            connection.execute(statement)
        row = row_of(decision("old", subscriber="ana"), KEY)[:-1]
        connection.execute(f"INSERT INTO decisions VALUES ({', '.join(['%s'] * len(row))})", row)
    (tmp_path / "decisions.key").write_bytes(KEY)
    keys = Keys.read(tmp_path / "decisions.key")
    log_rows(server.url, *(decision(n, subscriber=name) for n, name in enumerate(("ana", "ben", "eva"))))
    assert [row.recommendation_id for row in decisions_of(server.url, "ana", keys)] == ["old", "0"]
    assert [row.answers for row in count_advised(server.url, Days())] == [4]
    found = verify(server.url, keys.ids)
    assert (found.problems, found.decisions, found.unchained, found.unreadable) == ([], 3, 1, 0)
    assert delete_subscriber(server.url, "ana", keys) == (2, 0)
    change(server.url, "UPDATE decisions SET arm = 'max' WHERE recommendation_id = '2'")
    assert verify(server.url, {}).problems == ["answer 2 at position 4 was changed"]
    sha256 = write_archive(server.url, Days(), tmp_path / "audit.zip", tmp_path / "pinned.json")
    assert len(sha256) == 64
    assert check_archive(tmp_path / "audit.zip")[1] == ["answer 2 at position 4 was changed"]
    assert prune(server.url, timedelta(0)) == 2
    assert verify(server.url, {}).problems == []


def test_a_removal_that_waits_for_the_chain_has_locked_no_row(server):
    log_rows(server.url, decision("locked"))
    waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(server.url) as writer:
        writer.execute("UPDATE decision_chain SET position = position")
        removal = pool.submit(prune, server.url, timedelta(0))
        deadline = monotonic() + 20
        while not writer.execute(waiting).fetchone()[0]:
            assert monotonic() < deadline
        writer.execute("SELECT 1 FROM decisions WHERE recommendation_id = 'locked' FOR UPDATE NOWAIT")
        writer.rollback()
        assert removal.result(20) >= 1


def test_a_wrong_password_is_not_shown(server, caplog):
    wrong = server.url.replace(PASSWORD, "geheim%20wort")
    with pytest.raises(LogError, match="cannot read") as caught:
        find_decision(wrong, "one")
    log = DecisionLog(wrong, KEY, queue_size=10)
    log.record(decision("one"))
    log.close(20)
    assert log.counts.failed == 1
    for text in (str(caught.value), caplog.text):
        assert "geheim" not in text
        assert "planrec" in text
