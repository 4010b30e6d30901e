"""Sweeps through the real command line: what is kept, what is told, and what survives a kill."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planrec.cli import main
from planrec.reports.leaderboard import leaderboard
from planrec.reports.leaderboard.board_files import as_json

pytestmark = pytest.mark.e2e

QUICK = ("target=held", "data.n_subscribers=60", "data.n_months=3", "n_bootstrap=20", "cv.n_folds=2")
GRID = ("-m", "model=dummy,logistic,lgbm", "seed=0,0", "cv.n_repeats=1,2", *QUICK)
CELLS = 6
"Cells of GRID that differ: a value given twice is one cell twice."

KILLS = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 3


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "planrec", "train", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def swept_apart(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = started(folder, *arguments)
    out, error = process.communicate(timeout=240)
    return process.returncode, out, error


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """As `swept_apart`, in this process: starting one takes most of the time of a small sweep."""

    def in_this_process(folder: Path, *arguments: str) -> tuple[int, str, str]:
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        return main(["train", *arguments]), *capsys.readouterr()

    return in_this_process


def finished(folder: Path) -> dict[str, int]:
    """Address of each complete cell -> when it was completed."""
    return {
        file.parent.name: file.stat().st_mtime_ns for file in folder.glob("outputs/multirun/cells/*/run.json")
    }


def manifests(folder: Path) -> list[Any]:
    files = folder.glob("outputs/multirun/cells/*/run.json")
    return [json.loads(file.read_text("utf-8")) for file in files]


def sweeps(folder: Path) -> list[Path]:
    return [file.parent for file in folder.glob("outputs/multirun/*/*/sweep.json")]


def board(folder: Path) -> Any:
    """The leaderboard of the one sweep in a folder, but for times and paths."""
    (sweep,) = sweeps(folder)
    return without_times(json.loads(as_json(leaderboard([sweep]))))


def without_times(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: without_times(value)
            for name, value in node.items()
            if name not in ("times", "sizes", "paths")
        }
    return [without_times(value) for value in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A folder with a whole sweep, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    start = time.monotonic()
    code, out, error = swept_apart(folder, *GRID)
    assert code == 0, error
    assert len(finished(folder)) == CELLS, out
    return folder, time.monotonic() - start


@pytest.mark.parametrize(
    "kill", [0, *(pytest.param(kill, marks=pytest.mark.nightly) for kill in range(1, KILLS))]
)
def test_a_sweep_that_was_killed_ends_as_if_it_had_not_been(undisturbed, tmp_path, swept, kill):
    whole, seconds = undisturbed
    process = started(tmp_path, *GRID)
    # At any instant: while it composes, loads, fits, saves, or after its end.
    time.sleep(random.Random(kill).uniform(0.3, 1) * seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    before = finished(tmp_path)
    code, _, error = swept(tmp_path, *GRID)
    assert code == 0, error
    after = finished(tmp_path)
    assert {address: after[address] for address in before} == before, "a finished cell was lost or repeated"
    assert after.keys() == finished(whole).keys()
    assert board(tmp_path) == board(whole)
    assert not list(tmp_path.glob("outputs/multirun/.partial/*/cells/*"))


def test_a_finished_sweep_is_linked_and_nothing_is_written_again(undisturbed, tmp_path, swept):
    shutil.copytree(undisturbed[0], tmp_path / "again", symlinks=True)
    before = finished(tmp_path / "again")
    code, out, error = swept(tmp_path / "again", *GRID)
    assert code == 0, error
    assert "12 linked" in out
    assert finished(tmp_path / "again") == before


def test_another_sweep_takes_the_cells_that_it_shares(undisturbed, tmp_path, swept):
    shutil.copytree(undisturbed[0], tmp_path / "again", symlinks=True)
    code, out, error = swept(tmp_path / "again", "-m", "model=dummy,popular", *QUICK)
    assert code == 0, error
    assert "1 done, 1 linked" in out
    assert len(sweeps(tmp_path / "again")) == 2


def test_a_run_made_alone_is_a_cell_that_a_sweep_need_not_run(tmp_path, swept):
    code, _, error = swept(tmp_path, "model=dummy", *QUICK)
    assert code == 0, error
    sweep = ("-m", "model=dummy,popular", *QUICK)
    code, out, error = swept(tmp_path, *sweep)
    assert code == 0, error
    assert "1 done, 1 linked" in out
    (alone,) = (tmp_path / "outputs").glob("*-*-*/*")
    shutil.rmtree(alone)
    code, out, error = swept(tmp_path, *sweep)
    assert code == 0, error
    assert "1 done, 1 linked" in out


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_and_the_same_command_goes_on(tmp_path, swept):
    process = started(tmp_path, *GRID, "sweep.n_jobs=2")
    while not finished(tmp_path):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert (
        "interrupted: the current run was not completed; rerun the same command to resume a sweep\n" in error
    )
    before = finished(tmp_path)
    code, out, error = swept(tmp_path, *GRID)
    assert code == 0, error
    assert "linked" in out
    after = finished(tmp_path)
    assert {address: after[address] for address in before} == before
    assert len(after) == CELLS


@pytest.mark.slow
def test_two_sweeps_at_once_share_the_work_and_do_not_collide(tmp_path):
    both = [started(tmp_path, *GRID), started(tmp_path, *GRID)]
    ends = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert len(finished(tmp_path)) == CELLS
    assert len(sweeps(tmp_path)) == 1
    assert len(board(tmp_path)["tables"]) == 2


def test_a_failing_cell_is_a_row_and_the_sweep_goes_on(tmp_path, swept):
    cells = ("-m", "cv.n_folds=1000,2", "model=dummy,popular", *QUICK[:-1])
    code, out, error = swept(tmp_path, *cells)
    assert code == 1
    assert "2 done, 2 failed" in out
    assert "error: 2 of 4 cells failed; the same command tries them again" in error
    (row,) = [line for line in error.splitlines() if line.startswith("  - cell 1 ")]
    assert row.startswith(
        "  - cell 1 (cv.n_folds=1000 model=popular): DataError: cv.n_folds=1000 needs a plan"
    )
    log = tmp_path / row.partition("(log: ")[2].removesuffix(")")
    assert "Traceback (most recent call last)" in log.read_text("utf-8")
    failure = json.loads(log.with_suffix(".json").read_text("utf-8"))
    assert failure["type"] == "DataError"
    assert failure["overrides"][:2] == ["cv.n_folds=1000", "model=popular"]


def test_a_sweep_stops_after_too_many_failures(tmp_path, swept):
    cells = ("-m", "cv.n_folds=1000,1001,1002,2", "model=dummy", *QUICK[:-1], "sweep.max_failures=1")
    code, out, error = swept(tmp_path, *cells)
    assert code == 1
    assert "2 failed, 2 not run" in out
    assert error.endswith("  - 2 cells were not run: sweep.max_failures=1\n")


def test_data_that_cannot_be_read_fails_its_cells_alone(tmp_path, swept):
    rows = "".join(f"{row % 7},{('a', 'b')[row % 2]}\n" for row in range(40))
    (tmp_path / "there.csv").write_text(f"calls,plan\n{rows}", "utf-8")
    table = ("data=table", "data.plan_column=plan", "n_bootstrap=20", "model=dummy")
    code, out, error = swept(tmp_path, "-m", "data.path=there.csv,gone.csv", *table)
    assert code == 1
    assert "1 done, 1 failed" in out
    assert "cell 1 (data.path=gone.csv): DataError: data.path: no file 'gone.csv'" in error


def test_bad_cells_are_told_together_and_nothing_runs(tmp_path, swept):
    code, out, error = swept(tmp_path, "-m", "model=dummy,lgmb", "seed=0,-1", *QUICK)
    assert code == 2
    assert out == ""
    assert error.splitlines()[0] == "error: the configuration does not describe a run, so no cell was run"
    assert "seed = -1: must be 0 or more (from override seed=-1) [cells 1, 3]" in error
    assert "model = 'lgmb': no such option (did you mean 'lgbm'?)" in error
    assert error.splitlines()[-1].endswith("(from override model=lgmb) [cells 2, 3]")
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    "typed",
    [
        "+seed=1,2",
        "~nope",
        "waivers={foo:bar}",
        "cv.typo={a:1},2",
        "data@foo=simulator",
        "experiment=which_features_matter,row_splits_against_grouped",
    ],
)
def test_a_mistake_of_any_kind_is_told_without_a_traceback(tmp_path, swept, typed):
    code, out, error = swept(tmp_path, "-m", typed, "model=dummy,popular", *QUICK)
    assert (code, out) == (2, ""), error
    assert error.startswith("error: the configuration does not describe a run")
    assert "Traceback" not in error
    assert not (tmp_path / "outputs").exists()


def test_what_was_typed_in_square_brackets_is_no_markup(tmp_path, swept):
    code, out, error = swept(tmp_path, "-m", 'owner="[/x]","[b]"', "model=dummy", *QUICK)
    assert code == 0, error
    assert "[/x]" in out
    assert "[b]" in out


def damaged(folder: Path, how: str) -> None:
    cell = sorted((folder / "outputs" / "multirun" / "cells").iterdir())[0]
    if how == "broken":
        (cell / "run.json").write_text("{", "utf-8")
    else:
        (cell / "model.skops").unlink()


@pytest.mark.parametrize("how", ["broken", "incomplete"])
def test_a_damaged_cell_is_a_row_with_its_remedy_and_the_others_go_on(tmp_path, swept, how):
    cells = ("model=dummy,popular", *QUICK)
    code, _, error = swept(tmp_path, "-m", *cells)
    assert code == 0, error
    damaged(tmp_path, how)
    code, out, error = swept(tmp_path, "-m", *cells)
    assert code == 1
    assert "1 linked, 1 failed" in out
    remedy = error.partition("remove ")[2].partition(", and the same command runs it again")[0]
    shutil.rmtree(tmp_path / remedy)
    code, out, error = swept(tmp_path, "-m", *cells)
    assert code == 0, error
    assert "1 done, 1 linked" in out


def test_a_place_that_cannot_be_written_is_told(tmp_path, swept):
    (tmp_path / "outputs").write_text("in the way", "utf-8")
    code, _, error = swept(tmp_path, "-m", "model=dummy", *QUICK)
    assert code == 1
    assert error.startswith("error: outputs/multirun must be a folder that can be written: ")
    code, _, error = swept(tmp_path, "model=dummy", *QUICK)
    assert code == 1
    assert error.startswith("error: a run could not begin: ")


@pytest.mark.parametrize(("group", "instead"), [("launcher", "sweep.executor"), ("sweeper", "search=")])
def test_other_launchers_and_sweepers_are_refused_by_name(tmp_path, swept, group, instead):
    code, _, error = swept(tmp_path, "-m", "model=dummy,popular", f"hydra/{group}=other")
    assert code == 2
    assert f"hydra/{group}=other is not used: the only one is " in error
    assert instead in error


def test_every_model_is_swept_by_a_pattern(tmp_path, swept):
    pattern = "model=glob(*,exclude=[cond*,ens*,estimator,fore*,hist_*,lgbm_bills,rerate*,stay,cheapest_fee])"
    code, out, error = swept(tmp_path, "-m", pattern, *QUICK)
    assert code == 0, error
    assert "4 done" in out
    assert len(finished(tmp_path)) == 4


def test_the_command_of_a_cell_repeats_it_alone(tmp_path, swept):
    code, _, error = swept(tmp_path, "-m", "model=dummy", "waivers.overlap='it is, fine','no'", *QUICK)
    assert code == 0, error
    runs = [
        json.loads(file.read_text("utf-8")) for file in tmp_path.glob("outputs/multirun/cells/*/run.json")
    ]
    assert len({run["address"] for run in runs}) == 2
    done = subprocess.run(
        runs[0]["command"], shell=True, cwd=tmp_path, check=False, capture_output=True, env=on_path()
    )
    assert done.returncode == 0, done.stderr
    (alone,) = [json.loads(f.read_text("utf-8")) for f in tmp_path.glob("outputs/*-*-*/*/run.json")]
    assert alone["address"] == runs[0]["address"]
    assert alone["files"]["model.skops"] == runs[0]["files"]["model.skops"]


def on_path() -> dict[str, str]:
    """The environment in which `python` is the interpreter of these tests."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


