"""Pins: which run is served, rollbacks, and damaged files."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from planrec.cli import main
from planrec.errors import RunError
from planrec.runs.provenance import versions
from planrec.serving.acting_user import acting_user
from planrec.serving.pin import load_pinned, read_pin
from planrec.serving.pin_run import pin_run
from tests.serving.decision_log.decisions import DECISION, log_rows, rows_of
from tests.small_sweeps import sweep_into
from tests.trained_runs import edit_run


@pytest.fixture
def outputs(history_run, row_run, tmp_path):
    """Return a folder of outputs with two runs; `b` finished last."""
    first = shutil.copytree(history_run, tmp_path / "2030-01-31" / "a") / "run.json"
    last = shutil.copytree(row_run, tmp_path / "2030-01-31" / "b") / "run.json"
    # One second later, not `touch`: libfaketime applies to `touch`, but not to the times of copied files.
    os.utime(last, ns=(first.stat().st_mtime_ns + 10**9,) * 2)
    return tmp_path


def test_the_pinned_run_is_served(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    assert load_pinned(outputs).folder == outputs / "2030-01-31" / "a"


def test_a_pin_lists_the_earlier_ones(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    pin = pin_run(outputs / "2030-01-31" / "b", outputs)
    assert (pin.run, pin.earlier[0].run) == ("2030-01-31/b", "2030-01-31/a")


def test_latest_is_the_run_that_finished_last(outputs, capsys):
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith("pinned 2030-01-31/b\n")


def test_without_a_pin_the_error_names_the_command(outputs, tmp_path):
    with pytest.raises(RunError, match=r"planrec pin latest"):
        load_pinned(outputs)
    with pytest.raises(RunError, match=r"train a run with planrec train"):
        load_pinned(tmp_path / "elsewhere")


def test_a_changed_run_is_refused_and_the_pin_stays(outputs, capsys):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    (outputs / "2030-01-31" / "b" / "model.skops").write_bytes(b"")
    assert main(["pin", str(outputs / "2030-01-31" / "b"), "--outputs", str(outputs)]) == 1
    assert "model.skops is not the file that this run saved" in capsys.readouterr().err
    assert load_pinned(outputs).folder.name == "a"


def test_a_run_changed_after_it_was_pinned_is_refused(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    file = outputs / "2030-01-31" / "a" / "run.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(RunError, match="was changed after it was pinned"):
        load_pinned(outputs)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", json.dumps({"run": 3}).encode(), b"[" * 100_000]
)
def test_a_malformed_pin_file_is_refused_and_the_named_command_repairs_it(outputs, content):
    (outputs / "pinned.json").write_bytes(content)
    with pytest.raises(RunError, match=r"is not a pin.*planrec pin latest"):
        load_pinned(outputs)
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 0
    assert load_pinned(outputs).folder.name == "b"


def test_a_malformed_run_json_is_reported_without_a_traceback(outputs, capsys):
    (outputs / "2030-01-31" / "b" / "run.json").write_text("{")
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 1
    assert "run.json cannot be read as JSON" in capsys.readouterr().err


def test_a_missing_pinned_run_is_reported(outputs):
    pin_run(outputs / "2030-01-31" / "a", outputs)
    shutil.rmtree(outputs / "2030-01-31" / "a")
    with pytest.raises(RunError, match="names 2030-01-31/a, which is not there"):
        load_pinned(outputs)


@pytest.fixture
def pinned_twice(outputs):
    """Pin `a`, then `b`; return the folder of outputs."""
    for name in "ab":
        pin_run(outputs / "2030-01-31" / name, outputs)
    return outputs


def test_a_second_rollback_undoes_the_first(pinned_twice, capsys):
    for name in "abab":
        assert main(["pin", "--rollback", "--outputs", str(pinned_twice)]) == 0
        assert capsys.readouterr().out.startswith(f"pinned 2030-01-31/{name}\n")
        assert load_pinned(pinned_twice).folder.name == name


def test_a_rollback_without_an_earlier_run_is_refused(outputs, capsys):
    assert main(["pin", "--rollback", "--outputs", str(outputs)]) == 1
    assert "no run is pinned" in capsys.readouterr().err
    pin_run(outputs / "2030-01-31" / "a", outputs)
    pin_run(outputs / "2030-01-31" / "a", outputs)
    assert main(["pin", "--rollback", "--outputs", str(outputs)]) == 1
    assert "no run was pinned before 2030-01-31/a" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_rollback_to_a_damaged_run_is_refused_and_the_pin_stays(pinned_twice, harm, capsys):
    file, folder = pinned_twice / "pinned.json", pinned_twice / "2030-01-31" / "a"
    before = file.read_bytes()
    if harm == "gone":
        shutil.rmtree(folder)
    else:
        (folder / "run.json").write_text((folder / "run.json").read_text() + "\n")
    assert main(["pin", "--rollback", "--outputs", str(pinned_twice)]) == 1
    assert "2030-01-31/a" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize("arguments", [["latest"], ["--rollback"]])
def test_a_dry_run_checks_everything_and_writes_nothing(pinned_twice, arguments, capsys):
    for name in "ab":
        (pinned_twice / "2030-01-31" / name / "model_card.md").unlink()
    before = contents(pinned_twice)
    assert main(["pin", *arguments, "--dry-run", "--outputs", str(pinned_twice)]) == 0
    assert capsys.readouterr().out.endswith("can be pinned; nothing was written\n")
    assert contents(pinned_twice) == before
    for name in "ab":
        (pinned_twice / "2030-01-31" / name / "model.skops").write_bytes(b"")
    assert main(["pin", *arguments, "--dry-run", "--outputs", str(pinned_twice)]) == 1


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_list_shows_pinned_and_unusable_runs_and_the_history(pinned_twice, capsys):
    shutil.copytree(pinned_twice / "2030-01-31" / "a", pinned_twice / "2030-01-31" / "c")
    edit_run(pinned_twice / "2030-01-31" / "c", lambda run: run["versions"].update({"scikit-learn": "1.0.2"}))
    assert main(["pin", "--list", "--outputs", str(pinned_twice)]) == 0
    first, *runs, title, newest, oldest = capsys.readouterr().out.splitlines()
    assert first.startswith("  2030-01-31/c  cannot be pinned: scikit-learn: made by 1.0.2, installed is")
    assert [line[:14] for line in runs] == ["* 2030-01-31/b", "  2030-01-31/a"]
    assert title == "pinned, the newest first:"
    assert [newest.split()[1], oldest.split()[1]] == ["2030-01-31/b", "2030-01-31/a"]


def test_a_list_without_a_pin_names_the_command(outputs, capsys):
    assert main(["pin", "--list", "--outputs", str(outputs)]) == 0
    assert "planrec pin latest" in capsys.readouterr().out.splitlines()[0]


def test_incompatible_versions_are_reported_with_all_other_problems(outputs, capsys):
    folder = outputs / "2030-01-31" / "b"
    edit_run(folder, lambda run: run["versions"].update({"scikit-learn": "1.0.2", "lightgbm": "1.2.3"}))
    (folder / "model.skops").write_bytes(b"")
    (folder / "out_of_fold.parquet").unlink()
    assert main(["pin", "latest", "--outputs", str(outputs)]) == 1
    said = capsys.readouterr().err
    assert "model.skops is not the file that this run saved" in said
    assert "out_of_fold.parquet is missing" in said
    assert "scikit-learn: made by 1.0.2, installed is" in said
    assert "lightgbm: made by 1.2.3, installed is" in said


def test_a_later_patch_of_a_version_is_compatible(outputs):
    sklearn = ".".join([*versions()["scikit-learn"].split(".")[:2], "999"])
    edit_run(outputs / "2030-01-31" / "b", lambda run: run["versions"].update({"scikit-learn": sklearn}))
    assert pin_run(outputs / "2030-01-31" / "b", outputs).run == "2030-01-31/b"


def test_a_run_with_other_golden_predictions_is_refused(outputs):
    folder = outputs / "2030-01-31" / "b"
    edit_run(folder, lambda run: run["golden"]["recommended"].reverse())
    with pytest.raises(RunError, match="does not give the answers that it gave"):
        pin_run(folder, outputs)


def test_the_history_keeps_each_run_once(outputs):
    for name in "abbaab":
        pin = pin_run(outputs / "2030-01-31" / name, outputs)
    assert [one.run for one in (pin, *pin.earlier)] == ["2030-01-31/b", "2030-01-31/a"]
    assert read_pin(outputs) == pin


@pytest.mark.parametrize("arguments", [[], ["latest", "--rollback"], ["--list", "--dry-run"]])
def test_only_one_action_is_accepted(arguments, capsys):
    assert main(["pin", *arguments]) == 2
    capsys.readouterr()


def test_the_folder_of_the_pin_can_come_from_the_environment(outputs, monkeypatch):
    monkeypatch.setenv("PLANREC_OUTPUTS", str(outputs))
    assert main(["pin", "latest"]) == 0
    assert load_pinned(outputs).folder.name == "b"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Return a sweep with two finished cells and two that failed."""
    return sweep_into(tmp_path_factory.mktemp("sweep"), "model=dummy,logistic", "cv.n_folds=2,1000")


