"""The commands of docs/how-to/read-untidy-files.md read the files that they are for."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from planrec.config.compose import compose
from planrec.schema.tables import UsageHistory
from tests.conftest import REPOSITORY

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is missing: install planrec[xlsx]")
PAGE = (REPOSITORY / "docs/how-to/read-untidy-files.md").read_text("utf-8")
COMMANDS = re.findall(r"^planrec train (.*)$", PAGE, re.MULTILINE)
MONTHS = "subscriber,month,plan,voice_calls,voice_minutes,sms,data_mib\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("usage.csv").write_text("plan;n;m\na;1;2\nb;2;3\n")
    Path("months.csv").write_text(f"{MONTHS}s,2018-01,a,3,90,1,1\ns,2018-02,a,3,60,1,2.097152\n")
    book = openpyxl.Workbook()
    for name in ("April", "May"):
        sheet = book.create_sheet(name)
        for line in (["plan", "n"], ["a", 1], ["b", 2]):
            sheet.append(line)
    book.save("usage.xlsx")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_its_file(command: str) -> None:
    loaded = compose(*shlex.split(command)).data.load(None)
    assert len(loaded if isinstance(loaded, UsageHistory) else loaded.label) == 2


def test_units_of_the_page_are_those_of_the_bill() -> None:
    (command,) = [command for command in COMMANDS if "units" in command]
    history = compose(*shlex.split(command)).data.load(None)
    np.testing.assert_allclose(history.usage["data_mib"], [953.67, 2000])
    np.testing.assert_allclose(history.usage["voice_minutes"], [1.5, 1])
