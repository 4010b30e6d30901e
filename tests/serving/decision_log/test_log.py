"""The decision log in SQLite files, with real processes: rows counted as written are in the file."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from threading import Event
from types import SimpleNamespace
from urllib.parse import unquote
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parsing.request_model import request_from, request_model
from planrec.errors import LogError
from planrec.schema.columns import MAX_NUMBER, MAX_USAGE, InputColumn, InputSchema
from planrec.schema.request import fields_of, json_of, read_request
from planrec.serving.decision_log import DecisionLog, find_decision, read_or_create_key
from planrec.serving.decision_log import database as database_module
from planrec.serving.decision_log import store as store_module
from planrec.serving.decision_log.log_writer import ROWS_AT_ONCE
from planrec.serving.decision_log.logged_answer import row_of
from planrec.serving.decision_log.verification import verify
from tests.serving.decision_log.decisions import DECISION, KEY, decision, logged_ids, url_of


@pytest.fixture
def url(tmp_path):
    return url_of(tmp_path / "log" / "decisions.sqlite")


@pytest.fixture
def log(url):
    log = DecisionLog(url, KEY, queue_size=1_000)
    yield log
    log.close()


def process(url, name, *n_rows):
    command = [sys.executable, "-m", "tests.serving.decision_log.decisions", url, name, *map(str, n_rows)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_row_is_readable_when_its_future_is_done(log, url):
    log.write(decision("one")).result(10)
    assert find_decision(url, "one")[2:7] == row_of(decision("one"), KEY)[2:7]
    assert log.counts.written == 1


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="/proc is missing")
def test_the_writer_releases_the_memory_of_written_rows(url):
    # 120 cached statements with their rows would take 68 MiB, much more than SQLite's own cache.
    grown, _ = process(url, "grow").communicate(timeout=120)
    assert float(grown) < 20


def test_closing_writes_the_queued_rows(url):
    log = DecisionLog(url, KEY, queue_size=1_000)
    assert all(log.record(decision(number)) for number in range(600))
    log.close()
    assert logged_ids(url) == {str(number) for number in range(600)}
    assert (log.counts.written, log.counts.waiting) == (600, 0)
    assert not log.record(decision("late"))
    assert log.counts.dropped == 1


INPUTS = InputSchema(
    takes="months",
    window=6,
    usage=("voice_minutes", "sms"),
    asks_held=True,
    columns=(
        InputColumn(name="number", kind="number", becomes="number"),
        InputColumn(name="a/text", kind="text", becomes="a/text"),
        InputColumn(name="flag", kind="boolean", becomes="flag"),
        InputColumn(name="joined", kind="date", becomes="joined"),
    ),
)
TRAITS = SimpleNamespace(knows_population=False)
ASKED = SimpleNamespace(inputs=INPUTS, plans=("base", "max"), model=SimpleNamespace(traits=TRAITS))
"The attributes of a recommender that `request_model` reads."
AMOUNTS = st.floats(0, MAX_USAGE) | st.integers(0, int(MAX_USAGE))
REQUESTS = st.fixed_dictionaries(
    {
        "months": st.lists(
            st.fixed_dictionaries(
                {
                    "month": st.dates(date(1900, 1, 1), date(2020, 1, 1)).map(
                        lambda day: day.isoformat()[:7]
                    ),
                    "voice_minutes": AMOUNTS,
                    "sms": AMOUNTS,
                }
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda month: month["month"],
        ),
        "attributes": st.fixed_dictionaries(
            {
                "number": st.none() | st.floats(-MAX_NUMBER, MAX_NUMBER),
                "a/text": st.none() | st.text(max_size=50),
                "flag": st.none() | st.booleans(),
                "joined": st.none() | st.dates().map(str),
            }
        ),
        "plan_held": st.sampled_from(["base", "max", None]),
    }
)


@pytest.fixture(scope="module")
def shared_log(tmp_path_factory):
    url = url_of(tmp_path_factory.mktemp("log") / "decisions.sqlite")
    log = DecisionLog(url, KEY, queue_size=10)
    yield url, log
    log.close()


@given(asked=REQUESTS, subscriber=st.none() | st.text())
def test_accepted_requests_survive_the_log_bit_for_bit(asked, subscriber, shared_log):
    url, log = shared_log
    request = request_from(request_model(ASKED).model_validate_json(json.dumps(asked)))
    content = json_of(request, fields_of(INPUTS))
    name = str(uuid4())
    log.write(decision(name, request=content, subscriber=subscriber)).result(10)
    read = read_request(json.loads(find_decision(url, name).request))
    # repr distinguishes -0.0 from 0.0, and 1 from 1.0.
    assert repr(read) == repr(request)


def test_pseudonyms_depend_on_the_key(url, tmp_path):
    first, again, other = (row_of(decision("x", subscriber=name), KEY) for name in ("ann", "ann", "bob"))
    assert first.subscriber == again.subscriber != other.subscriber
    assert row_of(decision("x", subscriber="ann"), b"another key" * 4).subscriber != first.subscriber
    log = DecisionLog(url, KEY, queue_size=10)
    log.write(DECISION).result(10)
    log.close()
    on_disk = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir())
    assert DECISION.subscriber.encode() not in on_disk


def test_a_full_queue_drops_rows_without_waiting(url, monkeypatch):
    release = hold_writes(monkeypatch)
    log = DecisionLog(url, KEY, queue_size=5)
    assert [log.record(decision(number)) for number in range(7)] == [True] * 5 + [False] * 2
    with pytest.raises(LogError, match="queue of the decision log is full"):
        log.write(decision("waited for")).result(0)
    assert (log.counts.dropped, log.counts.waiting) == (3, 5)
    release.set()
    log.close()
    assert logged_ids(url) == {"0", "1", "2", "3", "4"}


def hold_writes(monkeypatch):
    """Let the writer's thread wait until the returned event is set."""
    release, insert = Event(), store_module.Store.insert

    def held(store, rows):
        release.wait(30)
        insert(store, rows)

    monkeypatch.setattr(store_module.Store, "insert", held)
    return release


