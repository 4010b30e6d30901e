"""Columns without a role: what each holds, which are dropped (ids, blanks), and what to say about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.cells import Cells, cells_of
from planrec.data.id_columns import has_id_name, is_row_id, may_name_subscriber
from planrec.data.raw_table import RawTable
from planrec.schema.columns import AS_OF, HELD, MAX_NUMBER, Columns, InputColumn, Usage, lag
from planrec.wording import counted, shown

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
    id_name_notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawTable, roles: set[str], taken: set[str]) -> Self:
        """Every column of `raw` outside `roles`; names in `taken` are columns of X already."""
        attributes = cls()
        # Names that columns made by PlanRec have, or could have.
        reserved = taken | {AS_OF, HELD} | {lag(usage, 1) for usage in Usage.ALL}
        for name, column in raw.columns.items():
            if name not in roles:
                attributes._add(name, column, raw, reserved)
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
        if cells.kind == "number":
            self._judge_size(name, cells, raw)
        if cells.decimal_commas:
            self.decimal_commas.append(name)
        if cells.doubt:
            self.doubts.append(f"column {name!r} is read as text: {cells.doubt}")
        distinct = pc.count_distinct(column).as_py()
        is_named_so = has_id_name(name) or may_name_subscriber(name, cells)
        if is_named_so and distinct * ROWS_PER_ID >= len(column):
            self.id_name_notes.append(
                f"column {name!r} is used as a feature but has the name of an id or a subscriber"
                f" ({counted(distinct, 'value')} in {counted(len(column), 'row')}): if it names the"
                f" subscriber, set data.subscriber_column={name!r}, else add it to data.drop_columns"
            )

    def _judge_size(self, name: str, cells: Cells, raw: RawTable) -> None:
        size = np.abs(cells.values)
        for rule, rows in {
            "must be finite": np.isinf(size),
            f"must be within {-MAX_NUMBER:g} and {MAX_NUMBER:g}": (size > MAX_NUMBER) & np.isfinite(size),
        }.items():
            if rows.any():
                self.problems.append(
                    f"column {name!r} {rule}, got {cells.values[rows][0]:g} at {raw.where(rows)}:"
                    " leave such cells blank, or add the column to data.drop_columns"
                )


def _note(what: str, names: Iterable[str]) -> tuple[str, ...]:
    listed = list(names)
    return (f"{what}: column {shown(listed)}",) if listed else ()
