"""Columns without a role: what each holds, which are dropped (ids, blanks), and what to say about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.cells import Cells, cells_of, has_id_name, is_row_id
from planrec.data.raw_table import RawTable
from planrec.schema import HELD, Columns, InputColumn, shown

ROWS_PER_ID = 20
"Mean rows per value up to which a repeated column with an id's name is worth a note; a region has more."


@dataclass
class Attributes:
    """The attributes of a table, gathered column by column."""

    columns: Columns = field(default_factory=dict)
    inputs: list[InputColumn] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    decimal_commas: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    repeated_id_notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawTable, roles: set[str], taken: set[str]) -> Self:
        """Every column of `raw` outside `roles`; names in `taken` are columns of X already."""
        attributes = cls()
        for name, column in raw.columns.items():
            if name not in roles:
                attributes._add(name, column, raw, taken | {HELD})
        return attributes

    @property
    def notes(self) -> tuple[str, ...]:
        """What was dropped and doubted, one sentence per kind of thing."""
        return (
            *_note("dropped as id, every row has a value of its own", self.ids),
            *_note("dropped, blank in every row", self.blank),
            *_note("numbers with a decimal comma (12,5 is twelve and a half)", self.decimal_commas),
            *self.doubts,
        )

    def _add(self, name: str, column: pa.ChunkedArray, raw: RawTable, taken: set[str]) -> None:
        if column.null_count == len(column):
            self.blank.append(name)
            return
        cells = cells_of(column, raw.decimal_comma)
        if cells is None:
            self.problems.append(
                f"column {name!r} holds {column.type}, it must hold numbers, booleans, dates or text:"
                " add it to data.drop_columns"
            )
        elif is_row_id(name, name in raw.unnamed, column, cells):
            self.ids.append(name)
        else:
            self._keep(name, cells, taken)
            self._judge(name, column, cells, raw)

    def _keep(self, name: str, cells: Cells, taken: set[str]) -> None:
        becomes = f"{name} (file)" if name in taken else name
        self.columns[becomes] = cells.values
        self.inputs.append(InputColumn(name=name, kind=cells.kind, becomes=becomes))

    def _judge(self, name: str, column: pa.ChunkedArray, cells: Cells, raw: RawTable) -> None:
        if cells.kind == "number" and (infinite := np.isinf(cells.values)).any():
            self.problems.append(
                f"column {name!r} must be finite, got {cells.values[infinite][0]:g} at {raw.where(infinite)}:"
                " leave such cells blank, or add the column to data.drop_columns"
            )
        if cells.decimal_commas:
            self.decimal_commas.append(name)
        if cells.doubt:
            self.doubts.append(f"column {name!r} is read as text: {cells.doubt}")
        distinct = pc.count_distinct(column).as_py()
        if has_id_name(name) and distinct * ROWS_PER_ID >= len(column):
            self.repeated_id_notes.append(
                f"column {name!r} has the name of an id and repeats ({distinct:,} values in"
                f" {len(column):,} rows): if it names the subscriber, set data.subscriber_column={name!r},"
                " else add it to data.drop_columns"
            )


def _note(what: str, names: Iterable[str]) -> tuple[str, ...]:
    listed = list(names)
    return (f"{what}: column {shown(listed)}",) if listed else ()