def test_a_full_disk_loses_no_queued_row(url, monkeypatch, caplog):
    connect, pages = database_module._sqlite_connection, [40]

    def limited(file, mode):
        connection = connect(file, mode)
        connection.execute(f"PRAGMA max_page_count={pages[0]}")
        return connection

    monkeypatch.setattr(database_module, "_sqlite_connection", limited)
    monkeypatch.setattr("planrec.serving.decision_log.log_writer.LONGEST_PAUSE", 0.05)
    log = DecisionLog(url, KEY, queue_size=100_000)
    n_taken = 0
    while log.counts.errors < 3:
        n_taken += log.record(decision(n_taken))
    with pytest.raises(LogError, match="cannot write"):
        log.write(decision("waited for", answer=b"x" * 100_000)).result(10)
    pages[0] = 1_000_000
    log.write(decision("waited for")).result(10)
    log.close()
    assert logged_ids(url) == {str(number) for number in range(n_taken)} | {"waited for"}
    assert log.counts.written == n_taken + 1
    assert log.counts.failed == 1
    told = [record.message for record in caplog.records if "full" in record.message]
    assert len(told) == 1, "an outage is logged once"
    assert "decision log: rows are written again" in caplog.messages


def test_a_refused_row_is_counted_and_the_others_are_written(log, url):
    futures = [log.write(decision(f"{n}", arm=None if n == 3 else "stay")) for n in range(6)]
    with pytest.raises(LogError, match="refused the row"):
        futures[3].result(10)
    for future in (*futures[:3], *futures[4:]):
        future.result(10)
    assert logged_ids(url) == {"0", "1", "2", "4", "5"}
    assert log.counts.failed == 1


def test_an_unwritable_file_is_reported_at_the_start(tmp_path, caplog):
    (tmp_path / "file").touch()
    log = DecisionLog(url_of(tmp_path / "file" / "decisions.sqlite"), KEY, queue_size=10)
    with pytest.raises(LogError, match="cannot write"):
        log.write(decision("one")).result(10)
    log.record(decision("left over"))
    log.close()
    assert "cannot write, rows wait" in caplog.text
    assert (log.counts.failed, log.counts.waiting) == (2, 0)