SEARCH = ("-m", "search=logistic", *QUICK)


@pytest.mark.slow
def test_a_search_tries_values_and_goes_on_where_it_was(tmp_path, swept):
    code, out, error = swept(tmp_path, *SEARCH, "search.n_trials=3")
    assert code == 0, error
    assert "3 done" in out
    assert "cv=nested with the same search reports on decisions that no choice has seen" in out
    first = finished(tmp_path)
    code, out, error = swept_apart(tmp_path, *SEARCH, "search.n_trials=5", "sweep.n_jobs=2")
    assert code == 0, error
    assert "2 done, 3 linked" in out
    assert {address: finished(tmp_path)[address] for address in first} == first
    assert len(sweeps(tmp_path)) == 1
    runs = [
        json.loads(file.read_text("utf-8")) for file in tmp_path.glob("outputs/multirun/cells/*/run.json")
    ]
    assert len({run["config"]["model"]["inverse_penalty"] for run in runs}) == 5
    assert all(run["selected"] and run["config"]["search"] is None for run in runs)


def test_a_search_for_fewer_trials_than_before_shows_all(tmp_path, swept):
    for n_trials, told in ((2, "2 done"), (1, "2 linked")):
        code, out, error = swept(tmp_path, *SEARCH, f"search.n_trials={n_trials}")
        assert code == 0, error
        assert f": {told}\n" in out
    (study,) = tmp_path.glob("outputs/multirun/*/*/study.sqlite3")
    study.write_text("no study", "utf-8")
    code, _, error = swept(tmp_path, *SEARCH, "search.n_trials=2")
    assert code == 1
    assert "is not a study that can be read; remove it: finished trials are kept as cells" in error
    assert "Traceback" not in error


