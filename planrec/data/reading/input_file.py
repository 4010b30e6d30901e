"""A file of rows, as training and scoring read it: whole or part by part."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from planrec.data.reading.column_names import ColumnNames
from planrec.data.reading.column_types import as_readable
from planrec.data.reading.raw_table import RawTable

POSITION = "planrec position"
"Column of every part: positions of its rows in the file, int64, from 0."

Progress = Callable[[float], None]
"Called with the share of the file that is read, in [0, 1]."


@dataclass(frozen=True)
class InputFile(ABC):
    """A file of rows that is read at once or part by part."""

    path: Path
    columns: ColumnNames

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers may be written `12,5`."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """Guesses and changes made while the file was opened, one sentence each."""
        return self.columns.notes

    @abstractmethod
    def parts(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        """Yield the wanted columns (tidy names) and `POSITION`, cells as stored, in constant memory.

        Raises:
            DataError: if the file is damaged, has no rows, or has rows with another number of cells than
                the header.
        """

    @abstractmethod
    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name these rows in messages: `line 7`, or `row 7` of a Parquet file."""

    def whole(self) -> RawTable:
        """Read all rows and columns.

        Raises:
            DataError: as `parts`.
        """
        table = pa.concat_tables(self.parts(self.columns.tidy, lambda share: None))
        return RawTable(
            columns={name: as_readable(table[name]) for name in self.columns.tidy},
            unnamed=self.columns.unnamed,
            rows=table[POSITION].to_numpy(),
            places=self.places,
            decimal_comma=self.decimal_comma,
            notes=self.notes,
        )


def row_places(positions: Iterable[int]) -> dict[int, str]:
    """Name rows that have no line.

    Examples:
        >>> row_places([0, 6])
        {0: 'row 1', 6: 'row 7'}
    """
    return {position: f"row {position + 1}" for position in positions}


def with_positions(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the tables that have rows, each with the column `POSITION`."""
    start = 0
    for table in tables:
        if table.num_rows:
            end = start + table.num_rows
            yield table.append_column(POSITION, pa.array(np.arange(start, end)))
            start = end
