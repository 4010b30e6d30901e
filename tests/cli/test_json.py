"""`--json`: every verb that prints a table prints it for programs as well."""

import json
import shutil
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.cli.shared_options import json_file
from tests.conftest import SMALL


def printed(capsys, *words: str, code: int = 0):
    """Run a command and return the JSON that it printed."""
    assert main(list(words)) == code, capsys.readouterr().err

    def refuse(constant: str) -> None:
        raise AssertionError(f"JSON has no {constant}")

    return json.loads(capsys.readouterr().out, parse_constant=refuse)


@pytest.fixture
def outputs(history_run) -> tuple[str, str]:
    return "--outputs", str(history_run.parents[1])


def test_the_leaderboard_as_json(outputs, capsys):
    board = printed(capsys, "leaderboard", *outputs, "--json")
    assert board["schema"] == "planrec.leaderboard/1"
    assert board["tables"][0]["rows"][0]["label"]


def test_a_comparison_as_json(outputs, capsys):
    comparison = printed(capsys, "compare", "latest", "abc123", *outputs, "--json", "-")
    assert comparison["verdict"].startswith("A and B are the same")


def test_an_explanation_as_json(outputs, capsys):
    explanation = printed(capsys, "explain", "latest", *outputs, "--repeats", "1", "--json")
    assert explanation["schema"] == "planrec.explain/1"
    first = explanation["features"][0]["worse_by"]["log_loss"]
    assert set(first) == {"value", "low", "high"}
    assert explanation["metrics"]["log_loss"]["value"] > 0


def test_the_runs_and_pins_as_json(history_run, tmp_path, capsys):
    folder = tmp_path / "runs" / "2030-01-31" / "one"
    shutil.copytree(history_run, folder)
    outputs = ("--outputs", str(tmp_path / "runs"))
    listed = printed(capsys, "pin", "--list", "--json", *outputs)
    assert "no run is pinned" in listed["problem"]
    assert main(["pin", "latest", *outputs]) == 0
    capsys.readouterr()
    listed = printed(capsys, "pin", "--list", "--json", *outputs)
    assert (listed["problem"], [pin["run"] for pin in listed["pins"]]) == (None, ["2030-01-31/one"])
    (run,) = listed["runs"]
    assert run["is_pinned"]
    assert (run["run"], run["model"], run["target"]) == ("2030-01-31/one", "lgbm", "held")
    (folder / "run.json").write_text("{}", "utf-8")
    (run,) = printed(capsys, "pin", "--list", "--json", *outputs)["runs"]
    assert run["problem"]
    assert run["model"] is None


def test_json_of_a_verb_that_prints_no_table_is_refused(outputs, capsys):
    assert main(["pin", "latest", "--json", *outputs]) == 2
    assert "--json is for --list" in capsys.readouterr().err


def test_the_settings_as_json(monkeypatch, capsys):
    monkeypatch.setenv("PLANREC_SERVER__PORT", "8080")
    port = next(
        row for row in printed(capsys, "settings", "--json") if row["variable"] == "PLANREC_SERVER__PORT"
    )
    assert (port["value"], port["from"]) == ("8080", "environment")
    assert port["meaning"]


def test_a_trained_run_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    trained = printed(capsys, "train", "model=dummy", *SMALL, "--json")
    run = json.loads(Path(trained["folder"], "run.json").read_text("utf-8"))
    assert trained["metrics"] == run["metrics"]
    assert trained["command"] == run["command"] == " ".join(["planrec train model=dummy", *SMALL])


def test_a_sweep_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = [text for text in SMALL if not text.startswith("cv.")]
    sweep = printed(capsys, "train", "-m", "model=dummy", "cv.n_folds=2,1000", *small, "--json", code=1)
    done, failed = sweep["cells"]
    assert (done["number"], done["status"], done["error"]) == (0, "done", None)
    assert Path(done["run"], "run.json").is_file()
    assert failed["status"] == "failed"
    assert failed["run"] is None
    assert failed["error"]


def test_a_file_gets_json_beside_the_printed_table(outputs, tmp_path, capsys):
    file = tmp_path / "deep" / "board.json"
    assert main(["leaderboard", *outputs, "--json", str(file)]) == 0
    assert capsys.readouterr().out.endswith(f"wrote {file}\n")
    assert json.loads(file.read_text("utf-8"))["schema"] == "planrec.leaderboard/1"


def test_other_files_are_named_on_stderr_if_stdout_is_for_json(outputs, tmp_path, capsys):
    file = tmp_path / "board.csv"
    assert main(["leaderboard", *outputs, "--csv", str(file), "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == f"wrote {file}\n"
    assert json.loads(shown.out)
    assert file.is_file()


@pytest.mark.parametrize("flag", ["--csv", "--html"])
@pytest.mark.parametrize("name", ["outputs/run.json", "outputs/pinned.json", "dropped_rows.csv"])
def test_a_board_never_replaces_a_file_of_a_run(flag, name, capsys):
    assert main(["leaderboard", flag, name]) == 2
    assert f"error: {flag} must end in .{flag[2:]}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["latest", "outputs/run.json", "data.path=x.json", "board.csv"])
def test_a_word_that_is_not_a_json_file_is_refused(name, capsys):
    assert main(["train", "--json", name]) == 2
    assert f"must not be one of PlanRec's own files, got {name!r}; to print JSON" in capsys.readouterr().err
    assert json_file("-") == Path("-")
