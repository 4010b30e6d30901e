"""Spreadsheets: numbers, dates and errors are read as stored, and messages name the rows of the sheet."""

import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from planrec.data.reading import spreadsheet_file
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm
from tests.data.reading.test_nasty_files import has_notes, months, rows, usage

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is missing: install planrec[xlsx]")
MONTHS = ("subscriber", "month", "plan", "voice_calls", "voice_minutes", "sms", "data_mib")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def workbook(**sheets: Sequence[Sequence[object]]) -> str:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(list(line))
    book.save("book.xlsx")
    return "book.xlsx"


def refusal(path: str = "book.xlsx", **options: object) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **options)
    return str(caught.value)


def test_numbers_dates_and_ids_arrive_as_stored() -> None:
    lines = [
        MONTHS,
        *((447912000001, datetime(2018, month, 1), "a", 3, 1.721, 0, 2345.5) for month in (1, 2)),
    ]
    history = months(workbook(Months=lines))
    assert history.subscriber.tolist() == [447912000001] * 2
    assert history.month.astype(str).tolist() == ["2018-01", "2018-02"]
    assert history.usage["voice_minutes"].tolist() == [1.72, 1.72]
    assert history.notes[:1] == () or not has_notes(history.notes, "1.721")


def test_rows_are_named_as_the_sheet_shows_them_below_titles_and_blank_rows() -> None:
    file = workbook(May=[["Usage of May"], [], ["plan", "n", "m"], ["a", 1, 2], [], ["b", -2, 3]])
    text = refusal(file, **usage())
    assert "got '-2' at row 6 of sheet 'May'" in text


def test_errors_of_formulas_are_blank_with_a_note() -> None:
    table = rows(workbook(May=[["plan", "n", "m"], ["a", "#DIV/0!", 1], ["b", 2.5, 2]]))
    np.testing.assert_array_equal(table.columns["n"], [np.nan, 2.5])
    assert has_notes(table.notes, "'#DIV/0!' at row 2 of sheet 'May'")


def test_numbers_stored_as_text_are_read_by_the_marks_of_the_texts() -> None:
    table = rows(workbook(May=[["plan", "n"], ["a", "1.040,7"], ["b", "650"]]), **usage())
    assert table.columns["data_mib.1"].tolist() == [1040.7, 650]
    assert "can be 1.721 or 1721" in refusal(
        workbook(May=[["plan", "n"], ["a", "1.721"], ["b", 2]]), **usage()
    )


def test_the_sheet_is_chosen_by_an_option_or_is_the_only_one() -> None:
    table = [["plan", "n"], ["a", 1], ["b", 2]]
    assert "'May', 'June'; type data.sheet=May, or another" in refusal(workbook(May=table, June=table))
    assert "data.sheet: no sheet 'june' (did you mean 'June'?); it has 'May', 'June'" in refusal(sheet="june")
    assert rows("book.xlsx", sheet="June").columns["n"].tolist() == [1, 2]
    assert has_notes(
        rows(workbook(Notes=[], June=table)).notes, "sheet 'June' is read, the other sheets are empty"
    )


def test_cells_right_of_the_header_and_second_headers_are_refused() -> None:
    assert "row 3 of sheet 'May' has cells to the right of it" in refusal(
        workbook(May=[["plan", "n"], ["a", 1], ["b", 2, "remark"]])
    )
    assert "row 2 of sheet 'May' looks like a second header row" in refusal(
        workbook(May=[["plan", "n", "m"], ["label", "min", "MB"], ["a", 1, 2], ["b", 2, 3], ["a", 4, 5]])
    )


def test_empty_sheets_and_other_archives_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sheet 'May' is empty" in refusal(workbook(May=[]))
    assert "has 2 column(s) but no rows" in refusal(workbook(May=[["plan", "n"]]))
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("table.csv", "plan,n\n")
    assert "other.zip is a zip archive but no .xlsx workbook: save it as .xlsx or CSV" in refusal("other.zip")
    content = Path(workbook(May=[["plan", "n"], ["a", 1], ["b", 2]])).read_bytes()
    Path("cut.xlsx").write_bytes(content[: len(content) // 2])
    assert "cut.xlsx is a damaged spreadsheet" in refusal("cut.xlsx")
    monkeypatch.setattr(spreadsheet_file, "MOST_BYTES", 100)
    assert "book.xlsx is too large for a spreadsheet" in refusal()


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(May=[["plan", "n"], ["a", 1]])
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    assert "type pip install 'planrec[xlsx]' to read it, or save it as CSV" in refusal()


def test_parts_of_any_size_hold_the_rows_of_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet_file, "BATCH_ROWS", 2)
    file = open_input(
        Path(workbook(May=[["plan", "n"], *(["ab"[at % 2], at] for at in range(5))])), CellForm()
    )
    parts = list(file.parts(["n"], lambda share: None))
    assert [part["n"].to_pylist() for part in parts] == [["0", "1"], ["2", "3"], ["4"]]


def test_cells_outside_the_size_that_a_sheet_states_are_read() -> None:
    file = Path(workbook(May=[["plan", "n", "m"], ["a", 1, 2], ["b", 3, 4]]))
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:C3"' in sheet
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1:B2"')
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    table = rows(str(file))
    assert table.label.tolist() == ["a", "b"]
    assert table.columns["m"].tolist() == [2, 4]
