"""The real command lines in an empty folder, in processes of their own or in this one.

A process takes seconds to start: exit codes, signals and servers need one, words and files do not.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.errors import FitError
from tests.conftest import STRANGERS_TABLE

pytestmark = pytest.mark.e2e

QUICK = ("n_bootstrap=20", "threads=1")
HELD = ("target=held", "data.n_subscribers=60", "data.n_months=3", *QUICK)
SIMULATED = (*HELD, "cv.n_folds=2")


def planrec(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planrec", *words],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function like `planrec` that runs the command in this process."""

    def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(folder)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = main(words)
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    return run


def runs_below(folder: Path) -> list[Path]:
    return [file.parent for file in (folder / "outputs").glob("**/run.json")]


def assert_trained(done: subprocess.CompletedProcess[str], folder: Path, runs: int = 1) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("pin it: planrec pin outputs/") == runs
    assert len(runs_below(folder)) == runs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An empty folder in which one run was trained."""
    folder = tmp_path_factory.mktemp("trained")
    assert_trained(planrec(folder, "train", *SIMULATED), folder)
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with a sweep of two models, and what the sweep said."""
    folder = tmp_path_factory.mktemp("swept")
    return folder, planrec(folder, "train", "-m", "model=dummy,logistic", *SIMULATED)


