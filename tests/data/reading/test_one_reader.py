"""Training and scoring read one file in one way, and refuse it with the same words."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from planrec.data.table import Table
from planrec.data.usage_months import UsageMonths
from planrec.errors import DataError
from planrec.runs.read import SavedRun, load_run
from planrec.serving.scoring.score_file import Scored, score_file
from planrec.serving.scoring.scorer import Scorer
from tests.conftest import REPOSITORY
from tests.serving.scoring.test_score import months_table


@pytest.fixture(scope="module")
def saved(bill_run: Path) -> SavedRun:
    return load_run(bill_run)


def months_option(file: Path) -> UsageMonths:
    values: dict[str, Any] = yaml.safe_load((REPOSITORY / "conf/data/usage_months.yaml").read_text("utf-8"))
    del values["defaults"]
    columns = values["usage_columns"] | {"voice_minutes_billed": "voice_minutes_billed"}
    return UsageMonths(**values | {"path": str(file), "plan_column": "plan_held", "usage_columns": columns})


def refusal_of_training(file: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        months_option(file).load(None)
    return caught.value


def score(saved: SavedRun, file: Path) -> Scored:
    scorer = Scorer(saved, "en", has_reasons=False)
    return score_file(scorer, file, file.with_name("out.csv"), lambda share: None)


def refusal_of_scoring(saved: SavedRun, file: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        score(saved, file)
    return caught.value


def lines_of(table: pd.DataFrame) -> list[str]:
    return table.to_csv(index=False).splitlines()


UNREADABLE: dict[str, bytes] = {
    "empty.csv": b"",
    "header.csv": b"subscriber,month\n",
    "sheet.csv": b"PK\x03\x04",
    "packed.csv": b"\x1f\x8b\x08",
    "text.parquet": b"subscriber",
    "cut.parquet": b"PAR1 and no more PAR1",
    "nul.csv": b"subscriber,mon\x00th\n",
    "utf8.csv": "subscriber,month\nñ,é\nü,á\nó".encode() + b"\xff,\n",
    "mark.csv": b"\xff\xfea",
    "names.csv": b"month,month\n1,2\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_read_are_refused_with_one_message(
    saved: SavedRun, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    content = UNREADABLE[name]
    if name == "header.csv":
        content = f"{lines_of(months_table())[0]}\n".encode()
    file.write_bytes(content)
    assert str(refusal_of_training(file)) == str(refusal_of_scoring(saved, file))


@pytest.mark.parametrize("row", ["s0009,2026-01", "s0009,2026-01,mini,1,1,1,1,1,1", '"s0009,2026-01'])
def test_rows_of_another_width_are_refused_with_one_message(
    saved: SavedRun, tmp_path: Path, row: str
) -> None:
    file = tmp_path / "months.csv"
    file.write_text("\n".join([*lines_of(months_table()), row, ""]), "utf-8")
    assert str(refusal_of_training(file)) == str(refusal_of_scoring(saved, file))


@pytest.mark.parametrize("cell", ["", "None", "lots", "inf", "-4", "2e9"])
def test_amounts_break_the_same_rule_on_the_same_line(saved: SavedRun, tmp_path: Path, cell: str) -> None:
    file = tmp_path / "months.csv"
    file.write_text("\n".join([*lines_of(months_table()), f"s0009,2026-01,mini,1,1,1,{cell},1", ""]), "utf-8")
    trained = refusal_of_training(file).problems
    scored = refusal_of_scoring(saved, file).problems
    assert [line.replace(" (data.usage_columns.sms)", "") for line in trained] == list(scored)
    assert "line 37" in scored[0]
    assert len(scored) == (2 if cell in ("None", "-4") else 1)  # the line below says what to do


def test_blank_rows_of_a_spreadsheet_are_skipped_by_both(saved: SavedRun, tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    lines = lines_of(months_table())
    file.write_text("\n".join([lines[0], ",,,,,,,", *lines[1:], "", ",,,,,,,", ""]), "utf-8")
    assert score(saved, file).rows == len(set(months_option(file).load(None).subscriber)) == 7


def test_rows_are_named_by_their_number_in_parquet(saved: SavedRun, tmp_path: Path) -> None:
    table = months_table().astype({"sms": float})
    table.loc[3, "sms"] = -1
    table.to_parquet(tmp_path / "months.parquet")
    trained, *hints = refusal_of_training(tmp_path / "months.parquet").problems
    scored, *same_hints = refusal_of_scoring(saved, tmp_path / "months.parquet").problems
    assert trained.replace(" (data.usage_columns.sms)", "") == scored
    assert scored.endswith("at row 4")
    assert (
        hints == same_hints == ["an amount below 0 is a correction: net it with the month that it corrects"]
    )


def test_data_table_uses_the_same_reader(tmp_path: Path) -> None:
    """`data=table` has no reader of its own."""
    values: dict[str, Any] = yaml.safe_load((REPOSITORY / "conf/data/table.yaml").read_text("utf-8"))
    del values["defaults"]
    file = tmp_path / "table.csv"
    file.write_text('n,plan\n"1"x,a\n2,b\n', "utf-8")
    loaded = Table(**values | {"path": str(file), "plan_column": "plan"}).load(None)
    assert loaded.columns["n"].tolist() == ["1x", "2"]
