"""Drift of a decision log, day by day: quiet days, hard problems, evidence, state and bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace as with_values
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from planrec.errors import LogError, RunError
from planrec.files.hashing import sha256_of
from planrec.input_drift.evidence import REFERENCE_DAYS, THRESHOLD
from planrec.monitoring.drift_check import DRIFT_FILE, log_check
from planrec.monitoring.drift_check.drift_page import drift_page
from planrec.monitoring.drift_check.drift_state import state_file
from planrec.runs.read import load_run, read_profile
from tests.html_document import HtmlDocument
from tests.monitoring.drift_check.logged_world import FIRST, N_ROWS, PINNED, LoggedWorld, more_usage

ONE_DAY = timedelta(days=1)
READY = FIRST + timedelta(days=REFERENCE_DAYS)
"The first day that is judged by evidence."


@pytest.fixture(scope="module")
def quiet_world(bill_run: Path, tmp_path_factory: pytest.TempPathFactory) -> LoggedWorld:
    """A log of as many quiet days as are needed, checked once; read-only."""
    world = LoggedWorld.of(load_run(bill_run), tmp_path_factory.mktemp("quiet"))
    world.write_days(FIRST, REFERENCE_DAYS)
    world.check(READY)
    return world


@pytest.fixture
def world(quiet_world: LoggedWorld, tmp_path: Path) -> LoggedWorld:
    """A copy of it that a test may change."""
    return with_values(quiet_world, folder=shutil.copytree(quiet_world.folder, tmp_path / "world"))


def drift_json(world: LoggedWorld):
    return json.loads((world.folder / DRIFT_FILE).read_text("utf-8"))


def test_days_before_and_after_the_pin_are_reference_days(quiet_world):
    found = drift_json(quiet_world)
    assert found["reference_days"] == {"found": REFERENCE_DAYS, "needed": REFERENCE_DAYS}
    assert found["day"] == str(READY - ONE_DAY)
    assert (found["alarm"], found["alarms"], found["problems"]) == (False, [], [])
    assert found["run_json_sha256"] == quiet_world.saved.sha256
    assert {day["use"] for day in found["days"]} == {"reference"}
    assert PINNED > FIRST


def test_more_usage_is_an_alarm_that_names_its_columns(world):
    end = world.write_days(READY, 4)
    assert world.check(end).alarms == ()
    end = world.write_days(end, 12, more_usage(1.6))
    report = world.check(end)
    assert report.evidence >= THRESHOLD
    assert "data_mib.1" in report.alarms
    assert "months_known" not in report.alarms
    first = next(day for day in report.state.days if day.evidence and day.evidence >= THRESHOLD)
    assert first.day <= READY + timedelta(days=4 + 9)
    page = HtmlDocument(drift_page(report))
    assert "script" not in page.tags
    assert "Evidence of drift by day" in page.text


def test_an_alarm_ends_some_days_after_the_drift(world):
    end = world.write_days(READY, 12, more_usage(1.6))
    assert world.check(end).alarms
    end = world.write_days(end, 20)
    assert world.check(end).alarms == ()


@pytest.mark.parametrize(
    ("change", "name", "found"),
    [
        (more_usage(1024), "data_mib.1", "as if the unit had changed"),
        (lambda request: replace(request, plan_held=None), "plan_held", "100% of the values are missing"),
        (lambda request: replace(request, plan_held="max"), "plan_held", "has vanished"),
    ],
)
def test_a_fault_is_an_alarm_the_same_day_and_no_reference(world, change, name, found):
    report = world.check(world.write_days(READY, 1, change))
    assert name in report.alarms
    assert any(problem.startswith(f"{name}: ") and found in problem for problem in report.problems)
    assert report.latest.use == "left_out"
    assert report.latest.evidence is None


def test_days_before_there_are_references_have_hard_problems_only(bill_run, tmp_path):
    world = LoggedWorld.of(load_run(bill_run), tmp_path)
    end = world.write_days(PINNED, 2)
    assert world.check(end).alarms == ()
    report = world.check(world.write_days(end, 1, more_usage(1024)))
    assert "data_mib.1" in report.alarms
    assert (len(report.state.reference), report.state.is_ready) == (2, False)


def test_a_day_without_rows_is_an_alarm(world):
    report = world.check(READY + ONE_DAY)
    assert report.alarms == ("rows",)
    assert report.problems == (f"there are no rows ({READY})",)


def test_a_day_of_identical_rows_is_an_alarm(world):
    world.write(READY, [world.requests[0]] * N_ROWS)
    assert f"all {N_ROWS} rows are identical ({READY})" in world.check(READY + ONE_DAY).problems


def test_a_check_again_on_the_same_day_says_the_same_and_judges_nothing(world):
    today = world.write_days(READY, 1, more_usage(1024))
    first = world.check(today)
    state = state_file(world.folder, world.saved.sha256).read_bytes()
    again = world.check(today)
    assert again.as_json() == first.as_json()
    assert state_file(world.folder, world.saved.sha256).read_bytes() == state


def test_late_rows_are_counted_and_not_judged(world):
    today = world.write_days(READY, 1)
    before = world.check(today)
    world.write(READY, world.requests[:3])
    report = world.check(today)
    assert report.notes == (f"3 rows of {READY} came after the day was judged: not judged",)
    assert report.state == before.state


def test_a_clock_that_goes_back_is_an_alarm(world):
    world.write(READY, world.requests[:50], hour=15)
    world.write(READY, world.requests[:50], hour=9)
    report = world.check(READY + ONE_DAY)
    assert report.alarms == ("clock",)
    assert "is 6:00:" in report.problems[0] or "is 5:59:" in report.problems[0]
    earlier = world.check(READY)
    assert earlier.alarms == ("clock",)
    assert "a clock was set back" in earlier.problems[-1]


def test_rows_of_the_future_are_an_alarm(world):
    world.write(date(2090, 1, 1), world.requests[:2])
    assert "2 rows of 2090-01-01 or later" in world.check(READY).problems[-1]


def test_requests_that_the_run_cannot_answer_are_counted(world):
    world.write_texts(READY, ['{"months": 3}', "{}", "not JSON"] * 30)
    report = world.check(READY + ONE_DAY)
    assert report.alarms == ("requests",)
    assert report.problems == (f"requests: 90 of 90 cannot be answered by this run ({READY})",)


def test_an_alarm_of_a_check_killed_before_its_state_is_not_lost(world, monkeypatch):
    today = world.write_days(READY, 1, more_usage(1024))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log_check, "write_state", killed)
        with pytest.raises(KeyboardInterrupt):
            world.check(today)
    assert "data_mib.1" in drift_json(world)["alarms"]
    assert "data_mib.1" in world.check(today).alarms


def test_a_broken_outcome_is_a_note_and_the_days_are_judged(world, monkeypatch):
    def broken(*_):
        raise KeyError("data_mib")

    monkeypatch.setattr(log_check, "bills_that_came", broken)
    report = world.check(world.write_days(READY, 1, more_usage(1024)))
    assert "data_mib.1" in report.alarms
    assert report.notes == ("P(cheaper) is not compared with bills, an outcome is not readable: 'data_mib'",)


def test_days_that_are_not_usable_do_not_take_the_place_of_reference_days(bill_run, tmp_path):
    world = LoggedWorld.of(load_run(bill_run), tmp_path)
    first = PINNED - timedelta(days=REFERENCE_DAYS + 2)
    last = world.write_days(first, REFERENCE_DAYS)
    world.write(last, world.requests[:3])
    world.write_days(last + ONE_DAY, 1, more_usage(1024))
    state = world.check(PINNED).state
    assert state.is_ready
    assert [day.use for day in state.days] == [*["reference"] * REFERENCE_DAYS, "too_few", "left_out"]
    assert [day.day for day in state.days] == sorted(day.day for day in state.days)


def test_a_log_that_was_deleted_is_an_error(world):
    (world.folder / "decisions.sqlite").unlink()
    with pytest.raises(LogError, match="cannot read the decision log"):
        world.check(READY + ONE_DAY)


def test_a_damaged_state_is_named_with_its_remedy(world):
    file = state_file(world.folder, world.saved.sha256)
    file.write_text('{"schema": "planrec.drift_state/9"}')
    with pytest.raises(RunError, match=r"state\.json holds no state of this version; remove .*state\.json"):
        world.check(READY)


def test_the_state_of_another_run_is_refused(world):
    file = state_file(world.folder, world.saved.sha256)
    file.write_text(file.read_text().replace(world.saved.sha256, "0" * 64))
    with pytest.raises(RunError, match="is about another run"):
        world.check(READY)


def test_a_profile_of_another_catalogue_is_refused(world, bill_run, tmp_path):
    folder = shutil.copytree(bill_run, tmp_path / bill_run.parent.name / bill_run.name)
    saved = load_run(folder)
    other = read_profile(saved).model_copy(update={"catalogue_sha256": "0" * 64})
    (folder / "profile.json").write_bytes(other.json_bytes)
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    manifest["files"]["profile.json"] = sha256_of(other.json_bytes)
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(RunError, match="must be about the catalogue of the run"):
        with_values(world, saved=load_run(folder)).check(READY)


KILLED = """
import sys
from datetime import date
from pathlib import Path
from planrec.runs.read import load_run
from planrec.monitoring.drift_check import check_log
saved = load_run(Path(sys.argv[1]))
print("begins", flush=True)
pinned_on, today = map(date.fromisoformat, sys.argv[4:])
check_log(saved, sys.argv[2], Path(sys.argv[3]), pinned_on, today)
"""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.6])
def test_a_killed_check_is_repeated_by_the_next_one(world, seconds):
    today = world.write_days(READY, 8, more_usage(1.6))
    words = [world.saved.folder, world.url, world.folder, PINNED, today]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *map(str, words)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
    days = [day.day for day in world.check(today).state.days]
    assert days == [FIRST + timedelta(days=number) for number in range(REFERENCE_DAYS + 8)]
