"""The hash chain: changes are found, removed rows leave stubs, and logs of earlier versions are migrated."""

import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from planrec.errors import LogError
from planrec.serving.decision_log import (
    Days,
    DecisionLog,
    Keys,
    count_advised,
    decisions_of,
    find_decision,
    record_event,
)
from planrec.serving.decision_log.chain import LoggedEvent, chained, digest
from planrec.serving.decision_log.database import Connection
from planrec.serving.decision_log.log_tables import EVENT_COLUMNS
from planrec.serving.decision_log.logged_answer import LoggedDecision, row_of
from planrec.serving.decision_log.pseudonym import key_id
from planrec.serving.decision_log.removal import delete_subscriber, prune
from planrec.serving.decision_log.store import Store
from planrec.serving.decision_log.verification import verify
from tests.serving.decision_log.decisions import KEY, change, decision, log_rows, logged_ids, rows_of, url_of

NAMES = ("ana", "ben", "ana", "eva", "ben", "ana")


@pytest.fixture
def url(tmp_path):
    return url_of(tmp_path / "decisions.sqlite")


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "decisions.key").write_bytes(KEY)
    return Keys.read(tmp_path / "decisions.key")


@pytest.fixture(params=["new", "of 0.2"])
def written(request, url):
    """Return the URL of a log with six answers and an event between them."""
    if request.param == "of 0.2":
        create_old(url)
    log_rows(url, *(decision(number, subscriber=name) for number, name in enumerate(NAMES[:3])))
    record_event(url, "pin", {"run": "one", "reason": "prices"})
    log_rows(url, *(decision(number, subscriber=name) for number, name in enumerate(NAMES[3:], start=3)))
    return url


REFUSED = (
    "UPDATE decisions SET position = NULL WHERE position = 2",
    "UPDATE decisions SET position = 3 WHERE position = 2",
)
"Changes that SQLite itself refuses, unless PlanRec 0.2 made the table."


def problems(url):
    return list(verify(url, {}).problems)


def test_an_unchanged_log_is_verified(written):
    found = verify(written, {key_id(KEY): KEY})
    assert (found.decisions, found.events, found.removed, found.unchained, found.unreadable) == (
        6,
        1,
        0,
        0,
        0,
    )
    assert found.problems == []
    assert found.end.position == 7


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE decisions SET answer = '{}' WHERE recommendation_id = '1'",
            "answer 1 at position 2 was changed",
        ),
        (
            "UPDATE decisions SET latency_ms = 2 WHERE recommendation_id = '5'",
            "answer 5 at position 7 was changed",
        ),
        ("UPDATE decisions SET subscriber = NULL WHERE recommendation_id = '1'", "answer 1 at position 2"),
        ("UPDATE decision_events SET content = '{}'", "event pin at position 4 was changed"),
        ("UPDATE decision_events SET content = 'x'", "event pin at position 4 was changed"),
        ("UPDATE decision_events SET content = '[]'", "event pin at position 4 was changed"),
        (
            """UPDATE decision_events SET content = '{"removed":[[5,4,"a"]]}'""",
            "event pin at position 4 was changed",
        ),
        (
            "UPDATE decisions SET position = 0 WHERE position = 2",
            "answer 1 has position 0, outside 1 to 7",
        ),
        (
            f"UPDATE decisions SET position = {2**62 + 1} WHERE position = 2",
            f"answer 1 has position {2**62 + 1}, outside 1 to 7",
        ),
        ("UPDATE decision_events SET position = 'x'", "event pin has position x, outside 1 to 7"),
        (
            "DELETE FROM decisions WHERE recommendation_id = '1'",
            "positions 2 to 2 are missing without a stub",
        ),
        ("DELETE FROM decisions WHERE position = 1", "positions 1 to 1 are missing without a stub"),
        ("DELETE FROM decisions WHERE position > 5", "positions 6 to 7 are missing at the end"),
        ("DELETE FROM decision_events", "positions 4 to 4 are missing without a stub"),
        (
            "UPDATE decisions SET position = NULL WHERE position = 2",
            "1 row without a chain value, 0 when",
        ),
        ("UPDATE decisions SET position = 3 WHERE position = 2", "has position 3, which another entry has"),
        ("UPDATE decision_chain SET position = 8", "positions 8 to 8 are missing at the end"),
        ("UPDATE decision_chain SET chain = 'a'", "the chain must end at position 7 with a"),
    ],
)
def test_every_change_behind_the_log_is_found(written, statement, message):
    try:
        change(written, statement)
    except sqlite3.IntegrityError:
        assert statement in REFUSED
        return
    assert any(message in problem for problem in problems(written)), problems(written)


