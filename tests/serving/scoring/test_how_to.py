"""docs/how-to/score-a-file.md does what it says."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from planrec.cli import main
from planrec.serving.pin_run import pin_run
from tests.conftest import REPOSITORY
from tests.serving.scoring.test_score import months_table

PAGE = (REPOSITORY / "docs" / "how-to" / "score-a-file.md").read_text("utf-8")


def test_the_printed_commands_write_the_printed_columns(
    bill_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (csv,) = re.findall(r"```csv\n(.*?)```", PAGE, flags=re.DOTALL)
    header, rows = csv.split("\n", 1)
    assert header == ",".join(months_table().columns)
    Path("months.csv").write_text(f"{header}\n{rows}", "utf-8")
    folder = Path("outputs", *bill_run.parts[-2:])
    shutil.copytree(bill_run, folder)
    pin_run(folder, Path("outputs"))
    commands = re.findall(r"^planrec ((?:score|replay) .*)$", PAGE, flags=re.MULTILINE)
    assert [main(command.split()) for command in commands] == [0] * 6
    columns = re.findall(r"^\| (`.*?) \|", PAGE, flags=re.MULTILINE)
    printed = [name for cell in columns for name in re.findall(r"`(\w+)`", cell)]
    assert pq.read_schema("consejos.parquet").names == printed
    assert pq.read_schema("advice.parquet").names == printed[:-2]
    assert "s0001" in Path("advice.csv").read_text("utf-8")
    (advice,) = pq.read_table("consejos.parquet").to_pylist()
    assert advice["sentence"].startswith("No podemos aconsejarle todavía")
    assert advice["sentence_short"].startswith("No podemos aconsejarle")
