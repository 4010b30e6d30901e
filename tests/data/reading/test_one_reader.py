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
from tests.serving.scoring.test_score import USAGE, months_table


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


def german(table: pd.DataFrame) -> pd.DataFrame:
    """Write amounts as 1.234,50."""
    swapped = str.maketrans(",.", ".,")
    return table.assign(
        **{name: [f"{value:,.2f}".translate(swapped) for value in table[name]] for name in USAGE}
    )


def advice(saved: SavedRun, file: Path) -> pd.DataFrame:
    score(saved, file)
    # An id is that of the file: two files with one content have two.
    return pd.read_csv(file.with_name("out.csv")).drop(columns="recommendation_id")


@pytest.mark.parametrize("form", ["thousands", "spreadsheet"])
def test_other_forms_of_a_file_are_trained_and_scored_as_the_plain_one(
    saved: SavedRun, tmp_path: Path, form: str
) -> None:
    table = months_table()
    plain, other = tmp_path / "plain.csv", tmp_path / f"other.{'csv' if form == 'thousands' else 'xlsx'}"
    table.to_csv(plain, index=False)
    if form == "thousands":
        german(table).to_csv(other, index=False, sep=";")
    else:
        pytest.importorskip("openpyxl")
        table.to_excel(other, index=False)
    pd.testing.assert_frame_equal(advice(saved, other), advice(saved, plain))
    usage, expected = months_option(other).load(None).usage, months_option(plain).load(None).usage
    assert {name: values.tolist() for name, values in usage.items()} == {
        name: values.tolist() for name, values in expected.items()
    }


def test_thousands_are_noted_by_training_and_scoring(saved: SavedRun, tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    german(months_table()).to_csv(file, index=False, sep=";")
    trained, scored = months_option(file).load(None).notes, score(saved, file).notes
    for part in (
        "numbers with a decimal comma",
        "numbers with separators of thousands: column",
    ):
        assert any(part in note for note in trained)
        assert any(part in note for note in scored)


def test_amounts_with_two_readings_are_refused_with_one_message(saved: SavedRun, tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    table = months_table().astype(dict.fromkeys(USAGE, int)).astype({"sms": str})
    table.loc[4, "sms"] = "1.721"
    table.to_csv(file, index=False, sep=";")
    (trained,) = refusal_of_training(file).problems
    (scored,) = refusal_of_scoring(saved, file).problems
    assert trained.replace(" (data.usage_columns.sms)", "") == scored
    assert "'1.721' can be 1.721 or 1721; type data.decimal=point or data.decimal=comma at line 6" in scored


def test_parts_of_a_month_on_two_plans_are_scored_as_one_month(saved: SavedRun, tmp_path: Path) -> None:
    whole = months_table()
    last = whole["subscriber"] == "s0002"
    at = whole.index[last][-1]
    whole.loc[at, "plan_held"] = "max"
    first_part = whole.loc[[at]].assign(plan_held="mini", **dict.fromkeys(USAGE, 1.5))
    second_part = whole.loc[[at]].assign(**{name: whole.loc[at, name] - 1.5 for name in USAGE})
    parts = pd.concat([whole.drop(index=at), first_part, second_part])
    whole.to_csv(tmp_path / "whole.csv", index=False)
    parts.to_csv(tmp_path / "parts.csv", index=False)
    expected = advice(saved, tmp_path / "whole.csv")
    pd.testing.assert_frame_equal(advice(saved, tmp_path / "parts.csv"), expected)
    trained, scored = months_option(tmp_path / "parts.csv").load(None), score(saved, tmp_path / "parts.csv")
    note = "1 month(s) have rows on several plans: usage is added up, the last row names the plan held"
    assert note in trained.notes
    assert note in scored.notes


def test_shortened_ids_are_refused_with_one_message(saved: SavedRun, tmp_path: Path) -> None:
    file = tmp_path / "months.csv"
    months_table().assign(subscriber="4.47912E+11").iloc[:1].to_csv(file, index=False)
    (trained,) = refusal_of_training(file).problems
    (scored,) = refusal_of_scoring(saved, file).problems
    assert trained.replace(" (data.subscriber_column)", "") == scored
    assert "a spreadsheet shortened the number" in scored