def test_a_content_that_is_unreadable_is_reported_with_a_chain_that_fits(written):
    (row,) = rows_of(written, f"SELECT {EVENT_COLUMNS} FROM decision_events")
    (before,) = rows_of(written, "SELECT chain FROM decisions WHERE position = 3")
    forged = LoggedEvent._make(row)._replace(content="[]")
    (chain,) = chained(before[0], [digest(forged)])
    change(written, f"UPDATE decision_events SET content = '[]', chain = '{chain}'")
    assert "event pin at position 4 was changed" in problems(written)


def test_an_inserted_row_before_the_chain_is_found(written):
    columns = ", ".join(LoggedDecision._fields[1:])
    change(
        written, f"INSERT INTO decisions SELECT 'false', {columns}, 0, 'a' FROM decisions WHERE position = 2"
    )
    assert problems(written) == ["answer false has position 0, outside 1 to 7"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE decision_chain", "its table decision_chain is missing"),
        ("DELETE FROM decision_chain", "decision_chain must have one row"),
    ],
)
def test_a_log_whose_end_is_missing_gets_no_new_chain(written, statement, message):
    change(written, statement)
    change(written, "DELETE FROM decision_events")
    with suppress(sqlite3.IntegrityError):  # unless PlanRec 0.2 made the table
        change(written, "UPDATE decisions SET position = NULL")
    with pytest.raises(LogError, match=message):
        verify(written, {})


def test_only_the_changed_row_is_named(written):
    change(written, "UPDATE decisions SET arm = 'mini' WHERE recommendation_id = '1'")
    assert problems(written) == ["answer 1 at position 2 was changed"]


def test_two_rows_that_swap_their_places_are_found(written):
    change(written, "UPDATE decisions SET position = -position WHERE position IN (2, 7)")
    change(written, "UPDATE decisions SET position = 9 + position WHERE position < 0")
    assert len(problems(written)) >= 2


def test_a_deleted_subscriber_leaves_a_stub(written, keys):
    assert delete_subscriber(written, "ana", keys) == (3, 0)
    assert logged_ids(written) == {"1", "3", "4"}
    found = verify(written, keys.ids)
    assert (found.problems, found.removed, found.decisions) == ([], 3, 3)
    with pytest.raises(LogError, match="no answer to 'ana'"):
        decisions_of(written, "ana", keys)
    with pytest.raises(LogError, match="no answer '0'"):
        find_decision(written, "0")
    (event,) = rows_of(written, "SELECT content FROM decision_events WHERE event = 'delete'")
    assert '"rows":3' in event[0]
    assert "ana" not in event[0]
    assert keys.pseudonyms("ana")[0] not in event[0]
    change(written, "UPDATE decision_events SET content = replace(content, '[1,1,', '[1,2,')")
    assert problems(written) != []


def test_deleted_rows_are_overwritten_on_the_disk(url, keys, tmp_path):
    secret = b'{"attributes":{"note":"only in this row"}}'
    log_rows(url, decision("kept", subscriber="ben"), decision("gone", subscriber="ana", request=secret))
    delete_subscriber(url, "ana", keys)
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("decisions.sqlite*"))
    assert b"only in this row" not in on_disk


def test_old_rows_are_pruned_and_the_rest_verifies(written, keys):
    delete_subscriber(written, "ben", keys)
    assert prune(written, timedelta(days=365)) == 0
    change(written, "UPDATE decisions SET time = '2020' || substr(time, 5) WHERE position < 4")
    assert prune(written, timedelta(days=365)) == 2
    found = verify(written, keys.ids)
    assert (found.problems, found.removed) == ([], 4)
    log_rows(written, decision("new"))
    assert problems(written) == []
    change(written, "DELETE FROM decisions WHERE recommendation_id = '5'")
    assert problems(written) == ["positions 7 to 7 are missing without a stub"]