def test_train_pin_and_serve(trained, tmp_path):
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    assert planrec(tmp_path, "pin", "latest").returncode == 0
    server = subprocess.Popen(
        [sys.executable, "-m", "planrec", "serve", "--port", "0"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = address_of(server)
        with urllib.request.urlopen(f"{address}/run/schema") as answer:
            example = json.load(answer)["examples"][0]
        request = urllib.request.Request(
            f"{address}/predict", json.dumps(example).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["decision"] == "recommend"
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)


def address_of(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    for line in server.stderr:
        if "running on" in line:
            return line.split("running on ")[1].split()[0]
    raise AssertionError("the server ended before it listened")


def test_train_for_the_lowest_future_bill_as_by_default(tmp_path, typed):
    small = ("data.n_subscribers=80", "cv.n_folds=2", "baselines=[rerate_3]", *QUICK)
    done = typed(tmp_path, "train", "model=lgbm", *small)
    assert_trained(done, tmp_path)
    assert "regret ↓" in done.stdout


def test_train_on_megaline_ru(tmp_path, shared_data, typed):
    environment = {"PLANREC_DATA": str(shared_data)}
    done = typed(tmp_path, "train", "data=megaline_ru", "cv.n_folds=2", *QUICK, **environment)
    assert_trained(done, tmp_path)


@pytest.mark.slow
def test_train_on_a_strangers_table(tmp_path):
    (tmp_path / "customers.csv").write_text(STRANGERS_TABLE, "utf-8")
    table = ("data=table", "data.path=customers.csv", "data.plan_column=tariff")
    assert_trained(planrec(tmp_path, "train", *table, *QUICK), tmp_path)
    assert planrec(tmp_path, "pin", "latest").returncode == 0
    folder = str(runs_below(tmp_path)[0])
    card = planrec(tmp_path, "card", "model", folder)
    assert card.stdout.startswith("# Model card: lgbm for `target=held`")
    assert "`region`" in planrec(tmp_path, "card", "data", folder).stdout


def test_multirun_trains_every_combination(swept):
    folder, done = swept
    assert done.returncode == 0, done.stderr
    assert len(runs_below(folder)) == 2
    assert "2 done" in done.stdout


def test_runs_are_ranked_and_compared(swept, tmp_path, typed):
    shutil.copytree(swept[0] / "outputs", tmp_path / "outputs", symlinks=True)
    done = typed(tmp_path, "leaderboard", "--csv", "board.csv", "--html", "board.html")
    assert done.returncode == 0, done.stderr
    assert "to the best" in done.stdout
    assert "model=logistic" in (tmp_path / "board.csv").read_text("utf-8")
    assert (tmp_path / "board.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    # By their numbers: addresses change with the code, and with them their order.
    (sweep,) = tmp_path.glob("outputs/multirun/*/*/sweep.json")
    done = typed(tmp_path, "compare", str(sweep.parent / "0"), str(sweep.parent / "1"))
    assert done.returncode == 0, done.stderr
    assert "model.kind: dummy -> logistic" in done.stdout


def test_a_run_is_explained(trained, tmp_path, typed):
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    done = typed(tmp_path, "explain", "latest", "--repeats", "1", "--csv", "features.csv")
    assert done.returncode == 0, done.stderr
    assert "log_loss worse by" in done.stdout
    assert (tmp_path / "features.csv").read_text("utf-8").startswith("feature,log_loss_worse_by,")


def test_a_leaderboard_of_nothing_is_told(tmp_path, typed):
    (tmp_path / "outputs").mkdir()
    done = typed(tmp_path, "leaderboard")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no run below outputs: train one with planrec train")


def test_a_wrong_option_ends_the_process_with_2(tmp_path):
    done = planrec(tmp_path, "train", "model=lgmb")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the configuration does not describe a run\n  - ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "argument", ["model=lgmb", "+typo=3", "model.typo=3", "data.n_subscribers=-1", "modle=x"]
)
def test_wrong_configuration_exits_with_2_without_a_traceback_or_a_file(tmp_path, argument, typed):
    done = typed(tmp_path, "train", argument)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the configuration does not describe a run\n  - ")
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_debugging_shows_a_traceback(tmp_path):
    done = planrec(tmp_path, "train", "model=lgmb", PLANREC_DEBUG="1")
    assert "Traceback" in done.stderr


def test_a_missing_file_is_told_without_a_traceback(tmp_path, typed):
    done = typed(tmp_path, "train", "data=table", "data.path=nowhere.csv", "data.plan_column=plan")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


NEIGHBOURS = (
    "model=estimator",
    "model.class_path=sklearn.neighbors.KNeighborsClassifier",
    "+model.parameters.n_neighbors=100",
)


def test_a_model_that_cannot_be_fitted_is_told_without_a_traceback_or_a_file(tmp_path, typed):
    done = typed(tmp_path, "train", *NEIGHBOURS, *SIMULATED)
    assert done.returncode == 1
    assert done.stderr.startswith("error: model estimator failed in fold 0, fitted on ")
    assert "  - ValueError: Expected n_neighbors <= n_samples_fit" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_debugging_shows_where_a_model_could_not_be_fitted(tmp_path, typed):
    with pytest.raises(FitError) as caught:
        typed(tmp_path, "train", *NEIGHBOURS, *SIMULATED, PLANREC_DEBUG="1")
    assert "in kneighbors" in "".join(traceback.format_exception(caught.value))


@pytest.mark.slow
def test_runs_started_together_do_not_share_a_folder(tmp_path):
    command = [sys.executable, "-m", "planrec", "train", "model=dummy", *SIMULATED]
    started = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(timeout=240) for process in started] == [0, 0]
    assert len(runs_below(tmp_path)) == 2


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_run_is_recognised_as_incomplete(tmp_path, stop, code):
    process = subprocess.Popen(
        [sys.executable, "-m", "planrec", "train", "target=held", "data.n_subscribers=20000"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (started := list((tmp_path / "outputs").glob("*/*/config.json"))):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(stop)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert "Traceback" not in error
    done = planrec(tmp_path, "pin", str(started[0].parent))
    assert done.returncode == 1
    assert "the run did not finish" in done.stderr


def test_serving_with_nothing_pinned_names_the_command_that_pins(tmp_path):
    done = planrec(tmp_path, "serve")
    assert done.returncode == 1
    assert "planrec pin latest" in done.stderr


def test_help_lists_groups_and_options(tmp_path, typed):
    done = typed(tmp_path, "train", "--help")
    assert done.returncode == 0
    assert "\nmodel\n" in done.stdout
    assert "* forecast" in done.stdout
