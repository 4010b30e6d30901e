"""Delimited text files (CSV) of any dialect."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from planrec.data.reading.input_file import InputFile, Progress
from planrec.data.reading.numerals import Numerals, numerals_of
from planrec.data.reading.text_dialect import Dialect, numbered_rows
from planrec.errors import DataError

BLOCK_BYTES = 4 << 20
"Text parsed at a time; a row must fit in it."

MOST_RAGGED = 5
"Rows with too many or too few cells that a message lists."


@dataclass(frozen=True)
class TextFile(InputFile):
    """A text file; its rows are called by the line on which they begin."""

    dialect: Dialect

    @cached_property
    def numerals(self) -> Numerals:
        """How the numbers of each column are written."""
        dialect = self.dialect
        return numerals_of(dialect.first_rows, self.columns.tidy, self.form, dialect.separator)

    @property
    def notes(self) -> tuple[str, ...]:
        """Guesses and changes made while the file was opened, one sentence each."""
        return (*self.dialect.scan.notes, *self.dialect.notes, *self.columns.notes)

    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name rows in messages; see `InputFile.places`. It reads the file up to the last of them."""
        wanted = set(positions)
        lines = (line for line, cells in self._rows_of_all_cells() if any(cells))
        numbered = enumerate(islice(lines, max(wanted, default=-1) + 1))
        return {position: f"line {line}" for position, line in numbered if position in wanted}

    def _tables(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        """Yield the wanted columns as text, without blank rows."""
        if self.dialect.scan.n_quotes % 2:
            self._check_quotes()
        ragged = _RaggedRows(self.dialect.separator)
        yield from self._without_blank_rows(self._batches(wanted, ragged, progress))
        if ragged.count:
            self._refuse_ragged(ragged.count)

    def _batches(
        self, wanted: Sequence[str], ragged: "_RaggedRows", progress: Progress
    ) -> Iterator[pa.Table]:
        if self.dialect.is_only_header:
            return
        names, size = self.columns.tidy, self.path.stat().st_size
        try:
            with pa.OSFile(str(self.path)) as file:
                text = pa.transcoding_input_stream(file, self.dialect.scan.encoding, "utf-8")
                text.read(self.dialect.header_bytes)
                reader = pacsv.open_csv(
                    text,
                    pacsv.ReadOptions(block_size=BLOCK_BYTES, column_names=names),
                    pacsv.ParseOptions(
                        delimiter=self.dialect.separator,
                        newlines_in_values=True,
                        invalid_row_handler=ragged.skip,
                    ),
                    pacsv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()), include_columns=list(wanted)
                    ),
                )
                for batch in reader:
                    progress(file.tell() / size)
                    yield pa.Table.from_batches([batch])
        except pa.ArrowCancelled:  # Ctrl-C while Arrow reads
            raise KeyboardInterrupt from None
        except (pa.ArrowException, OSError) as error:
            self._check_quotes()
            raise DataError(f"{self.path} is not readable as text: {error}") from None

    def _without_blank_rows(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables without rows of blank cells only: spreadsheets leave such rows at the end."""
        start, rows = 0, enumerate(self._rows_of_all_cells())
        for table in tables:
            kept = np.ones(table.num_rows, bool)
            for row in np.flatnonzero(_is_blank(table)).tolist():
                # Other columns of the row may hold something.
                kept[row] = next(any(cells) for position, (_, cells) in rows if position == start + row)
            start += table.num_rows
            yield table if kept.all() else table.filter(pa.array(kept))

    def _rows_of_all_cells(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows with as many cells as the header, each with its line: slow, only to find a few."""
        return ((line, cells) for line, cells in self._rows() if len(cells) == len(self.columns.tidy))

    def _rows(self, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows after the header that are not blank lines, each with the line of its begin."""
        with self.path.open(encoding=self.dialect.scan.encoding, newline="") as file:
            rows = numbered_rows(file, self.dialect.separator, str(self.path), strict=strict)
            yield from ((line, cells) for line, _, cells in rows if line > self.dialect.header_line)

    def _check_quotes(self) -> None:
        """Raise DataError if a quotation mark is left open."""
        for _ in self._rows(strict=True):
            pass

    def _refuse_ragged(self, count: int) -> NoReturn:
        width = len(self.columns.tidy)
        wrong = ((line, len(cells)) for line, cells in self._rows() if len(cells) != width and any(cells))
        shown = [f"line {line} has {cells}" for line, cells in islice(wrong, MOST_RAGGED)]
        more = [f"... and {count - MOST_RAGGED:,} more rows"] if count > MOST_RAGGED else []
        raise DataError(f"{self.path}: every row must have {width} cells, as the header has", shown + more)


class _RaggedRows:
    """Rows with too many or too few cells, counted while Arrow skips them."""

    def __init__(self, separator: str) -> None:
        self.count = 0
        self._separator = separator

    def skip(self, row: pacsv.InvalidRow) -> str:
        """Count a row unless all its cells are blank."""
        cells = next(csv.reader(io.StringIO(row.text, newline=""), delimiter=self._separator), [])
        self.count += any(cells)
        return "skip"


def _is_blank(table: pa.Table) -> np.ndarray:
    """Find the rows that hold nothing in any column, shape (n,), bool."""
    blank = np.ones(table.num_rows, bool)
    for column in table.columns:
        blank &= pc.equal(column, "").to_numpy()
        if not blank.any():
            break
    return blank
