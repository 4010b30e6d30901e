"""`planrec outcomes`: what is stored, what is not, and why."""

import json
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planrec.cli import main
from planrec.errors import LogError
from planrec.monitoring.outcomes import (
    AdvisingRuns,
    Content,
    Outcome,
    StoredOutcome,
    receive,
    stored_outcomes,
)
from planrec.monitoring.outcomes.outcome import NO_MONTH, Event
from planrec.schema.request import Month
from planrec.serving.decision_log import Keys, record_event
from planrec.serving.decision_log.database import Connection, Cursor
from planrec.serving.decision_log.removal import delete_subscriber, prune
from planrec.serving.decision_log.session import session
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import DECISION, KEY, change, decision, log_rows, rows_of, url_of


def stored(world: World) -> list[StoredOutcome]:
    with session(world.url, "read") as connection:
        return list(stored_outcomes(connection))


def result_of(world: World, file: Path) -> dict[str, object]:
    world.outcomes(file, "--json", world.folder / "result.json")
    found: dict[str, object] = json.loads((world.folder / "result.json").read_text("utf-8"))
    return found


def ids_of(world: World, month: str) -> pd.Series:
    """Return recommendation ids by subscriber of the advice after a month."""
    advice = pd.read_csv(world.folder / f"{month}.csv", dtype=str)
    return advice.set_index("subscriber_ref")["recommendation_id"]