@pytest.mark.nightly
def test_a_search_that_was_killed_goes_on(tmp_path, swept):
    process = started(tmp_path, *SEARCH, "search.n_trials=6")
    while len(finished(tmp_path)) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    before = finished(tmp_path)
    code, out, error = swept(tmp_path, *SEARCH, "search.n_trials=6")
    assert code == 0, error
    assert {address: finished(tmp_path)[address] for address in before} == before
    assert len(finished(tmp_path)) == 6
    assert "6 done" not in out


def test_a_search_of_several_cells_is_refused(tmp_path, swept):
    code, _, error = swept(tmp_path, *SEARCH, "seed=0,1")
    assert code == 2
    assert "a search is a sweep of its own: give every key one value, got seed=0 and others" in error


def test_a_search_without_a_sweep_tunes_nothing_and_says_so(tmp_path, swept):
    code, _, error = swept(tmp_path, *SEARCH[1:])
    assert code == 2
    assert (
        "search=logistic tunes nothing with cv=grouped: type -m for a sweep of trials, or cv=nested" in error
    )


def test_a_cluster_is_not_asked_for_where_ray_is_not_installed(tmp_path, swept, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, error = swept(tmp_path, "-m", "model=dummy,popular", *QUICK, "sweep.executor=ray")
    assert code == 2
    assert "sweep.executor=ray needs Ray: type pip install 'planrec[ray]'" in error


@pytest.mark.nightly
def test_the_same_cells_run_on_ray(undisturbed, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'planrec[ray]'")
    code, _, error = swept_apart(tmp_path, *GRID, "sweep.executor=ray", "sweep.n_jobs=2")
    assert code == 0, error
    assert finished(tmp_path).keys() == finished(undisturbed[0]).keys()
    assert without_commands(board(tmp_path)) == without_commands(board(undisturbed[0]))


def without_commands(node: Any) -> Any:
    """Who ran a cell stands in its command, and is no part of its address."""
    if isinstance(node, dict):
        return {name: without_commands(value) for name, value in node.items() if name != "command"}
    return [without_commands(value) for value in node] if isinstance(node, list) else node
