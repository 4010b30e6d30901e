"""kill -9 at any instant of a retrain: the next call goes on, and the pin is the old or the new one."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.files.folder_walk import complete_runs
from planrec.operating.evidence import read_evidence
from planrec.serving.pin import read_pin
from planrec.serving.pin_run import pin_run
from tests.conftest import SMALL_BILLS
from tests.trained_runs import train_into

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]

KILLS = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 2
MARGINS = ("--margin", "1", "--guard-margin", "1")
CHAMPION = "2030-01-31/12-00-00-abc123"
WORDS = ("data.n_months=16", "policy.absolute=4", "--promote", "--min-days", "0", *MARGINS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    outputs = tmp_path_factory.mktemp("outputs")
    train_into(outputs / CHAMPION, "model=rerate", "baselines=[]", small=SMALL_BILLS)
    pin_run(outputs / CHAMPION, outputs)
    return outputs


@pytest.fixture(scope="module")
def seconds(trained, tmp_path_factory) -> float:
    """Time of a retrain that nothing disturbs."""
    outputs = shutil.copytree(trained, tmp_path_factory.mktemp("whole") / "outputs")
    start = time.monotonic()
    assert started(outputs).wait(timeout=240) == 0
    assert read_pin(outputs).run != CHAMPION
    return time.monotonic() - start


def started(outputs: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "planrec", "retrain", *WORDS, "--outputs", str(outputs)]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def processes_of(outputs: Path) -> list[int]:
    """Return the running processes whose command line names the folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            named = str(outputs).encode() in file.read_bytes()
        except OSError:
            continue
        found += [int(file.parent.name)] if named else []
    return found


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_retrain_leaves_one_of_two_pins_and_the_next_call_goes_on(trained, seconds, tmp_path, kill):
    outputs = shutil.copytree(trained, tmp_path / "outputs")
    process = started(outputs)
    time.sleep(random.Random(kill).uniform(0.2, 1.05) * seconds)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    until = time.monotonic() + 30
    while (left := processes_of(outputs)) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == [], "the child goes on without its parent"
    runs = complete_runs(outputs)
    assert len(runs) <= 3
    pinned = outputs / read_pin(outputs).run
    assert pinned in runs
    assert main(["retrain", *WORDS, "--outputs", str(outputs)]) == 0
    after = complete_runs(outputs)
    assert set(runs) <= set(after)
    assert len(after) == 3, "champion, refitted champion and challenger, each trained once"
    assert read_pin(outputs).run != CHAMPION
    assert [run.run for run in read_pin(outputs).earlier] == [CHAMPION]
    outcomes = [line["outcome"] for line in read_evidence(outputs) if line["kind"] == "retrain"]
    assert outcomes[-1] == ("nothing_new" if pinned != outputs / CHAMPION else "promoted")
    assert outcomes.count("promoted") == 1, "the evidence of a killed call is completed, and not doubled"
