"""`planrec outcomes` is killed at random instants, and typed again."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from planrec.serving.decision_log.verification import verify
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import rows_of

ROWS_AT_ONCE = 20
"Many transactions for few rows: more instants at which some are on the disk and others are not."
COMMAND = f"""
import sys
from planrec.cli import main
from planrec.monitoring.outcomes import outcome_table

outcome_table.ROWS_AT_ONCE = {ROWS_AT_ONCE}
sys.exit(main(sys.argv[1:]))
"""
N_OUTCOMES = 400


def stored_rows(world: World) -> list[tuple[str, ...]]:
    """Return the stored outcomes without the time at which they came."""
    if not rows_of(world.url, "SELECT name FROM sqlite_master WHERE name = 'outcomes'"):
        return []
    return rows_of(
        world.url, "SELECT recommendation_id, event, month, content FROM outcomes ORDER BY 1, 2, 3"
    )


def kill_at(world: World, file: Path, n_rows: int) -> int:
    """Type the command, kill it as soon as this many outcomes are stored, and return its exit code."""
    words = ["outcomes", file, "--run", world.saved.folder, "--log", world.url, "--outputs", world.outputs]
    with subprocess.Popen([sys.executable, "-c", COMMAND, *map(str, words)]) as process:
        while process.poll() is None and len(stored_rows(world)) < n_rows:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    return process.returncode


@pytest.mark.nightly
def test_killed_commands_lose_and_double_nothing(world: World, tmp_path: Path) -> None:
    whole = replace(world, folder=shutil.copytree(world.folder, tmp_path / "whole"))
    rows = world.between("2018-07", "2018-11")
    assert whole.outcomes(whole.file(rows)) == 0
    file, random = world.file(rows), Random()
    instants = sorted(random.sample(range(1, N_OUTCOMES - 5 * ROWS_AT_ONCE), 3))
    codes = [kill_at(world, file, n_rows) for n_rows in instants]
    n_stored = len(stored_rows(world))
    assert -signal.SIGKILL in codes, instants
    assert n_stored % ROWS_AT_ONCE == 0, instants
    assert world.outcomes(file, "--json", world.folder / "result.json") == 0
    found = json.loads((world.folder / "result.json").read_text("utf-8"))
    assert (found["new"], found["repeated"]) == (N_OUTCOMES - n_stored, n_stored), instants
    assert found["not_stored"] == []
    assert len(stored_rows(world)) == N_OUTCOMES
    assert stored_rows(world) == stored_rows(whole)
    assert verify(world.url, {}).problems == []
