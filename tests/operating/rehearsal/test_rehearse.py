"""`planrec rehearse`, whole, and the page "a day of operations"."""

import json
import re
import shlex
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.operating.evidence import read_evidence
from planrec.operating.rehearsal.month_files import name_of
from planrec.operating.rehearsal.setting import chosen_setting
from planrec.operating.rehearsal.world import world_of
from tests.conftest import REPOSITORY
from tests.html_document import HtmlDocument
from tests.serving.decision_log.decisions import rows_of, url_of

PAGE = (REPOSITORY / "docs" / "how-to" / "a-day-of-operations.md").read_text("utf-8")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def commands():
    return [
        shlex.split(line)
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
    ]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory, commands):
    """The folder in which the first command of the page was typed, and its output."""
    folder = tmp_path_factory.mktemp("rehearsal")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(commands[0][1:]) == 0
    return folder / "rehearsal"


def test_the_commands_of_the_page_run(rehearsed, commands, monkeypatch, capsys):
    monkeypatch.chdir(rehearsed.parent)
    for command in commands[1:]:
        assert main(command[1:]) == 0
    assert "the pin could not be read" in capsys.readouterr().out


def test_every_planted_fault_is_noticed_in_its_month(rehearsed):
    faults = json.loads((rehearsed / "rehearsal.json").read_text("utf-8"))["faults"]
    assert [(fault["fault"], fault["planted"], fault["noticed"]) for fault in faults] == [
        ("wrong_unit", "2019-02-01", "2019-02-01"),
        ("price_change", "2019-03-01", "2019-03-01"),
        ("corrupt_pin", "2019-03-10", "2019-03-12"),
    ]


def test_the_production_check_judges_the_pinned_run_when_bills_came(rehearsed):
    checks = [line for line in read_evidence(rehearsed / "outputs") if line["kind"] == "watch"]
    gates = [{gate["name"]: gate["verdict"] for gate in check["gates"]} for check in checks]
    assert {"replay": "passed", "harm": "undecided"} in gates
    assert {gate for check in gates for gate in check} == {"replay", "harm"}
    assert {check["action"] for check in checks} == {"none"}
    assert (rehearsed / "outputs" / "monitoring" / "realised.json").is_file()


def test_subscribers_who_left_are_outcomes(rehearsed):
    url = url_of(rehearsed / "on.db")
    rows = rows_of(url, "SELECT recommendation_id, month FROM outcomes WHERE event = 'left'")
    found = {(int(name.rpartition("-")[2]) - 1, month) for name, month in rows}
    world = world_of(chosen_setting(4, 0, ["wrong_unit=2", "price_change=3", "corrupt_pin=3"], fast=True))
    (advised,) = zip(*rows_of(url, "SELECT recommendation_id FROM decisions"), strict=True)
    who = {int(name.rpartition("-")[2]) - 1 for name in advised}
    left = {(one, name_of(month)) for one, month in enumerate(world.leaves.tolist()) if one in who}
    assert found == {(one, month) for one, month in left if month < "2019-04"} != set()
    assert len(rows) == len(found)


def test_operations_lose_less_after_a_wrong_file(rehearsed):
    figures = json.loads((rehearsed / "rehearsal.json").read_text("utf-8"))["figures"]
    hidden = {f["month"]: f for f in figures if f["metric"] == "regret_hidden"}
    assert hidden["2019-01"]["on"] == hidden["2019-01"]["off"]
    assert hidden["2019-02"]["on"]["value"] < hidden["2019-02"]["off"]["value"]


def test_equal_options_give_equal_bytes(rehearsed, commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(commands[0][1:]) == 0
    for name in ("rehearsal.json", "rehearsal.html"):
        assert Path("rehearsal", name).read_bytes() == (rehearsed / name).read_bytes()


def test_the_page_names_no_run_and_draws_both_sides(rehearsed):
    text = (rehearsed / "rehearsal.html").read_text("utf-8")
    HtmlDocument(text)
    assert "operations on" in text
    assert "operations off" in text
    assert str(rehearsed) not in text
    assert not re.search(r"[0-9a-f]{32}", text.partition("</style>")[2])


def test_a_folder_with_files_is_refused(rehearsed, capsys):
    assert main(["rehearse", "--fast", "--out", str(rehearsed)]) == 2
    assert "must be a new or empty folder" in capsys.readouterr().err
