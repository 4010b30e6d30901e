"""Attributes: the columns without a role, read and judged; ids and blank columns are dropped."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.commands.advice import typed
from planrec.data.id_columns import is_row_id, may_name_subscriber
from planrec.data.id_names import has_id_name
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.cells import ReadColumn, cells_of
from planrec.data.reading.column_types import error_cells, without_errors
from planrec.data.reading.raw_table import RawTable
from planrec.data.reading.reading_notes import ReadingNotes
from planrec.data.reading.rules import FINITE, READABLE
from planrec.schema.columns import AS_OF, EXIT_FEE, HELD, MAX_NUMBER, Columns, InputColumn, Usage, lag
from planrec.wording import counted, shown

ROWS_PER_ID = 20
"""Mean rows per value up to which a repeated column with the name of an id is worth a note; regions have
more."""


@dataclass
class Attributes:
    """The attributes of a table, gathered column by column."""

    dropped: tuple[str, ...] = ()
    "Columns that the options drop already: commands that drop another one name them too."
    columns: Columns = field(default_factory=dict)
    inputs: list[InputColumn] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    numbers: ReadingNotes = field(default_factory=ReadingNotes)
    errors: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    id_name_notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawTable, roles: set[str], taken: set[str], dropped: Iterable[str] = ()) -> Self:
        """Read every column of `raw` outside `roles`.

        Args:
            raw: the file.
            roles: columns with another use.
            taken: names that are columns of X already.
            dropped: columns that the options drop.
        """
        attributes, broken = cls(tuple(dropped)), BrokenRules()
        # Names that columns made by PlanRec have, or could have.
        reserved = taken | {AS_OF, EXIT_FEE, HELD} | {lag(usage, 1) for usage in Usage.ALL}
        for name, column in raw.columns.items():
            if name not in roles:
                attributes._add(name, column, raw, reserved, broken)
        attributes.problems += [
            f"{bad}: leave such cells blank, or add the column to data.drop_columns"
            for bad in broken.bad_rows(raw.places)
        ]
        return attributes

    @property
    def notes(self) -> tuple[str, ...]:
        """The dropped and the doubtful columns, one sentence per reason."""
        return (
            *_note("dropped as id, every row has a value of its own", self.ids),
            *_note("dropped, blank in every row", self.blank),
            *self.numbers.notes,
            *self.errors,
            *self.doubts,
        )

    def _add(
        self, name: str, column: pa.ChunkedArray, raw: RawTable, taken: set[str], broken: BrokenRules
    ) -> None:
        errors = error_cells(column)
        if errors.any():
            self.errors.append(_error_note(name, column, raw, errors))
            column = without_errors(column)
        if column.null_count == len(column):
            self.blank.append(name)
            return
        cells = cells_of(column, raw.reading.notation(name))
        if cells is None:
            self.problems.append(
                f"column {name!r} {READABLE}, it holds {column.type}: {self._dropping(name)}"
            )
        elif is_row_id(name, column, cells, is_unnamed=name in raw.unnamed):
            self.ids.append(name)
        else:
            self._keep(name, cells, taken)
            self._doubt(name, column, cells)
            if cells.kind == "number":
                _judge_size(name, cells, raw, broken)

    def _keep(self, name: str, cells: ReadColumn, taken: set[str]) -> None:
        becomes = f"{name} (file)" if name in taken else name
        self.columns[becomes] = cells.values
        self.inputs.append(InputColumn(name=name, kind=cells.kind, becomes=becomes))

    def _doubt(self, name: str, column: pa.ChunkedArray, cells: ReadColumn) -> None:
        if cells.numbers is not None:
            self.numbers.add(name, cells.numbers)
        if cells.doubt:
            self.doubts.append(f"column {name!r} is read as text: {cells.doubt}")
        distinct = pc.count_distinct(column).as_py()
        is_named_so = has_id_name(name) or may_name_subscriber(name, cells)
        if is_named_so and distinct * ROWS_PER_ID >= len(column):
            self.id_name_notes.append(
                f"column {name!r} is used as a feature but has the name of an id or a subscriber"
                f" ({counted(distinct, 'value')} in {counted(len(column), 'row')}): if it names the"
                f" subscriber, type {typed({'data.subscriber_column': name})}, else"
                f" {self._dropping(name)}"
            )

    def _dropping(self, name: str) -> str:
        return f"type {typed({'data.drop_columns': [*self.dropped, name]})}"


def _judge_size(name: str, cells: ReadColumn, raw: RawTable, broken: BrokenRules) -> None:
    size = np.abs(cells.values)
    for rule, rows in {
        FINITE: np.isinf(size),
        f"must be within {-MAX_NUMBER:g} and {MAX_NUMBER:g}": (size > MAX_NUMBER) & np.isfinite(size),
    }.items():
        if rows.any():
            broken.add(f"column {name!r} {rule}", raw.rows[rows], raw.text(name)[rows][0])


def _error_note(name: str, column: pa.ChunkedArray, raw: RawTable, errors: np.ndarray) -> str:
    first, count = int(np.flatnonzero(errors)[0]), int(errors.sum())
    position = int(raw.rows[first])
    return (
        f"column {name!r}: {count:,} of {counted(len(column), 'cell')} "
        f"{'is an error' if count == 1 else 'are errors'} of a spreadsheet, the first is"
        f" {column[first].as_py()!r} at {raw.places([position])[position]}: read as blank; repair the"
        " formulas if the cells should hold values"
    )


def _note(reason: str, names: Iterable[str]) -> tuple[str, ...]:
    listed = list(names)
    return (f"{reason}: column {shown(listed)}",) if listed else ()
