"""All rows of a file: named columns, cells not yet interpreted, and the place of each row in the file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pyarrow as pa

from planrec.data.reading.cell_reading import CellReading
from planrec.data.reading.column_types import is_readable, text_of

Places = Callable[[Iterable[int]], dict[int, str]]
"Names of rows in messages: positions in the file, from 0 -> `line 7`."


@dataclass(frozen=True)
class RawTable:
    """Cells of a file. Text files give text columns only; Parquet keeps the types that it stores."""

    columns: dict[str, pa.ChunkedArray]
    "Readable columns; text is stripped, and null for blank cells and those in `column_types.MISSING`."
    unnamed: frozenset[str]
    "Columns whose header cell is blank; PlanRec names them."
    rows: np.ndarray
    "Shape (n,), int64: position of each row in the file, from 0."
    places: Places
    reading: CellReading = field(default_factory=CellReading)
    blanks: dict[str, str] = field(default_factory=dict)
    "Column -> its first cell that counts as blank, as written, if that is not empty."
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, rows: np.ndarray) -> Self:
        """Keep the rows of a mask of shape (n,)."""
        kept = {name: column.filter(pa.array(rows)) for name, column in self.columns.items()}
        return replace(self, columns=kept, rows=self.rows[rows])

    def is_readable(self, name: str) -> bool:
        """Return whether a column holds text, numbers, booleans or dates."""
        return is_readable(self.columns[name])

    def text(self, name: str) -> np.ndarray:
        """Read a readable column as text, shape (n,), object: None for blank cells, `7` for 7.0."""
        return text_of(self.columns[name]).to_numpy()


def repeats_of(raw: RawTable) -> np.ndarray:
    """Find the rows that equal an earlier row in every named column, shape (n,), bool."""
    group = np.zeros(len(raw), dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for name, column in raw.columns.items():
        if name in raw.unnamed or pa.types.is_nested(column.type):
            continue
        encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
        codes = encoded.indices.to_numpy().astype(np.int64)
        _, first, group = np.unique(group * (codes.max() + 1) + codes, return_index=True, return_inverse=True)
        if len(first) == len(raw):
            break
    repeats = np.ones(len(raw), dtype=bool)
    repeats[first] = False
    return repeats
