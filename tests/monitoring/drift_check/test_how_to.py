"""docs/how-to/notice-drift.md: its commands work, on logs and on files; the exit codes are those it names."""

import json
import re
import shlex
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import planrec as pr
from planrec.cli import main
from planrec.monitoring.drift_check.drift_state import state_file, state_lock
from planrec.runs.read import load_run
from planrec.serving.pin_run import pin_run
from tests.conftest import REPOSITORY
from tests.monitoring.drift_check.logged_world import LoggedWorld, more_usage
from tests.monitoring.world import World

PAGE = (REPOSITORY / "docs" / "how-to" / "notice-drift.md").read_text("utf-8")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def months(bill_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Pin a run in outputs/ of an empty folder, and return months like those it was trained on."""
    monkeypatch.chdir(tmp_path)
    folder = Path("outputs", *bill_run.parts[-2:])
    shutil.copytree(bill_run, folder)
    pin_run(folder, Path("outputs"))
    return World.of(folder, tmp_path).between("2018-01", "2018-09")


def test_the_commands_work_and_find_no_drift(months: pd.DataFrame, capsys: Captured) -> None:
    world = LoggedWorld.of(load_run(next(Path("outputs").glob("20*/*"))), Path("outputs"))
    today = datetime.now(UTC).date()
    world.write_days(today - timedelta(days=5), 5)
    months.to_csv("may.csv", index=False)
    commands = "".join(re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)).splitlines()
    assert len(commands) == 3
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command
    printed = capsys.readouterr().out
    assert "5 reference days of 63" in printed
    assert "hard problems only" in printed
    assert printed.count("no drift") == 3
    assert json.loads(Path("drift.json").read_text("utf-8")) == json.loads(
        Path("outputs", "monitoring", "drift.json").read_text("utf-8")
    )
    world.write_days(today - timedelta(days=5), 1, more_usage(1024))
    assert main(["drift"]) == 0
    assert "came after the day was judged" in capsys.readouterr().out
    check = pr.drift()
    assert check.alarms == ()
    assert "<li>no drift</li>" in check._repr_html_()


def test_a_fault_in_a_file_is_named_and_the_exit_code_is_1(months: pd.DataFrame, capsys: Captured) -> None:
    months.assign(data_mib=months["data_mib"] * 1024).to_csv("may.csv", index=False)
    assert main(["drift", "may.csv"]) == 1
    assert "DRIFT: data_mib.1" in capsys.readouterr().out
    check = pr.drift("may.csv")
    assert check.alarms[0] == "data_mib.1"
    assert repr(check).startswith("DRIFT: data_mib.1")
    assert len(check.problems) >= len(check.alarms)
    assert set(check.columns()["name"]) >= {"sms.1", "data_mib.1"}
    months.drop(columns="sms").to_csv("may.csv", index=False)
    assert main(["drift", "may.csv", "--json", "--html", "page.html"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"] == ["sms: the column is missing"]
    assert "sms: the column is missing" in Path("page.html").read_text("utf-8")


def test_a_second_check_leaves_at_once_with_3(months: pd.DataFrame, capsys: Captured) -> None:
    (run,) = Path("outputs").glob("20*/*")
    LoggedWorld.of(load_run(run), Path("outputs"))
    with state_lock(state_file(Path("outputs"), load_run(run).sha256)):
        began = time.monotonic()
        assert main(["drift"]) == 3
        assert time.monotonic() - began < 10
    assert "another check of drift is running" in capsys.readouterr().err
    assert main(["drift"]) == 0


def test_wrong_input_is_exit_code_2(months: pd.DataFrame, capsys: Captured) -> None:
    assert main(["drift"]) == 2
    assert "decision log" in capsys.readouterr().err
    months.drop(columns="subscriber").to_csv("may.csv", index=False)
    assert main(["drift", "may.csv"]) == 2
    assert "no column 'subscriber'" in capsys.readouterr().err
    months.head(0).to_csv("may.csv", index=False)
    assert main(["drift", "may.csv"]) == 2
    months.assign(sms=-1).to_csv("may.csv", index=False)
    assert main(["drift", "may.csv"]) == 2
    assert not Path("outputs", "monitoring", "drift.json").exists()
