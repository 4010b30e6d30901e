"""How verbs find runs: the folder of runs, and the names of a run on the command line."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.errors import RunError
from planrec.runs.find import named_run
from tests.conftest import SMALL
from tests.trained_runs import edit_run

RUN_IDS = ("2030-01-31/12-00-00-abc123", "2030-02-01/12-00-00-ab0000", "2030-02-01/13-00-00-e00000")


@pytest.fixture(scope="module")
def outputs(history_run, tmp_path_factory) -> Path:
    """A folder with three runs, of which the first two have ids that end alike."""
    outputs = tmp_path_factory.mktemp("named") / "runs"
    for second, run_id in enumerate(
        ("2030-01-31/12-00-00-abc123", "2030-02-01/12-00-00-ab0000", "2030-02-01/13-00-00-e00000")
    ):
        shutil.copytree(history_run, outputs / run_id)
        edit_run(outputs / run_id, lambda run, run_id=run_id: run.update(run_id=run_id))
        os.utime(outputs / run_id / "run.json", (second, second))
    return outputs


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("latest", "2030-02-01/13-00-00-e00000"),
        ("2030-01-31/12-00-00-abc123", "2030-01-31/12-00-00-abc123"),
        ("2030-01", "2030-01-31/12-00-00-abc123"),
        ("2030-02-01/13", "2030-02-01/13-00-00-e00000"),
        ("13-", "2030-02-01/13-00-00-e00000"),
        ("abc", "2030-01-31/12-00-00-abc123"),
        ("ab0000", "2030-02-01/12-00-00-ab0000"),
    ],
)
def test_a_run_is_named_by_the_beginning_of_its_id(name, found, outputs):
    assert named_run(name, outputs) == outputs / found


def test_a_path_wins_over_an_id(outputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("abc").mkdir()
    assert named_run("abc", outputs) == Path("abc")
    assert named_run(str(outputs), outputs) == outputs


def test_an_ambiguous_name_lists_the_runs_that_have_it(outputs):
    with pytest.raises(RunError, match="'ab' begins the ids of 2 runs: type more of one") as caught:
        named_run("ab", outputs)
    assert caught.value.problems == tuple(f"{run_id}: {outputs / run_id}" for run_id in RUN_IDS[1::-1])


def test_an_unknown_name_lists_the_newest_runs(outputs, tmp_path):
    with pytest.raises(
        RunError, match="no run 'nowhere': expected a folder, `latest` or the beginning"
    ) as caught:
        named_run("nowhere", outputs)
    assert len(caught.value.problems) == 3
    assert caught.value.problems[0].startswith("2030-02-01/13-00-00-e00000: ")
    with pytest.raises(RunError, match="no run 'nowhere'") as caught:
        named_run("nowhere", tmp_path)
    assert caught.value.problems == ()


def test_a_run_that_is_not_complete_is_not_found(outputs, tmp_path):
    shutil.copytree(outputs, tmp_path / "runs")
    (tmp_path / "runs" / "2030-02-01" / "12-00-00-ab0000" / "run.json").unlink()
    assert named_run("ab", tmp_path / "runs") == tmp_path / "runs" / "2030-01-31" / "12-00-00-abc123"


READING = {
    "leaderboard": [],
    "compare": ["abc", "latest"],
    "report": ["abc", "latest"],
    "card model": ["abc"],
    "card data": ["abc", "latest"],
    "pin": ["--list"],
}


@pytest.mark.parametrize("verb", READING)
@pytest.mark.parametrize("by", ["option", "variable"])
def test_verbs_find_runs_in_the_folder_of_runs(verb, by, outputs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [*verb.split(), *READING[verb]]
    if by == "option":
        words += ["--outputs", str(outputs)]
    else:
        monkeypatch.setenv("PLANREC_OUTPUTS", str(outputs))
    assert main(words) == 0, capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == (["report.html"] if verb == "report" else [])


@pytest.mark.parametrize(
    "verb", ["compare", "report", "card model", "pin", "explain", "leaderboard", "new-plans", "score"]
)
def test_verbs_refuse_a_name_that_several_runs_have(verb, outputs, tmp_path, capsys):
    more = {"compare": ["latest"], "new-plans": ["plans.yaml"], "score": ["in.csv", "out.csv"]}.get(verb, [])
    words = [*verb.split(), *(["--run"] if verb == "score" else []), "ab", *more, "--outputs", str(outputs)]
    assert main(words) == 1
    assert "'ab' begins the ids of 2 runs" in capsys.readouterr().err


def test_the_option_wins_over_the_variable(outputs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLANREC_OUTPUTS", str(tmp_path))
    assert main(["pin", "--list", "--outputs", str(outputs), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 3


def test_training_follows_the_folder_of_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--outputs", "elsewhere", "model=dummy", *SMALL]) == 0
    out = capsys.readouterr().out
    (run,) = tmp_path.glob("elsewhere/*/*/run.json")
    folder = run.parent.relative_to(tmp_path)
    assert f"run: {folder}\npin it: planrec pin {folder} --outputs elsewhere\n" in out
    assert json.loads(run.read_text("utf-8"))["command"].startswith("planrec train model=dummy ")
    (cell,) = tmp_path.glob("elsewhere/multirun/cells/*")
    assert cell.resolve() == run.parent
    monkeypatch.setenv("PLANREC_OUTPUTS", "elsewhere")
    assert main(["train", "-m", "model=dummy", *SMALL]) == 0
    out = capsys.readouterr().out
    assert "1 linked" in out
    assert "pin the best: planrec pin elsewhere/multirun/cells/" in out
    assert " --outputs" not in out, "the variable stays set"
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_a_folder_that_is_given_to_hydra_wins(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--outputs", "elsewhere", "hydra.run.dir=here", "model=dummy", *SMALL]) == 0
    assert (tmp_path / "here" / "run.json").is_file()
    assert capsys.readouterr().err == ""


def test_the_printed_pin_command_pins_in_the_same_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--outputs", "my runs", "model=dummy", *SMALL]) == 0
    (command,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("pin it: ")]
    assert main(shlex.split(command.removeprefix("pin it: planrec "))) == 0
    assert (tmp_path / "my runs" / "pinned.json").is_file()
