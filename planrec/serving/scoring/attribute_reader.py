"""Rows of attributes in a file, one per decision, as the decision table of their requests."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from planrec.contracts import FileForm
from planrec.data.reading.column_names import tidy_name
from planrec.recommending.recommender import Recommender
from planrec.schema.tables import DecisionTable
from planrec.serving.scoring.part_columns import PartColumns


@dataclass(frozen=True)
class AttributeReader:
    """Reads files of a run over single rows."""

    recommender: Recommender
    form: FileForm

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the file must have: those that the run learned from, and the subscriber."""
        names = tuple(column.name for column in self.recommender.inputs.columns)
        return (self._subscriber, *names) if "subscriber" in self.form.columns else names

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that are read if the file has them."""
        names = (self._subscriber, *map(tidy_name, self.form.identifiers))
        return () if self._subscriber in self.required else names

    def column(self, name: str) -> str:
        """Find the column of the file that has this name in PlanRec."""
        return tidy_name(self.form.columns.get(name, name))

    def spelling(self, name: str, names: Collection[str]) -> str:
        """Return the name: columns of attributes have one spelling."""
        del names
        return name

    @property
    def _subscriber(self) -> str:
        return self.column("subscriber")

    def table(self, columns: PartColumns) -> tuple[pa.Array, DecisionTable]:
        """Read the subscribers of a part (row numbers if the file names none) and their decisions."""
        known = [name for name in (self._subscriber, *self.optional) if name in columns.part.column_names]
        if known:
            subscriber = columns.subscribers(known[0])
        else:
            subscriber = pa.array(columns.positions + 1).cast(pa.string())
        X = {column.becomes: columns.attribute(column) for column in self.recommender.inputs.columns}
        return subscriber, self.recommender.table_builder.build(X, len(subscriber))
