"""A file is read in the same way in one part as in parts of one to three rows, and as training reads it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from planrec.data.reading import numerals, parquet_file, text_file
from planrec.data.reading.column_types import text_of
from planrec.runs.read import SavedRun, load_run
from tests.data.reading.test_one_reader import months_option
from tests.serving.scoring.test_score import USAGE, months_table, read_same, score, scored

SIZES = [1, 2, 3, 10_000]


@pytest.fixture(scope="module")
def saved(bill_run: Path) -> SavedRun:
    return load_run(bill_run)


@pytest.fixture(params=SIZES)
def few_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr(parquet_file, "BATCH_ROWS", size)
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 120 * size)
    monkeypatch.setattr(numerals, "EXAMINED_ROWS", 3)
    return size


def whole(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(dict.fromkeys(USAGE, int))


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize(("cell", "amount"), [("7,5", 1721.0), ("7.5", 1.72)])
def test_one_cell_shows_the_decimal_mark_of_the_whole_column(
    saved: SavedRun, tmp_path: Path, cell: str, amount: float
) -> None:
    table = whole(months_table()).astype({"sms": object})
    table.loc[9, "sms"], table.loc[24, "sms"] = amount, 7.5
    plain = scored(saved, table, tmp_path)
    table.loc[9, "sms"], table.loc[24, "sms"] = "1.721", cell
    file = tmp_path / "doubtful.csv"
    table.to_csv(file, index=False, sep=";")
    assert score(file, tmp_path / "advice.csv", "--run", saved.folder) == 0
    assert read_same(tmp_path / "advice.csv").equals(read_same(plain))
    assert months_option(file).load(None).usage["sms"][9] == amount


@pytest.mark.usefixtures("few_rows")
def test_without_such_a_cell_the_file_is_refused(saved: SavedRun, tmp_path: Path, capsys: Any) -> None:
    table = whole(months_table()).astype({"sms": object})
    table.loc[9, "sms"] = "1.721"
    table.to_csv(tmp_path / "doubtful.csv", index=False, sep=";")
    assert score(tmp_path / "doubtful.csv", tmp_path / "advice.csv", "--run", saved.folder) == 1
    assert "must have one reading: '1.721'" in capsys.readouterr().err


def in_evenings(table: pd.DataFrame) -> pd.DataFrame:
    """Store months as instants one hour before they begin."""
    return table.assign(month=pd.to_datetime(table["month"]) - pd.Timedelta(hours=1))


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_months_of_another_zone_are_refused_for_the_whole_file(
    saved: SavedRun, tmp_path: Path, suffix: str, capsys: Any
) -> None:
    table, source = in_evenings(months_table(n=3)), tmp_path / f"in.{suffix}"
    table.to_csv(source, index=False) if suffix == "csv" else table.to_parquet(source, index=False)
    assert score(source, tmp_path / "advice.csv", "--run", saved.folder) == 1
    message = capsys.readouterr().err
    assert "in another time zone" in message
    assert "(15 such rows" in message
    assert not (tmp_path / "advice.csv").exists()


@pytest.mark.usefixtures("few_rows")
def test_one_other_instant_shows_that_evenings_are_meant(saved: SavedRun, tmp_path: Path) -> None:
    table = in_evenings(months_table(n=3))
    table.loc[14, "month"] = table.loc[14, "month"] - pd.Timedelta(days=3)
    shifted = table.assign(month=table["month"].dt.strftime("%Y-%m"))
    plain = read_same(scored(saved, shifted, tmp_path))
    assert read_same(scored(saved, table, tmp_path, "parquet")).equals(plain)


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_subscribers_may_be_blank_by_an_option(
    saved: SavedRun, tmp_path: Path, suffix: str, capsys: Any
) -> None:
    table = months_table()
    table["subscriber"] = table["subscriber"].replace({"s0002": "?", "s0003": "none yet"})
    source = tmp_path / f"in.{suffix}"
    table.to_csv(source, index=False) if suffix == "csv" else table.to_parquet(source, index=False)
    run = ("--run", saved.folder)
    assert score(source, tmp_path / "advice.csv", *run) == 1
    assert "column 'subscriber' must not be blank" in capsys.readouterr().err
    assert score(source, tmp_path / "advice.csv", 'data.blank=["none yet"]', *run) == 1
    assert "'subscriber' must not be blank (none yet counts as blank)" in capsys.readouterr().err
    assert score(source, tmp_path / "advice.csv", "data.blank=[-]", *run) == 0


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize(("factor", "size", "unit"), [(1 / 9000, "tiny", "GB"), (9000, "huge", "kB")])
def test_usage_of_another_size_is_doubted(
    saved: SavedRun, tmp_path: Path, factor: float, size: str, unit: str, capsys: Any
) -> None:
    table = months_table()
    table["data_mib"] = (table["data_mib"] * factor).clip(0.01, 9e8).round(2)
    target = scored(saved, table, tmp_path)
    note = f"usage 'data_mib' is {size} against every allowance of the catalogue"
    assert f"note: {note}" in capsys.readouterr().err
    (noted,) = json.loads((tmp_path / "out.csv.manifest.json").read_text("utf-8"))["notes"]
    assert noted.startswith(note)
    assert noted.endswith(f"type data.units.data_mib={unit}")
    trained = months_option(tmp_path / "in.csv").load(saved.recommender.catalogue).notes
    assert noted in trained
    assert target.exists()


def test_a_number_has_one_text_in_every_part() -> None:
    numbers = [79161234567.0, 7.0, 7.5, None, 1e300, -0.0]
    together = text_of(pa.chunked_array([numbers], pa.float64())).to_pylist()
    assert together == [text_of(pa.chunked_array([[cell]], pa.float64()))[0].as_py() for cell in numbers]
    assert together[:3] == ["79161234567", "7", "7.5"]


def test_a_plan_has_one_code_in_every_part(
    saved: SavedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planrec.data.reading.bad_rows import BrokenRules
    from planrec.data.reading.input_file import POSITION
    from planrec.serving.scoring.part_columns import PartColumns

    def read(cells: list[str]) -> list[int]:
        part = pa.table({"plan": cells, POSITION: np.arange(len(cells))})
        return PartColumns(part, BrokenRules()).plans("plan", ("1", "2.0", "max"), {}).tolist()

    cells = ["1.0", "2.0", "max", "1"]
    assert read(cells) == [0, 1, 2, 0] == [read([cell])[0] for cell in cells]
