"""Spreadsheets (.xlsx), one sheet of a workbook: `pip install 'planrec[xlsx]'`."""

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from planrec.commands.advice import typed
from planrec.data.reading.column_names import column_names
from planrec.data.reading.header import Header, header_of
from planrec.data.reading.input_file import InputFile, Progress
from planrec.data.reading.numerals import EXAMINED_ROWS, Numerals, numerals_of
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm
from planrec.wording import did_you_mean, shown

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

BATCH_ROWS = 16_384
MOST_BYTES = 4 << 30
"Size of a workbook when unpacked: a small archive can unpack to more than a disk holds."
MOST_WIDE = 5
"Rows with cells to the right of the header that a message lists."


@dataclass(frozen=True)
class SpreadsheetFile(InputFile):
    """A sheet; its rows are called `row 7 of sheet 'Months'`, as the program shows them."""

    sheet: str
    header: Header
    header_row: int
    "Row of the header in the sheet, from 1."
    own_notes: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Guesses and changes made while the file was opened, one sentence each."""
        return (*self.own_notes, *self.header.notes, *self.columns.notes)

    @cached_property
    def numerals(self) -> Numerals:
        """How the numbers of each column are written if they are stored as text."""
        texts = [
            ["" if is_number_cell(cell) else text_of_cell(cell) for cell in cells]
            for _, cells in islice(self._rows(), EXAMINED_ROWS)
        ]
        return numerals_of(texts, self.columns.tidy, self.form)

    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name rows in messages; see `InputFile.places`. It reads the sheet up to the last of them."""
        wanted = set(positions)
        rows = enumerate(islice(self._rows(), max(wanted, default=-1) + 1))
        return {at: f"row {row} of sheet {self.sheet!r}" for at, (row, _) in rows if at in wanted}

    def _tables(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        at = [self.columns.tidy.index(name) for name in wanted]
        wide: list[int] = []
        rows = self._rows(wide)
        while batch := list(islice(rows, BATCH_ROWS)):
            columns = [[text_of_cell(cells[column]) for _, cells in batch] for column in at]
            yield pa.table([pa.array(texts, pa.string()) for texts in columns], names=list(wanted))
        progress(1.0)
        if wide:
            raise DataError(
                f"{self.path}: every cell must be below a cell of the header",
                [
                    f"row {row} of sheet {self.sheet!r} has cells to the right of it"
                    for row in wide[:MOST_WIDE]
                ],
            )

    def _rows(self, wide: list[int] | None = None) -> Iterator[tuple[int, Sequence[object]]]:
        """Yield the rows below the header that are not blank, each with its number in the sheet.

        Rows with cells to the right of the header are added to `wide`.
        """
        width = len(self.columns.tidy)
        for row, cells in _rows_of(self.path, self.sheet):
            if row > self.header_row:
                if wide is not None and len(cells) > width:
                    wide.append(row)
                yield row, [*cells[:width], *[None] * (width - len(cells))]


def spreadsheet_file(path: Path, form: CellForm) -> SpreadsheetFile:
    """Open the sheet `form.sheet`, or the only one that holds something.

    Raises:
        DataError: if the file is no workbook, or has no such sheet, no header, or two.
    """
    with _workbook(path) as workbook:
        names = [sheet.title for sheet in workbook.worksheets]
    sheet, notes = _sheet_of(path, form.sheet, names)
    rows = [(row, [text_of_cell(cell) for cell in cells]) for row, cells in islice(_rows_of(path, sheet), 40)]
    if not rows:
        raise DataError(f"{path}: sheet {sheet!r} is empty: it must hold a header and rows")
    width = max(len(cells) for _, cells in rows)
    padded = [[*cells, *[""] * (width - len(cells))] for _, cells in rows]
    header = header_of(padded, [f"row {row} of sheet {sheet!r}" for row, _ in rows], str(path))
    names_of_columns = rows[header.position][1]
    return SpreadsheetFile(
        path, column_names(names_of_columns, str(path)), form, sheet, header, rows[header.position][0], notes
    )


def text_of_cell(cell: object) -> str:
    """Write a cell as a text file would: numbers with a decimal point, dates with the year first.

    Examples:
        >>> [text_of_cell(cell) for cell in (None, True, 447912000001, 7.5, datetime(2018, 11, 1), "a ")]
        ['', 'true', '447912000001', '7.5', '2018-11-01', 'a ']
        >>> text_of_cell(1.721)  # three decimals could be thousands
        '1.7210'
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        text = f"{int(cell)}" if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        return f"{text}0" if text[-4:-3] == "." else text
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    return str(cell)


def is_number_cell(cell: object) -> bool:
    """Check whether a cell is stored as a number, so that it has one reading."""
    return isinstance(cell, int | float)


def _sheet_of(path: Path, wanted: str | None, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if wanted is not None:
        if wanted in names:
            return wanted, ()
        raise DataError(
            f"{path}: data.sheet: no sheet {wanted!r}{did_you_mean(wanted, names)}; it has {shown(names)}"
        )
    filled = [name for name in names if next(_rows_of(path, name), None) is not None]
    if len(filled) > 1:
        raise DataError(
            f"{path} has {len(filled)} sheets that hold something:"
            f" {shown(filled, most=20)}; type {typed({'data.sheet': filled[0]})}, or another"
        )
    sheet = next(iter(filled or names))
    return sheet, (f"sheet {sheet!r} is read, the other sheets are empty",) if len(names) > 1 else ()


def _rows_of(path: Path, sheet: str) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Yield the rows of a sheet that hold something, each with its number, without blank cells at the end."""
    with _workbook(path) as workbook:
        cells_of_sheet = workbook[sheet]
        # The size that a sheet states can be too small, and cells outside it would be lost.
        cells_of_sheet.reset_dimensions()
        for number, row in enumerate(cells_of_sheet.iter_rows(values_only=True), start=1):
            cells = tuple(row)
            while cells and (cells[-1] is None or cells[-1] == ""):
                cells = cells[:-1]
            if cells:
                yield number, cells


@contextmanager
def _workbook(path: Path) -> Iterator["Workbook"]:
    try:
        import openpyxl
    except ImportError as error:
        raise DataError(
            f"{path} is a spreadsheet: type pip install 'planrec[xlsx]' to read it, or save it as CSV"
        ) from error
    try:
        _check_archive(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and pictures, which are not read
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        with closing(workbook):
            yield workbook
    except (zipfile.BadZipFile, zlib.error, EOFError, SyntaxError, KeyError, ValueError, OSError) as error:
        raise DataError(f"{path} is a damaged spreadsheet: {error}; save it again") from None


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if "xl/workbook.xml" not in archive.namelist():
            raise DataError(f"{path} is a zip archive but no .xlsx workbook: save it as .xlsx or CSV")
    if size > MOST_BYTES:
        raise DataError(f"{path} is too large for a spreadsheet, {size:,} bytes unpacked: save it as CSV")
