"""Text files: parts of any size hold the rows of the whole file, and damage is found in constant memory."""

import csv
import io
from pathlib import Path

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given

from planrec.data.reading import encoding, text_file
from planrec.data.reading.input_file import POSITION
from planrec.data.reading.open_input import open_input
from planrec.errors import DataError

CELLS = st.sampled_from(["", "1", "mini", " x ", "é", 'say "hi"', "two\nlines", "a,b", "a;b", 'inch"'])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse a few rows per part, and find encodings over many blocks."""
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 64)
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of one width, the header first; blank rows are allowed."""
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12))
    blank, numbers = [""] * width, ["1"] * width
    # Words directly above numbers would be a second header row.
    first = [blank, numbers] if draw(st.booleans()) else [numbers]
    return [[f"c{at}" for at in range(width)], *first, *rows, numbers]


def written(rows: list[list[str]], **dialect: str) -> str:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def parts(file: Path, *columns: str) -> pa.Table:
    return pa.concat_tables(open_input(file).parts(columns, lambda share: None))


def message(file: Path, content: bytes) -> str:
    """The refusal of a file that is read to its end."""
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_input(file).whole()
    return str(caught.value).replace(str(file), "table.csv")


@given(
    rows=tables(),
    delimiter=st.sampled_from(",;\t|"),
    lineterminator=st.sampled_from(["\n", "\r\n"]),
    code=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]),
)
def test_parts_hold_the_rows_that_the_csv_module_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], code: str, **dialect: str
) -> None:
    file = tmp_path_factory.mktemp("text") / "table.csv"
    file.write_bytes(written(rows, **dialect).encode(code))
    kept = [row for row in rows[1:] if any(row)]
    table = parts(file, *rows[0])
    assert table.num_rows == len(kept)
    assert [list(row)[:-1] for row in zip(*table.to_pydict().values(), strict=True)] == kept
    assert table[POSITION].to_pylist() == list(range(len(kept)))


@given(rows=tables())
def test_any_choice_of_columns_skips_the_same_blank_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    file = tmp_path_factory.mktemp("text") / "table.csv"
    file.write_text(written(rows), "utf-8")
    both, first = parts(file, "c0", "c1"), parts(file, "c0")
    assert first["c0"].to_pylist() == both["c0"].to_pylist() == parts(file, *rows[0])["c0"].to_pylist()


@given(rows=tables())
def test_places_are_the_lines_on_which_rows_begin(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    file = tmp_path_factory.mktemp("text") / "table.csv"
    text = written(rows, lineterminator="\n")
    file.write_text(text, "utf-8", newline="")
    opened = open_input(file)
    lines, position = {}, 0
    line = 2
    for row in rows[1:]:
        if any(row):
            lines[position] = f"line {line}"
            position += 1
        line += 1 + sum(cell.count("\n") for cell in row)
    assert opened.places(lines) == lines
    assert opened.places([position - 1]) == {position - 1: lines[position - 1]}


@pytest.mark.parametrize("tail", ["", "3,c\n" * 100])
def test_an_open_quotation_mark_is_found_in_any_part(file: Path, tail: str) -> None:
    assert message(file, f'n,plan\n1,a\n"2,b\n{tail}'.encode()) == (
        "table.csv: the row that begins on line 3 cannot be cut into cells: unexpected end of data;"
        " is a quotation mark left open?"
    )


def test_text_after_a_closing_quotation_mark_belongs_to_the_cell(file: Path) -> None:
    file.write_text('n,plan\n"1"x,a\n2,b\n', "utf-8")
    assert parts(file, "n")["n"].to_pylist() == ["1x", "2"]


def test_a_single_quotation_mark_inside_a_cell_is_text(file: Path) -> None:
    file.write_text('n,plan\n5",a\n', "utf-8")
    assert parts(file, "n")["n"].to_pylist() == ['5"']


def test_a_row_longer_than_a_block_is_refused(file: Path) -> None:
    assert "table.csv is not readable as text" in message(file, b"n,plan\n" + b"1" * 1_000 + b",a\n")


def test_damage_is_found_in_any_block_of_the_file(file: Path) -> None:
    assert message(file, "n,plan\n1,ä\n2,ö\n3,ü".encode() + b"\xff\n") == (
        "table.csv is UTF-8 text but for 1 place(s), first on line 4: save it again"
    )
    assert message(file, b"n,plan\n1,a\n2,\x00b\n").startswith("table.csv is not text: NUL at character 14;")
    assert message(file, "n,plan\n1,a\n".encode("utf-16") + b"\xff") == (
        "table.csv begins with the byte-order mark of utf-16 but is not utf-16 text: truncated data"
    )


@pytest.mark.parametrize(
    ("code", "town"), [("cp1251", "Москва"), ("cp1252", "Orléans €"), ("latin-1", "Århus \x81")]
)
def test_one_byte_encodings_are_guessed_from_the_whole_file(file: Path, code: str, town: str) -> None:
    file.write_bytes(f"plan,town\na,Oslo\nb,{town}\n".encode(code))
    opened = open_input(file)
    assert opened.whole().columns["town"].to_pylist() == ["Oslo", town]
    assert any(f"read as {code}" in note for note in opened.notes)


@pytest.mark.parametrize("content", ["", "\n \n", ",,\n", '""\n', "\t\n\t\n"])
def test_a_file_without_a_header_or_rows_is_refused(file: Path, content: str) -> None:
    text = message(file, content.encode())
    assert "is empty" in text or "but no rows" in text