def test_a_cell_pinned_through_its_link_is_named_by_its_folder(sweep, capsys):
    link, outputs = sweep / "0", sweep.parents[2]
    assert main(["pin", str(link), "--outputs", str(outputs)]) == 0
    assert capsys.readouterr().out.startswith(f"pinned multirun/cells/{link.resolve().name}\n")
    link.rename(sweep / "10")
    assert load_pinned(outputs).folder == (sweep / "10").resolve()
    (sweep / "10").rename(link)


def test_a_sweep_is_refused_with_the_command_to_use(sweep, tmp_path, capsys):
    assert main(["pin", str(sweep), "--outputs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{sweep} is a sweep, not one run: name a run of it, such as {sweep / '0'};" in said
    assert f"planrec leaderboard {sweep} says which is best" in said
    assert list(tmp_path.iterdir()) == []


def test_cells_of_a_sweep_can_be_compared_but_not_the_sweep(sweep, capsys):
    assert main(["compare", str(sweep / "0"), str(sweep / "2")]) == 0
    assert "model: dummy -> logistic" in capsys.readouterr().out.replace("model.kind", "model")
    assert main(["compare", str(sweep), str(sweep / "0")]) == 1
    assert "is a sweep, not one run" in capsys.readouterr().err
    assert main(["compare", str(sweep / "0")]) == 2
    assert "error: missing: B\n" in capsys.readouterr().err


def test_a_closed_output_pipe_causes_no_traceback(outputs):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "planrec", "pin", "latest", "--outputs", str(outputs)]
    with open(write, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_pin(outputs).run == "2030-01-31/b"


def test_a_pin_keeps_who_and_why(outputs, capsys):
    options = ("--outputs", str(outputs))
    assert main(["pin", "2030-01-31/b", "--reason", "first", *options]) == 0
    url = f"sqlite:///{outputs / 'decisions.sqlite'}"
    assert not (outputs / "decisions.sqlite").exists(), "it would belong to the user who pins"
    log_rows(url, DECISION)
    assert main(["pin", "2030-01-31/a", "--reason", "prices of April", *options]) == 0
    assert main(["pin", "2030-01-31/b", *options]) == 0
    assert main(["pin", "--rollback", "--reason", "complaints", *options]) == 0
    capsys.readouterr()
    assert main(["pin", "--list", *options]) == 0
    shown = capsys.readouterr().out
    user = acting_user()
    assert f"2030-01-31/a by {user}: complaints" in shown
    assert f"2030-01-31/b by {user}: no reason given" in shown
    events = rows_of(url, "SELECT actor, content FROM decision_events ORDER BY position")
    assert {actor for actor, _ in events} == {user}
    contents = [json.loads(content) for _, content in events]
    assert [content["reason"] for content in contents] == ["prices of April", None, "complaints"]
    assert [content["is_rollback"] for content in contents] == [False, False, True]
    assert main(["pin", "2030-01-31/a", "--reason", "two\nlines", *options]) == 2


def test_the_acting_user_is_not_the_one_of_the_environment(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert not acting_user.__wrapped__().startswith("somebody@")


def test_a_pin_without_a_log_that_can_be_written_stays(outputs, capsys, monkeypatch):
    (outputs / "log.sqlite").write_text("not a database")
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", f"sqlite:///{outputs / 'log.sqlite'}")
    assert main(["pin", "2030-01-31/a", "--reason", "why", "--outputs", str(outputs)]) == 1
    assert "2030-01-31/a is pinned, and only pinned.json has the reason" in capsys.readouterr().err
    assert read_pin(outputs).reason == "why"
    monkeypatch.setenv("PLANREC_DECISION_LOG__URL", "none")
    assert main(["pin", "2030-01-31/b", "--outputs", str(outputs)]) == 0


def test_a_pin_of_the_version_before_is_read(outputs):
    pin = pin_run(outputs / "2030-01-31" / "a", outputs)
    content = pin.model_dump(mode="json", by_alias=True, exclude={"pinned_by", "reason"})
    (outputs / "pinned.json").write_text(json.dumps(content | {"schema": "planrec.pin/2"}), "utf-8")
    assert load_pinned(outputs).folder.name == "a"
    assert read_pin(outputs).pinned_by is None
    assert pin_run(outputs / "2030-01-31" / "b", outputs).earlier[0].run == "2030-01-31/a"
