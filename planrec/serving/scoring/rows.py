"""From rows of a stranger's columns to the decision table that requests of them would make."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from planrec.contracts import FileForm
from planrec.data.raw_table import tidy_name
from planrec.recommending.recommender import Recommender
from planrec.schema.tables import DecisionTable
from planrec.serving.scoring.columns import PartColumns, subscribers


@dataclass(frozen=True)
class RowsForm:
    """Which columns a run over single rows reads."""

    recommender: Recommender
    form: FileForm

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the file must have: those that the run learned from, and whose row it is."""
        names = tuple(column.name for column in self.recommender.inputs.columns)
        return (self._subscriber, *names) if "subscriber" in self.form.columns else names

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that are read where the file has them."""
        return () if self._subscriber in self.required else (self._subscriber,)

    def column(self, name: str) -> str:
        """Our name -> column of the file."""
        return tidy_name(self.form.columns.get(name, name))

    @property
    def _subscriber(self) -> str:
        return self.column("subscriber")

    def table(self, columns: PartColumns) -> tuple[pa.Array, DecisionTable]:
        """Whose rows they are (their number in the file where it does not say), and their decisions."""
        recommender = self.recommender
        n = columns.part.num_rows
        if self._subscriber in columns.part.column_names:
            whose = subscribers(columns.part, self._subscriber).combine_chunks()
            blank = whose.is_null().to_numpy(zero_copy_only=False)
            columns.add(f"column {self._subscriber!r} must not be blank", blank)
        else:
            whose = pa.array(columns.positions + 1).cast(pa.string())
        table = DecisionTable(
            X={each.becomes: columns.attribute(each) for each in recommender.inputs.columns},
            subscriber=np.arange(n),
            has_subscribers=False,
            plans=recommender.plans,
            menu=np.ones((n, len(recommender.plans)), bool),
            inputs=recommender.inputs,
            horizon=recommender.horizon,
        )
        return whose, table
