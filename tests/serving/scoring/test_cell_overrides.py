"""`planrec score` takes the overrides that its reader advises, records them, and replays with them."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planrec.cli import main
from planrec.runs.read import SavedRun
from planrec.schema.cell_form import CellForm
from planrec.serving.scoring.cell_overrides import changed_cells
from tests.serving.scoring.test_score import USAGE, months_table, read_same, score, scored


def whole(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(dict.fromkeys(USAGE, int))


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """Make a file with 1.721 messages, which can be 1721."""
    table = whole(months_table()).astype({"sms": str})
    table.loc[4, "sms"] = "1.721"
    table.to_csv(tmp_path / "doubtful.csv", index=False, sep=";")
    return tmp_path / "doubtful.csv"


def test_the_advice_of_the_reader_works_in_score_and_is_replayed(
    saved: SavedRun, doubtful: Path, tmp_path: Path, capsys: Any
) -> None:
    run, target = ("--run", saved.folder), tmp_path / "advice.csv"
    assert score(doubtful, target, *run) == 1
    advised = re.findall(r"type (\S+) or (\S+)", capsys.readouterr().err)[0]
    assert advised == ("data.decimal=point", "data.decimal=comma")
    assert score(doubtful, target, advised[1], *run) == 0
    table = whole(months_table())
    table.loc[4, "sms"] = 1721
    assert read_same(target).equals(read_same(scored(saved, table, tmp_path)))
    manifest = json.loads((tmp_path / "advice.csv.manifest.json").read_text("utf-8"))
    assert manifest["overrides"] == ["data.decimal=comma"]
    assert "data.decimal=comma" in shlex.split(manifest["command"])
    found = ("--file", str(target), "--input", str(doubtful), "--outputs", str(saved.folder.parents[1]))
    assert main(["replay", *found, "s0000"]) == 0
    assert "equal, every cell" in " ".join(capsys.readouterr().out.split())


def test_another_reading_has_other_names_of_rows(saved: SavedRun, doubtful: Path, tmp_path: Path) -> None:
    ids = []
    for mark in ("point", "comma"):
        target = tmp_path / f"{mark}.csv"
        assert score(doubtful, target, "--run", saved.folder, f"data.decimal={mark}") == 0
        ids.append(set(pd.read_csv(target)["recommendation_id"]))
    assert not ids[0] & ids[1]


def test_a_sheet_and_units_can_be_named(saved: SavedRun, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    table, book = months_table(), tmp_path / "book.xlsx"
    with pd.ExcelWriter(book) as writer:
        table.assign(data_mib=table["data_mib"] / 1024).to_excel(writer, sheet_name="May", index=False)
        table.to_excel(writer, sheet_name="June", index=False)
    target, plain = tmp_path / "advice.csv", scored(saved, table, tmp_path)
    assert score(book, target, "--run", saved.folder) == 1
    assert score(book, target, "data.sheet=June", "--run", saved.folder) == 0
    assert read_same(target).equals(read_same(plain))
    assert score(book, target, "data.sheet=May", "--run", saved.folder, "data.units.data_mib=GiB") == 0
    bills = [pd.read_csv(file)["bill"] for file in (target, plain)]
    assert (bills[0] - bills[1]).abs().max() < 0.5


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("data.decimals=comma", "no such key (did you mean 'data.decimal'?); allowed: data.blank"),
        ("data.path=x.csv", "no such key"),
        ("data.decimal=comma,point", "expected KEY=VALUE with one value"),
        ("data.decimal=semicolon", "must be one of detect, point, comma"),
        ("data.units.data_mib=h", "must be one of B, kB, MB"),
    ],
)
def test_other_overrides_are_refused(
    saved: SavedRun, doubtful: Path, typed: str, said: str, capsys: Any
) -> None:
    assert score(doubtful, doubtful.with_name("out.csv"), "--run", saved.folder, typed) == 2
    assert said in capsys.readouterr().err
    assert not doubtful.with_name("out.csv").exists()


def test_words_that_are_no_overrides_are_refused(doubtful: Path, capsys: Any) -> None:
    assert score(doubtful, "out.csv", "comma", "--dezimal") == 2
    assert "unknown arguments for planrec score: comma --dezimal" in capsys.readouterr().err


def test_overrides_change_only_their_part_of_the_run() -> None:
    of_run = CellForm(decimal="comma", blank=("NA",), units={"data_mib": "GB", "voice_minutes": "h"})
    changed = changed_cells(of_run, ["data.units.data_mib=null", 'data.blank=["${x}", "-"]'])
    assert changed == CellForm(decimal="comma", blank=("${x}", "-"), units={"voice_minutes": "h"})