@pytest.mark.parametrize("round_", range(3))
def test_rows_counted_as_written_survive_kill_9(url, round_):
    writers = [process(url, name) for name in ("a", "b")]
    counted = dict.fromkeys(("a", "b"), 0)
    try:
        for name, writer in zip(counted, writers, strict=True):
            while counted[name] < 2_000 * (round_ + 1):
                counted[name] = int(writer.stdout.readline())
    finally:
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
        # Lines that were printed before the signal.
        for name, writer in zip(counted, writers, strict=True):
            rest = [
                int(line) for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")
            ]
            counted[name] = max([counted[name], *rest])
    ids = logged_ids(url)
    for name, n_written in counted.items():
        # One thread writes them in order, so the counted ones are the first ones.
        assert ids >= {f"{name}-{number}" for number in range(n_written)}
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = verify(url, {})
    assert (found.problems, found.decisions) == ([], len(ids))


def test_several_processes_write_to_one_file_without_loss(url):
    writers = {name: process(url, name, 2_000) for name in ("a", "b", "c")}
    assert [writer.communicate()[0] for writer in writers.values()] == ["2000\n"] * 3
    assert logged_ids(url) == {f"{name}-{number}" for name in writers for number in range(2_000)}
    found = verify(url, {})
    assert (found.problems, found.end.position) == ([], 6_000)


def test_one_transaction_holds_many_rows(url, monkeypatch):
    sizes, release = [], hold_writes(monkeypatch)
    held = store_module.Store.insert
    monkeypatch.setattr(
        store_module.Store, "insert", lambda store, rows: (sizes.append(len(rows)), held(store, rows))
    )
    log = DecisionLog(url, KEY, queue_size=2 * ROWS_AT_ONCE)
    for number in range(2 * ROWS_AT_ONCE):
        log.record(decision(number))
    release.set()
    log.close()
    assert sizes == [0, ROWS_AT_ONCE, ROWS_AT_ONCE]


def test_a_key_is_created_once_and_only_its_owner_can_read_it(tmp_path):
    file = tmp_path / "secrets" / "decision_log.key"
    key = read_or_create_key(file)
    assert read_or_create_key(file) == key
    assert len(key) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["decision_log.key"]


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("secret\n")
    with pytest.raises(LogError, match="32 bytes or more, got 6"):
        read_or_create_key(tmp_path / "key")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("decisions.sqlite", "must be sqlite:///FILE"),
        ("sqlite://decisions.sqlite", "must be sqlite:///FILE"),
        ("mysql://planrec:hunter2@host/db", "got 'mysql'"),
        ("postgresql://planrec:hunter2@host:hunter2/db?hunter2=1", "PostgreSQL cannot parse"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_its_password(url, message):
    with pytest.raises(LogError, match=message) as caught:
        DecisionLog(url, KEY, queue_size=10)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://planrec:h%2Funter%32@host/db", "postgresql://planrec:***@host/db"),
        ("postgresql://planrec:h?unter2@host/db", "postgresql://planrec:***@host/db"),
        ("postgresql://planrec@host/db?password=hunter2", "postgresql://planrec@host/db?password=***"),
        ("postgresql://host/db?sslpassword=h%2funter2", "postgresql://host/db?sslpassword=***"),
        ("postgresql://u:hunter2@host/?password=h/unter2", "postgresql://u:***@host/?password=***"),
    ],
)
def test_no_message_shows_a_password_of_the_url(url, shown):
    for secret in ("hunter2", "h/unter2", "h?unter2"):
        if secret in unquote(url):
            said = database_module.Database(url).described(OSError(f"no access with {secret}"))
            assert said == f"{shown}: no access with ***"


def test_an_unknown_answer_and_a_missing_log_have_different_errors(log, url, tmp_path):
    log.write(decision("one")).result(10)
    with pytest.raises(LogError, match="no answer 'two' in"):
        find_decision(url, "two")
    with pytest.raises(LogError, match=r"cannot read the decision log .*: unable to open"):
        find_decision(url_of(tmp_path / "elsewhere.sqlite"), "one")
    assert not (tmp_path / "elsewhere.sqlite").exists()


@pytest.fixture(autouse=True)
def _logs_are_heard(caplog):
    caplog.set_level(logging.INFO, "planrec.decision_log")