def test_rows_are_found_by_subscriber_and_day_under_every_key(written, keys):
    keys.rotate()
    rotated = Keys.read(keys.file)
    assert rotated.earlier == (KEY,)
    assert rotated.current != KEY
    log_rows(written, decision("new", subscriber="ana"), key=rotated.current)
    assert [row.recommendation_id for row in decisions_of(written, "ana", rotated)] == ["0", "2", "5", "new"]
    with pytest.raises(LogError, match=r"no answer to 'ana' on 2020-01-01"):
        decisions_of(written, "ana", rotated, Days(*[Days.first.replace(year=2020)] * 2))
    keys.file.with_name("decisions.key.1").unlink()
    alone = Keys.read(keys.file)
    assert [row.recommendation_id for row in decisions_of(written, "ana", alone)] == ["new"]
    assert verify(written, alone.ids).unreadable == 6
    assert delete_subscriber(written, "eva", alone) == (0, 6)
    (event,) = rows_of(written, "SELECT content FROM decision_events WHERE event = 'delete'")
    assert '"rows":0' in event[0]
    with pytest.raises(LogError, match=r"no answer to 'ben' .*; the key of 6 row\(s\) is missing"):
        decisions_of(written, "ben", alone)
    assert keys.file.stat().st_mode & 0o777 == 0o600


def test_a_search_reads_the_index_of_its_days_only(written):
    query = (
        "SELECT * FROM decisions WHERE subscriber IN ('a', 'b') AND time >= '1' AND time < '2' ORDER BY time"
    )
    (plan,) = rows_of(written, f"EXPLAIN QUERY PLAN {query}")
    assert plan[-1] == "SEARCH decisions USING INDEX decisions_subscriber (time>? AND time<?)"


def test_rows_are_counted_by_key_in_an_index(written):
    query = "SELECT key_id, COUNT(*) FROM decisions WHERE key_id IS NOT NULL GROUP BY key_id"
    plan, *_ = rows_of(written, f"EXPLAIN QUERY PLAN {query}")
    assert "USING COVERING INDEX decisions_subscriber" in plan[-1]


def test_a_removal_locks_nothing_while_it_searches(written, keys, monkeypatch):
    done = []
    monkeypatch.setattr(Connection, "begin_alone", lambda connection: done.append("alone"))
    execute = Connection.execute

    def noted(connection, statement, values=()):
        done.append(statement.split()[0])
        return execute(connection, statement, values)

    monkeypatch.setattr(Connection, "execute", noted)
    delete_subscriber(written, "ana", keys)
    first = done.index("alone")
    assert done[first : first + 3] == ["alone", "UPDATE", "DELETE"], "the chain is locked before the rows"
    assert "UPDATE" not in done[:first]


def test_every_reading_is_an_event(written, keys):
    find_decision(written, "1")
    decisions_of(written, "ana", keys, event="export")
    count_advised(written, Days())
    events = rows_of(written, "SELECT event, actor, content FROM decision_events ORDER BY position")
    assert [event for event, *_ in events] == ["pin", "replay", "export", "count"]
    assert all("@" in actor for _, actor, _ in events)
    assert "ana" not in "".join(content for *_, content in events)
    assert problems(written) == []


def test_answers_are_counted_by_run_version_and_action(written):
    log_rows(written, decision("other", subscriber="ana", arm="max"))
    counts = count_advised(written, Days())
    assert [(row.arm, row.answers, row.subscribers) for row in counts] == [("max", 1, 1), ("stay", 6, 3)]


def test_a_row_that_is_written_again_is_skipped_and_keeps_the_chain(url):
    store, rows = Store(url), [row_of(decision(number), KEY) for number in range(5)]
    store.insert(rows[:3])
    store.insert(rows[:3])
    store.insert([*rows, rows[4]])
    store.close()
    assert logged_ids(url) == {"0", "1", "2", "3", "4"}
    assert problems(url) == []
    assert rows_of(url, "SELECT position FROM decision_chain") == [(5,)]


def test_several_writers_make_one_chain(url):
    logs = [DecisionLog(url, KEY, queue_size=1_000) for _ in range(3)]
    for row in range(200):
        for number, log in enumerate(logs):
            assert log.record(decision(f"{number}-{row}"))
    for log in logs:
        log.close(30)
    found = verify(url, {})
    assert (found.problems, found.decisions) == ([], 600)


OLD_COLUMNS = [name for name in LoggedDecision._fields if name != "key_id"]