def messages(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def events(world: World, *rows: Sequence[str], columns: str = "recommendation_id,event,month") -> Path:
    return world.file(pd.DataFrame(rows, columns=columns.split(",")), "events.csv")


def test_a_month_belongs_to_the_latest_advice_that_it_judges(each_world: World) -> None:
    assert each_world.outcomes(each_world.file(each_world.between("2018-07", "2018-08"))) == 0
    of = {month: set(ids_of(each_world, month)) for month in ("2018-06", "2018-07", "2018-08")}
    found = stored(each_world)
    assert len(found) == 160
    assert {each.recommendation_id for each in found if each.month == "2018-07"} == of["2018-06"]
    assert {each.recommendation_id for each in found if each.month == "2018-08"} == of["2018-07"]
    assert not any(str(name) in repr(found) for name in ("s0", "subscriber"))


def test_repeated_rows_are_skipped_and_others_are_listed(
    each_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = each_world.between("2018-07", "2018-07")
    assert result_of(each_world, each_world.file(pd.concat([rows, rows.head(3)])))["new"] == 80
    changed = rows.assign(sms=rows["sms"].where(rows.index != rows.index[1], 999.0))
    again = result_of(each_world, each_world.file(changed))
    assert again == {
        "schema": "planrec.outcomes/1",
        "new": 0,
        "repeated": 79,
        "not_stored": [{"place": "line 3", "reason": "conflict"}],
    }
    assert (
        "1 not stored: the same event of the same month is stored with another content"
        in capsys.readouterr().out
    )
    assert not any(each.content.usage and each.content.usage.sms == 999.0 for each in stored(each_world))


def test_rows_without_advice_are_counted_and_listed(each_world: World) -> None:
    name = ids_of(each_world, "2018-06").iloc[0]
    file = events(
        each_world,
        (name, "accepted", "2018-09"),
        (name, "left", ""),
        ("unknown", "declined", ""),
        (name, "", "2018-12"),
        columns="recommendation_id,event,month",
    )
    rows = pd.read_csv(file, dtype=str).assign(voice_calls="1", voice_minutes="1", sms="1", data_mib="1")
    found = result_of(each_world, each_world.file(rows))
    assert (found["new"], found["not_stored"]) == (
        2,
        [{"place": "line 4", "reason": "no_advice"}, {"place": "line 5", "reason": "other_months"}],
    )
    assert [(each.event, each.month) for each in stored(each_world)] == [
        ("accepted", "2018-09"),
        ("left", ""),
    ]


def test_a_subscriber_is_found_under_all_keys(each_world: World) -> None:
    Keys.read(each_world.key_file).rotate()
    record_event(each_world.url, "rotate_key", {"keys": list(Keys.read(each_world.key_file).ids)})
    each_world.score("2018-09")
    found = result_of(each_world, each_world.file(each_world.between("2018-10", "2018-10")))
    assert (found["new"], found["repeated"], found["not_stored"]) == (80, 0, [])
    # One row for each pseudonym: otherwise the advice before the rotation would miss the month.
    owners = {each.recommendation_id for each in stored(each_world)}
    assert owners == {*ids_of(each_world, "2018-08"), *ids_of(each_world, "2018-09")}


@pytest.mark.parametrize("event", ["accepted", "declined", "left"])
def test_an_event_of_a_subscriber_needs_its_month(
    world: World, event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("1", event, ""), ("2", event, "2018-08"), ("3", event, "2018-06")]
    file = events(world, *rows, columns="subscriber,event,month")
    assert world.outcomes(file) == 0
    assert [(each.recommendation_id, each.month) for each in stored(world)] == [
        (ids_of(world, "2018-07")["2"], "2018-08")
    ]
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 not stored: accepted, declined and left need the month" in shown
    assert "such as 2026-03, or a recommendation_id" in shown
    assert "1 not stored: the month is not one that judges the advice: it was before the decision" in shown


@pytest.mark.parametrize(("event", "owner"), [("accepted", "offer"), ("declined", "offer"), ("left", "then")])
def test_an_answer_after_the_offer_is_not_the_one_that_was_accepted(
    tmp_path: Path, event: Event, owner: str
) -> None:
    url, key_file = url_of(tmp_path / "decisions.sqlite"), tmp_path / "key"
    key_file.write_bytes(KEY)
    given = {"old": ("2026-02-01", "recommend"), "offer": ("2026-03-01", "recommend")}
    given |= {"then": ("2026-03-20", "stay")}
    for name, (as_of, code) in given.items():
        log_rows(url, decision(name, answer=json.dumps({"as_of": as_of, "decision": code}).encode()))
    sent = Outcome("/0", None, DECISION.subscriber, event, "2026-03", Content())
    for n_new in (1, 0):
        assert receive(url, AdvisingRuns(tmp_path), key_file, [sent]).n_new == n_new
    with session(url, "read") as connection:
        assert [each.recommendation_id for each in stored_outcomes(connection)] == [owner]


def test_outcomes_that_are_sent_again_after_later_advice_are_repeated(each_world: World) -> None:
    rows = each_world.between("2018-07", "2018-07")
    accepted = events(each_world, ("1", "accepted", "2018-07"), columns="subscriber,event,month")
    assert [result_of(each_world, file)["new"] for file in (each_world.file(rows), accepted)] == [80, 1]
    before, earlier = stored(each_world), {each.recommendation_id for each in stored(each_world)}
    assert set(each_world.score("2018-06", since="2018-02")["recommendation_id"]).isdisjoint(earlier)
    for file, number in ((each_world.file(rows), 80), (accepted, 1)):
        found = result_of(each_world, file)
        assert (found["new"], found["repeated"], found["not_stored"]) == (0, number, [])
    assert stored(each_world) == before


def test_a_corrected_month_is_a_conflict_also_after_later_advice(each_world: World) -> None:
    rows = each_world.between("2018-07", "2018-07")
    assert each_world.outcomes(each_world.file(rows)) == 0
    before, earlier = stored(each_world), {each.recommendation_id for each in stored(each_world)}
    assert set(each_world.score("2018-06", since="2018-02")["recommendation_id"]).isdisjoint(earlier)
    corrected = rows.assign(sms=999.0).head(2)
    later = ids_of(each_world, "2018-06")
    by_id = corrected.assign(recommendation_id=corrected["subscriber"].map(later)).drop(columns="subscriber")
    for file in (each_world.file(corrected), each_world.file(by_id, "by_id.csv")):
        found = result_of(each_world, file)
        assert (found["new"], [each["reason"] for each in found["not_stored"]]) == (0, ["conflict"] * 2)
    assert stored(each_world) == before
    same = rows.head(2).assign(recommendation_id=rows["subscriber"].head(2).map(later))
    # The later advice keeps its own copy: it stays when the earlier advice is pruned.
    assert result_of(each_world, each_world.file(same.drop(columns="subscriber")))["new"] == 2


def test_two_contents_of_a_month_in_one_call_are_a_conflict(world: World) -> None:
    subscriber = world.between("2018-07", "2018-07")["subscriber"].iloc[0]
    named = ids_of(world, "2018-06")[subscriber]
    usage = Month("2018-07", 1.0, 2.0, 2.0, 3.0, 4.0)
    one, other = Content(usage), Content(usage, bill="1.00")
    sent = [Outcome("/0", named, None, "month", "2018-07", one)]
    sent += [Outcome("/1", None, subscriber, "month", "2018-07", other)]
    received = receive(world.url, AdvisingRuns(world.outputs), world.key_file, sent)
    assert (received.n_new, received.not_applied) == (1, [("/1", "conflict")])
    assert [each.content for each in stored(world)] == [one]


def test_subscribers_are_searched_in_the_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = []
    execute = Connection.execute

    def noted(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Cursor:
        statements.append((statement, len(values)))
        return execute(connection, statement, values)

    monkeypatch.setattr(Connection, "execute", noted)
    assert world.outcomes(events(world, ("1", "left", "2018-09"), columns="subscriber,event,month")) == 0
    searches = [(s, n) for s, n in statements if "FROM decisions" in s and "subscriber IN" in s]
    assert len(searches) == 1
    ((statement, n_values),) = searches
    plan = rows_of(world.url, f"EXPLAIN QUERY PLAN {statement.replace('?', repr('x'))}")
    assert [row[-1] for row in plan] == ["SEARCH decisions USING INDEX decisions_subscriber (time>?)"]
    assert n_values == 1


def test_a_run_that_was_missing_is_looked_for_again_and_one_that_was_read_is_not(
    world: World, tmp_path: Path
) -> None:
    outputs = tmp_path / "moved"
    runs, run = AdvisingRuns(outputs), (world.saved.run_id, world.saved.sha256)
    assert runs.of(*run) is None
    folder = shutil.copytree(world.saved.folder, outputs / world.saved.run_id)
    assert runs.of(*run) is None, "once in a call"
    assert (facts := runs.looked_for_again().of(*run)) is not None
    assert facts.plans == world.saved.recommender.plans
    shutil.rmtree(folder)
    assert runs.looked_for_again().of(*run) == facts


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"month": "2999-01"}, "column 'month' must hold months that are over"),
        ({"bill": "-1"}, "column 'bill' must be >= 0, got '-1' at line 2"),
        ({"sms": "-1"}, "column 'sms' must be >= 0"),
        ({"sms": ""}, "column 'sms' must not be blank"),
        ({"event": "bill"}, "column 'event' must hold month, accepted, declined, left, got 'bill' at line 2"),
        ({"subscriber": ""}, "column 'subscriber' must not be blank"),
    ],
)
def test_bad_cells_refuse_the_whole_file(
    world: World, changes: dict[str, str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = world.between("2018-07", "2018-07").astype(object)
    for name, value in changes.items():
        rows[name] = [value, *(rows[name].iloc[1:] if name in rows else [""] * (len(rows) - 1))]
    assert world.outcomes(world.file(rows)) == 1
    assert rule in messages(capsys)
    assert stored(world) == []


def test_two_bills_for_one_month_refuse_the_file(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    rows = world.between("2018-07", "2018-07").assign(bill=10.0)
    assert world.outcomes(world.file(pd.concat([rows, rows.head(1).assign(bill=11.0)]))) == 1
    assert "a subscriber must have one row per month" in messages(capsys)
    assert stored(world) == []


def test_parts_of_a_month_on_two_plans_are_added_up(world: World) -> None:
    row = world.between("2018-07", "2018-07").head(1).assign(bill=10.0)
    held = row["plan_held"].iloc[0]
    other = next(plan for plan in world.saved.recommender.plans if plan != held)
    assert world.outcomes(world.file(pd.concat([row, row.assign(plan_held=other, bill=2.5)]))) == 0
    (found,) = stored(world)
    assert (found.content.plan_held, found.content.bill) == (other, "12.50")
    assert found.content.usage is not None
    assert found.content.usage.data_mib == round(2 * row["data_mib"].iloc[0], 2)


def test_a_plan_that_no_run_knows_is_listed(world: World) -> None:
    rows = world.between("2018-07", "2018-07").copy()
    rows.iloc[0, rows.columns.get_loc("plan_held")] = "of another operator"
    found = result_of(world, world.file(rows))
    assert (found["new"], found["not_stored"]) == (79, [{"place": "line 2", "reason": "unknown_plan"}])


@pytest.mark.parametrize("content", ["subscriber,month\n", ""])
def test_a_file_without_rows_is_refused(
    world: World, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = world.folder / "empty.csv"
    file.write_text(content, "utf-8")
    assert world.outcomes(file) == 1
    assert "empty.csv" in messages(capsys)


def test_missing_columns_are_listed_at_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.outcomes(world.file(world.months[["month", "sms", "data_mib"]].head())) == 1
    shown = messages(capsys)
    for problem in ("no column 'voice_calls'", "neither a column 'subscriber' nor 'recommendation_id'"):
        assert problem in shown


def test_a_deleted_log_is_an_error(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (world.folder / "decisions.sqlite").unlink()
    assert world.outcomes(world.file(world.between("2018-07", "2018-07"))) == 1
    assert "cannot write outcomes to the decision log" in messages(capsys)
    assert not (world.folder / "decisions.sqlite").exists()


def test_a_truncated_log_is_an_error(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    file = world.folder / "decisions.sqlite"
    file.write_bytes(file.read_bytes()[:20_000])
    assert world.outcomes(world.file(world.between("2018-07", "2018-07"))) == 1
    assert "cannot write outcomes to the decision log" in messages(capsys)


def test_outcomes_of_a_later_version_are_refused(each_world: World) -> None:
    assert each_world.outcomes(each_world.file(each_world.between("2018-07", "2018-07"))) == 0
    change(each_world.url, "UPDATE outcomes SET form = 2 WHERE month = '2018-07'")
    with pytest.raises(
        LogError, match="written by a later version of PlanRec: form must be at most 1, got 2"
    ):
        stored(each_world)


def test_outcomes_are_removed_with_their_advice(each_world: World) -> None:
    rows = each_world.between("2018-07", "2018-07")
    assert each_world.outcomes(each_world.file(rows)) == 0
    deleted = delete_subscriber(each_world.url, rows["subscriber"].iloc[0], Keys.read(each_world.key_file))
    assert deleted.rows == 3
    assert len(stored(each_world)) == 79
    assert prune(each_world.url, timedelta(0)) == 237
    assert stored(each_world) == []


def test_an_id_that_no_database_holds_has_no_advice(each_world: World) -> None:
    outcome = Outcome("/0", "zero \0 byte", None, "accepted", NO_MONTH)
    received = receive(each_world.url, AdvisingRuns(each_world.outputs), each_world.key_file, [outcome])
    assert received.not_applied == [("/0", "no_advice")]


def test_an_export_has_the_outcomes_of_the_subscriber(each_world: World) -> None:
    rows = each_world.between("2018-07", "2018-08")
    assert each_world.outcomes(each_world.file(rows)) == 0
    name = rows["subscriber"].iloc[0]
    left = Outcome("/0", None, name, "left", "2018-09")
    receive(each_world.url, AdvisingRuns(each_world.outputs), each_world.key_file, [left])
    file = each_world.folder / "one.json"
    words = ["decisions", "export", "--subscriber", name, "--out", file, "--log", each_world.url]
    assert main(list(map(str, words))) == 0
    exported = json.loads(file.read_text("utf-8"))
    of = {month: ids_of(each_world, month)[name] for month in ("2018-06", "2018-07", "2018-08")}
    assert [(row["recommendation_id"], row["event"], row["month"]) for row in exported["outcomes"]] == [
        (of["2018-06"], "month", "2018-07"),
        (of["2018-07"], "month", "2018-08"),
        (of["2018-08"], "left", "2018-09"),
    ]
    own = rows[(rows["subscriber"] == name) & (rows["month"] == "2018-07")].iloc[0]
    assert exported["outcomes"][0]["content"]["plan_held"] == own["plan_held"]
    assert exported["outcomes"][0]["content"]["usage"]["sms"] == own["sms"]
