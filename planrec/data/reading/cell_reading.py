"""How the cells of one file are read: its options, and the notation of its numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from planrec.data.reading.cells import numbers_in
from planrec.data.reading.column_types import MISSING, as_readable
from planrec.data.reading.notation import Notation, NumberCells
from planrec.data.reading.numerals import Numerals
from planrec.schema.cell_form import CellForm


@dataclass(frozen=True)
class CellReading:
    """Reads cells in training and in scoring."""

    form: CellForm = field(default_factory=CellForm)
    numerals: Numerals = field(default_factory=Numerals)
    settle: Callable[[str], Notation] | None = None
    "Decides the notation of a column by all cells of a file of which parts are read; None for whole tables."

    @property
    def blank(self) -> tuple[str, ...]:
        """Cells that count as blank, beside empty ones."""
        return MISSING if self.form.blank is None else self.form.blank

    def readable(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Convert a column of a file as `as_readable` does, with the cells of `blank` as null."""
        return as_readable(column, self.blank)

    def notation(self, name: str) -> Notation:
        """Return how the numbers of a column are written."""
        return self.numerals.of(name)

    def numbers(self, name: str, column: pa.ChunkedArray) -> NumberCells:
        """Read the numbers of a readable column."""
        notation = self.notation(name)
        if self.settle is not None and notation.decimal is None and pa.types.is_string(column.type):
            plain = notation.plain(column)
            if plain is not None:
                return plain
            notation = self.settle(name)
        return numbers_in(column, notation)
