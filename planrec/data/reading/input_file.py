"""A file of rows, as training and scoring read it: whole or part by part."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.cell_reading import CellReading
from planrec.data.reading.column_names import ColumnNames
from planrec.data.reading.notation import Notation
from planrec.data.reading.numerals import Numerals
from planrec.data.reading.raw_table import RawTable
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm

POSITION = "planrec position"
"Column of every part: positions of its rows in the file, int64, from 0."

Progress = Callable[[float], None]
"Called with the share of the file that is read, in [0, 1]."


@dataclass(frozen=True)
class InputFile(ABC):
    """A file of rows that is read at once or part by part."""

    path: Path
    columns: ColumnNames
    form: CellForm

    @property
    def numerals(self) -> Numerals:
        """How the numbers of each column are written."""
        return Numerals()

    @property
    def reading(self) -> CellReading:
        """How the cells are read if all of them are in memory."""
        return CellReading(self.form, self.numerals)

    @property
    def part_reading(self) -> CellReading:
        """How the cells of a part are read: as those of the whole file."""
        return replace(self.reading, settle=self._settled)

    @cached_property
    def _notations(self) -> dict[str, Notation]:
        """Notations of columns that were read to the end to decide them."""
        return {}

    def _settled(self, name: str) -> Notation:
        if name not in self._notations:
            parts = self.parts([name], lambda share: None)
            columns = (self.reading.readable(part[name]) for part in parts)
            self._notations[name] = self.numerals.of(name).settled(columns)
        return self._notations[name]

    @property
    def notes(self) -> tuple[str, ...]:
        """Guesses and changes made while the file was opened, one sentence each."""
        return self.columns.notes

    def parts(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        """Yield the wanted columns (tidy names) and `POSITION`, cells as stored, in constant memory.

        Raises:
            DataError: if the file is damaged, has no rows, or has rows with another number of cells than
                the header.
        """
        end = 0
        for table in self._tables(wanted, progress):
            if table.num_rows:
                start, end = end, end + table.num_rows
                yield table.append_column(POSITION, pa.array(np.arange(start, end)))
        if not end:
            raise DataError(f"{self.path} has {len(self.columns.tidy)} column(s) but no rows")

    @abstractmethod
    def _tables(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        """Yield the wanted columns, some rows at a time. Raises DataError as `parts`."""

    @abstractmethod
    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name these rows in messages: `line 7`, or `row 7` of a Parquet file."""

    def whole(self) -> RawTable:
        """Read all rows and columns.

        Raises:
            DataError: as `parts`.
        """
        table = pa.concat_tables(self.parts(self.columns.tidy, lambda share: None))
        columns = {name: self.reading.readable(table[name]) for name in self.columns.tidy}
        return RawTable(
            columns=columns,
            unnamed=self.columns.unnamed,
            rows=table[POSITION].to_numpy(),
            places=self.places,
            reading=self.reading,
            blanks={name: cell for name in columns if (cell := _first_blank(table[name], columns[name]))},
            notes=self.notes,
        )


def _first_blank(stored: pa.ChunkedArray, readable: pa.ChunkedArray) -> str | None:
    """Return the text of the first cell of a text column that counts as blank; None without such a cell."""
    first = pc.index(readable.is_null(), value=True).as_py() if pa.types.is_string(stored.type) else -1
    return None if first < 0 else stored[first].as_py()


def row_places(positions: Iterable[int]) -> dict[int, str]:
    """Name rows that have no line.

    Examples:
        >>> row_places([0, 6])
        {0: 'row 1', 6: 'row 7'}
    """
    return {position: f"row {position + 1}" for position in positions}
