"""A file as it stands: named columns, cells not yet interpreted, and where each row is in the file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.errors import DataError
from planrec.wording import shown

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NaT", "null", "NULL", "None", "?")
"Cells that mean blank, whatever their column; a plan cannot have one of these names."

UNNAMED = ("", "__index_level_0__")
"Header cells of an index column that pandas saved without a name; it reads them back as `Unnamed: 0`."


@dataclass(frozen=True)
class RawTable:
    """Cells of a file. Text files give text columns only; Parquet keeps the types it stores."""

    columns: dict[str, pa.ChunkedArray]
    "Text is stripped, and null where the cell is blank or one of `MISSING`."
    unnamed: frozenset[str]
    "Columns whose header cell is blank: here under a name that we gave them."
    positions: np.ndarray
    "Shape (n,), int64: line (text) or row (Parquet) of each row in the file, from 1."
    position_word: str
    "`line` or `row`."
    decimal_comma: bool = False
    "True where numbers may be written `12,5`: the file does not separate cells by commas."
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.positions)

    def where(self, rows: np.ndarray) -> str:
        """`line 7`, or `line 7 (12 such rows, also at lines 9, 15, 22)`; `rows` is a mask of shape (n,)."""
        found = self.positions[rows]
        first = f"{self.position_word} {found[0]}"
        if len(found) == 1:
            return first
        others = ", ".join(str(position) for position in found[1:4])
        plural = "s" if len(found) > 2 else ""
        return f"{first} ({len(found):,} such rows, also at {self.position_word}{plural} {others})"

    def take(self, rows: np.ndarray) -> Self:
        """The rows of a mask of shape (n,)."""
        kept = {name: column.filter(pa.array(rows)) for name, column in self.columns.items()}
        return replace(self, columns=kept, positions=self.positions[rows])

    def is_readable(self, name: str) -> bool:
        """Whether a column holds text, numbers, booleans or dates; Parquet can hold lists and more."""
        kind = self.columns[name].type
        return any(
            fits(kind)
            for fits in (pa.types.is_string, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp)
        )

    def text(self, name: str) -> np.ndarray:
        """The cells of a readable column as text, shape (n,), object: None where blank, 7.0 as `7`."""
        return text_of(self.columns[name]).to_numpy()


def text_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of text, numbers, booleans or dates as text, null where blank, 7.0 as `7`."""
    if pa.types.is_floating(column.type) and pc.all(_is_exact_integer(column)).as_py():
        # Without this detour 79161234567.0 would read 7.9161234567e+10.
        column = column.cast(pa.int64())
    return column.cast(pa.string())


def _is_exact_integer(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    is_small = pc.less(pc.abs(numbers), 2.0**53)
    return pc.and_(is_small, pc.equal(numbers, pc.round(numbers)))


def tidy_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip the cells of a text column; null where they are blank or one of `MISSING`."""
    stripped = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(stripped, value_set=pa.array(MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), stripped)


def tidy_name(name: str) -> str:
    """A column name with runs of blanks as one blank: `Call  Failure` -> `Call Failure`."""
    return " ".join(name.split())


def column_names(header: Sequence[str], path: str) -> tuple[list[str], frozenset[str], tuple[str, ...]]:
    """Names of the columns, those among them that the file leaves blank, and what to say about them.

    Raises:
        DataError: two columns share a name.
    """
    names = [tidy_name(cell) for cell in header]
    blank = [name in UNNAMED or name.startswith("Unnamed: ") for name in names]
    named = [
        f"unnamed {at}" if gone else name for at, (name, gone) in enumerate(zip(names, blank, strict=True), 1)
    ]
    repeated = [name for name, count in Counter(named).items() if count > 1]
    if repeated:
        places = {name: [at for at, other in enumerate(named, 1) if other == name] for name in repeated}
        raise DataError(
            f"{path}: column names must differ",
            [f"{name!r} is the name of columns {', '.join(map(str, at))}" for name, at in places.items()],
        )
    changed = [name for name, cell in zip(names, header, strict=True) if name != cell]
    note = f"blanks in {len(changed)} column name(s) are read as one blank: {shown(changed)}"
    unnamed = frozenset(name for name, gone in zip(named, blank, strict=True) if gone)
    return named, unnamed, (note,) if changed else ()


def repeats_of(raw: RawTable) -> np.ndarray:
    """Which rows equal an earlier row in every named column, shape (n,), bool."""
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
