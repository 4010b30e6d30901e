"""A CSV or Parquet file of any size, part by part: the columns that are asked for, cells as they stand.

A part is a `pa.Table` with a column POSITION, the rows of the file counted from 0.
"""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from planrec.data.input_file import NO_TABLES
from planrec.data.raw_table import column_names
from planrec.data.text_file import BYTE_ORDER_MARKS, decoded_by_guess, separator_of
from planrec.errors import DataError

POSITION = "planrec position"
BLOCK_BYTES = 4 << 20
"Of text read at a time; a row must fit in it."
BATCH_ROWS = 65_536
"Of Parquet read at a time."
HEAD_BYTES = 1 << 16
"Of text that tells the separator and holds the header."
MOST_RAGGED = 5
"Rows with too many or too few cells that are named."


@dataclass(frozen=True)
class InputFile:
    """A file that can be read in parts."""

    path: Path
    columns: tuple[str, ...]
    "Tidy names of its columns."
    names: tuple[str, ...]
    "The same as the file has them."
    encoding: str | None
    "None: Parquet."
    separator: str = ","

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers may be written `12,5`."""
        return self.separator != ","

    def parts(self, wanted: Iterable[str], report: Callable[[float], None]) -> Iterator[pa.Table]:
        """The wanted columns, tidy names; `report` is told which share of the file is read.

        Raises:
            DataError: the file is damaged, or rows have other numbers of cells than the header.
        """
        names = {self.names[self.columns.index(column)]: column for column in wanted}
        tables = self._parquet(list(names), report) if self.encoding is None else self._text(names, report)
        start = 0
        for table in tables:
            if table.num_rows:
                position = pa.array(np.arange(start, start + table.num_rows))
                start += table.num_rows
                yield table.rename_columns([names[n] for n in table.column_names]).append_column(
                    POSITION, position
                )
        if not start:
            raise DataError(f"{self.path} has a header of {len(self.columns)} column(s) but no rows")

    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """What to call the rows at these positions: `line 7`, or `row 7` of a Parquet file."""
        if self.encoding is None:
            return {position: f"row {position + 1}" for position in positions}
        wanted, found = set(positions), {}
        whole = (line for line, cells in self._lines() if len(cells) == len(self.columns))
        for position, line in enumerate(islice(whole, max(wanted, default=-1) + 1)):
            if position in wanted:
                found[position] = f"line {line}"
        return found

    def _parquet(self, names: list[str], report: Callable[[float], None]) -> Iterator[pa.Table]:
        with _damage_told(self.path, "a damaged Parquet file"), pq.ParquetFile(self.path) as file:
            read = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                read += batch.num_rows
                report(read / file.metadata.num_rows)
                yield pa.Table.from_batches([batch]).select(names)

    def _text(self, names: dict[str, str], report: Callable[[float], None]) -> Iterator[pa.Table]:
        ragged = []

        def skip(row: pacsv.InvalidRow) -> str:
            ragged.append(row.actual_columns)
            return "skip"

        size = self.path.stat().st_size
        with _damage_told(self.path, "not readable as text"), self.path.open("rb") as file:
            reader = pacsv.open_csv(
                file,
                pacsv.ReadOptions(block_size=BLOCK_BYTES, encoding=self.encoding),
                pacsv.ParseOptions(
                    delimiter=self.separator, newlines_in_values=True, invalid_row_handler=skip
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), include_columns=list(names)
                ),
            )
            for batch in reader:
                report(file.tell() / size)
                yield pa.Table.from_batches([batch])
        if ragged:
            self._tell_ragged(len(ragged))

    def _tell_ragged(self, count: int) -> None:
        width = len(self.columns)
        wrong = ((line, len(cells)) for line, cells in self._lines() if len(cells) != width)
        shown = [f"line {line} has {cells}" for line, cells in islice(wrong, MOST_RAGGED)]
        more = [f"... and {count - MOST_RAGGED:,} more rows"] if count > MOST_RAGGED else []
        raise DataError(f"{self.path}: every row must have {width} cells, as the header has", shown + more)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Rows after the header, each with the line it begins on: slow, only to name places."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.separator)
            line, is_header = 1, True
            for cells in reader:
                if cells and not is_header:
                    yield line, cells
                is_header = is_header and not cells
                line = reader.line_num + 1


def input_file(path: Path) -> InputFile:
    """What kind of file this is, and which columns it has.

    Raises:
        DataError: it cannot be read, is neither CSV nor Parquet, is empty, or repeats a column name.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if head.startswith(b"PAR1"):
        with _damage_told(path, "a damaged Parquet file"):
            names = pq.read_schema(path).names
        return InputFile(path, tuple(column_names(names, str(path))[0]), tuple(names), None)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise DataError(f"{path} is not a Parquet file: it must begin with b'PAR1', got {head[:4]!r}")
    for signature, what in NO_TABLES:
        if head.startswith(signature):
            raise DataError(f"{path} must be CSV or Parquet, it is {what}")
    encoding = _encoding_of(path, head)
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    if not text.strip():
        raise DataError(f"{path} is empty ({path.stat().st_size} bytes): it must hold a header and rows")
    # Where the head ends inside a quotation, the last row is not whole.
    lines = text if len(head) < HEAD_BYTES else text.rpartition("\n")[0] or text
    separator = separator_of(lines)
    names = next(filter(None, csv.reader(lines.splitlines(keepends=True), delimiter=separator)))
    columns = column_names(names, str(path))[0]
    return InputFile(path, tuple(columns), tuple(names), encoding, separator)


def _encoding_of(path: Path, head: bytes) -> str:
    """By its mark; else UTF-8 where the whole file is that; else as training guesses it.

    Raises:
        DataError: damaged UTF-8, or no text.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    decoder = codecs.getincrementaldecoder(marked or "utf-8")()
    line = 1
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                if marked:
                    raise DataError(f"{path} begins with the mark of {marked} text but is not") from None
                return decoded_by_guess(block, str(path), line)[1]
            if "\x00" in text:
                raise DataError(f"{path} is not text: it holds NUL; save it as UTF-8 CSV")
            line += text.count("\n")
    return marked or "utf-8"


@contextmanager
def _damage_told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except pa.ArrowCancelled:  # what Ctrl-C becomes while Arrow reads
        raise KeyboardInterrupt from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is {what}: {error}") from None
