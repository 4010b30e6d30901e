"""`planrec score` when it is stopped: no half-written file, no traceback."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from planrec.cli import main
from planrec.serving.scoring.advice_manifest import read_manifest_of
from tests.serving.scoring.test_score import months_table

pytestmark = pytest.mark.e2e


@pytest.fixture
def files(tmp_path: Path, bill_run: Path) -> list[str]:
    """Arguments of the command: a file of several parts, and answers of an earlier run."""
    months = pd.concat([months_table(n=2_000, seed=seed) for seed in range(3)], keys=range(3))
    months["subscriber"] = months.index.get_level_values(0).astype(str) + months["subscriber"]
    months.to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "out.csv").write_text("the last answers", "utf-8")
    return [str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "--run", str(bill_run)]


STOPPED = """
import os, signal, sys
from planrec.cli import main
from planrec.serving.scoring import output
class Slow(output._CsvWriter):
    def write_table(self, table):
        super().write_table(table)
        os.kill(os.getpid(), signal.Signals[os.environ["SIGNAL"]])
output._CsvWriter = Slow
sys.exit(main(["score", *sys.argv[1:]]))
"""
"The command, and a signal at the moment when a part of the answers is written."


def stopped_by(name: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STOPPED, *arguments],
        env=os.environ | {"SIGNAL": name},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_ends_scoring_without_a_traceback_or_a_file(files: list[str]) -> None:
    done = stopped_by("SIGINT", files)
    assert done.returncode == 130
    assert done.stderr == f"interrupted: {files[1]} was not written\n"
    assert sorted(os.listdir(Path(files[1]).parent)) == ["in.csv", "out.csv"]
    assert Path(files[1]).read_text("utf-8") == "the last answers"


@pytest.mark.slow
def test_a_killed_process_leaves_the_last_answers(files: list[str]) -> None:
    done = stopped_by("SIGKILL", files)
    assert done.returncode == -signal.SIGKILL
    assert Path(files[1]).read_text("utf-8") == "the last answers"


def test_the_real_command_line_prints_a_summary(files: list[str]) -> None:
    command = [sys.executable, "-m", "planrec", "score", *files, "--no-reasons"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "6,000 rows" in done.stdout
    # These months have ten times the messages of the run's training; nothing else is worth a note.
    note = r"note: ([\d,]+) answers have far_outside_training in `assumptions`\n"
    counted = re.fullmatch(note, done.stderr)
    assert counted is not None
    counts = read_manifest_of(Path(files[1])).assumptions
    assert counts == {"far_outside_training": int(counted[1].replace(",", ""))}


def test_the_pinned_run_is_looked_for_where_the_server_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANREC_OUTPUTS", str(tmp_path / "elsewhere"))
    assert main(["score", str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]) == 1
    assert "elsewhere" in capsys.readouterr().err