def create_old(url, names=()):
    """Create a log as PlanRec 0.2 did, which every local user can read."""
    file = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        types = {"propensity": "DOUBLE PRECISION NOT NULL", "latency_ms": "DOUBLE PRECISION NOT NULL"}
        columns = [f"{name} {types.get(name, 'TEXT')}" for name in OLD_COLUMNS]
        columns[0] += " PRIMARY KEY"
        connection.execute(f"CREATE TABLE decisions ({', '.join(columns)})")
        connection.execute("CREATE INDEX decisions_time ON decisions (time)")
        for name in names:
            row = row_of(decision(name, subscriber="ana"), KEY)[:-1]
            connection.execute(f"INSERT INTO decisions VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
    file.chmod(0o644)


@pytest.fixture
def old(url):
    """Return a log of PlanRec 0.2 with two rows."""
    create_old(url, ["old-1", "old-2"])
    return url


def test_a_log_of_an_earlier_version_is_migrated_in_place(old, keys):
    log_rows(old, decision("new", subscriber="ana"))
    assert [row.recommendation_id for row in decisions_of(old, "ana", keys)] == ["old-1", "old-2", "new"]
    found = verify(old, keys.ids)
    assert (found.decisions, found.unchained, found.unreadable, found.problems) == (1, 2, 0, [])
    assert find_decision(old, "old-1").key_id is None
    assert delete_subscriber(old, "ana", keys) == (3, 0)
    assert (problems(old), verify(old, {}).unchained) == ([], 0)


@pytest.mark.parametrize("is_rotated", [True, False])
def test_rows_of_an_earlier_version_are_unreadable_without_their_key(old, keys, is_rotated):
    keys.rotate()
    rotated = Keys.read(keys.file)
    if is_rotated:
        record_event(old, "rotate_key", {"keys": list(rotated.ids)})
    else:
        log_rows(old, decision("new", subscriber="ana"))
    assert verify(old, rotated.ids).unreadable == 0
    assert verify(old, {key_id(rotated.current): rotated.current}).unreadable == (2 if is_rotated else 3)


def test_a_row_that_is_slipped_in_without_a_chain_is_found(old):
    log_rows(old, decision("new"))
    change(
        old,
        "INSERT INTO decisions SELECT 'false'"
        + "".join(f", {name}" for name in OLD_COLUMNS[1:])
        + ", key_id, NULL, NULL FROM decisions WHERE recommendation_id = 'old-1'",
    )
    assert any("3 rows without a chain value, 2 when" in problem for problem in problems(old))


def as_earlier_build(url):
    """Take the column `trace_id` from a log, as a build without it would have made the table."""
    change(url, "ALTER TABLE decisions DROP COLUMN trace_id")


def test_a_log_of_an_earlier_build_gets_its_columns_and_verifies(url, keys):
    row = row_of(decision("first", subscriber="ana"), KEY)
    assert digest(row) == digest(row[:-1]), "as the earlier build hashed it"
    assert digest(row._replace(trace_id="a")) != digest(row)
    log_rows(url, decision("first", subscriber="ana"), decision("none", subscriber=None))
    as_earlier_build(url)
    log_rows(url, decision("new", subscriber="ana", trace_id="a" * 32))
    assert problems(url) == []
    assert [row.trace_id for row in decisions_of(url, "ana", keys)] == [None, "a" * 32]
    change(url, "UPDATE decisions SET trace_id = 'b' WHERE recommendation_id = 'first'")
    assert problems(url) == ["answer first at position 1 was changed"]


def test_a_log_of_an_earlier_build_is_migrated_by_a_reader_too(url):
    log_rows(url, decision("first"))
    as_earlier_build(url)
    assert find_decision(url, "first").trace_id is None


def test_an_old_log_is_migrated_by_a_reader_too(old):
    assert find_decision(old, "old-2").arm == "stay"
    assert problems(old) == []


def test_only_the_owner_can_read_the_files_of_a_log(old, tmp_path):
    for url in (old, url_of(tmp_path / "new.sqlite")):
        log = DecisionLog(url, KEY, queue_size=10)
        log.write(decision("one")).result(10)
        files = list(tmp_path.glob(f"{url.rpartition('/')[2]}*"))
        assert len(files) == 3, "the log, its write-ahead log and the index of that"
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        log.close()
