"""Rows of months in a file, those of a subscriber together, as the decision table of their requests."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.contracts import FileForm
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.part_months import part_months
from planrec.data.reading.rules import ONE_ROW_PER_MONTH
from planrec.recommending.recommender import Recommender
from planrec.schema.columns import Columns, take_rows
from planrec.schema.decision_rows import latest_rows
from planrec.schema.tables import DecisionTable
from planrec.serving.scoring.part_columns import PartColumns

MOST_MONTHS = 120
"Months of one subscriber, ten years. For files the limit is fixed; for requests it is a setting of the API."
LAST_ADVICE = "last_recommended"
PLAN_HELD, PLAN = "plan_held", "plan"


@dataclass(frozen=True)
class MonthReader:
    """Reads files of a run over months."""

    recommender: Recommender
    form: FileForm

    def column(self, name: str) -> str:
        """Find the column of the file that has this name in PlanRec."""
        return tidy_name(self.form.columns.get(name, name))

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the file must have."""
        inputs = self.recommender.inputs
        ours = ["subscriber", "month", *inputs.usage, *([PLAN_HELD] if inputs.asks_held else [])]
        return (*map(self.column, ours), *(column.name for column in inputs.columns))

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that are read if the file has them."""
        names = (LAST_ADVICE, self._commitment) if self.recommender.inputs.asks_held else ()
        return tuple(name for name in names if name not in self.required)

    def spelling(self, name: str, names: Collection[str]) -> str:
        """Find a required column among the columns of a file: `plan_held` may be `plan`, as in histories.

        Files of `planrec simulate`, and histories of operators, have the plan of each month in `plan`.
        """
        is_plan = name == PLAN_HELD and name not in names and PLAN in names and PLAN not in self.required
        return PLAN if is_plan else name

    def table(self, columns: PartColumns) -> tuple[pa.Array, DecisionTable] | None:
        """Read the subscribers of a part and their decisions; None if no row has a month."""
        inputs = self.recommender.inputs
        subscriber = columns.subscribers(self.column("subscriber"))
        blank = subscriber.is_null().to_numpy(zero_copy_only=False)
        month = columns.months(self.column("month"), self.form.time_year)
        usage = {name: columns.amounts(self.column(name), name) for name in inputs.usage}
        attributes = {column.becomes: columns.attribute(column) for column in inputs.columns}
        held = self._held(columns)
        placed = np.flatnonzero(~np.isnat(month) & ~blank)
        if not len(placed):
            return None
        parts = _Months.of(subscriber, month, placed)
        months, usage = parts.added_up(columns, usage, held.get("held"))
        rows = latest_rows(months.count, months.number, usage, inputs.window)
        last = months.row[rows.last_month]
        X = rows.columns | take_rows(attributes, last)
        table = self.recommender.table_builder.build(X, len(last), rows.as_of, **take_rows(held, last))
        self._judge_plans(table, columns, last)
        return subscriber.take(pa.array(last)), table

    @property
    def _commitment(self) -> str:
        return self.column("commitment_ends")

    def _held(self, columns: PartColumns) -> Columns:
        """Read plan held, last advice and end of commitment of every row if the run reads them."""
        if not self.recommender.inputs.asks_held:
            return {}
        plans, has_advice = self.recommender.plans, LAST_ADVICE in columns.part.column_names
        column = self.spelling(self.column(PLAN_HELD), columns.part.column_names)
        held = columns.plans(column, plans, self.form.plan_names)
        advice = columns.plans(LAST_ADVICE, plans, {}) if has_advice else np.full(len(held), -1)
        read = {"held": held, "last_recommended": advice}
        if self._commitment in columns.part.column_names:
            read["commitment_ends"] = columns.dates(self._commitment).astype("datetime64[D]")
        return read

    def _judge_plans(self, table: DecisionTable, columns: PartColumns, last: np.ndarray) -> None:
        """Refuse months outside the validity of the plans, as `request_table` does."""
        without_plan, has_ended = self.recommender.table_builder.outside_validity(table)
        held = table.held if table.held is not None else np.full(len(table), -1)
        for index in np.unique(held[has_ended]):
            rule = f"plan {table.plans[index]!r} must be valid in the last month of a subscriber who holds it"
            columns.bad.add(rule, columns.positions[last[has_ended & (held == index)]])
        rule = "some plan must be valid on the day after a subscriber's last month"
        columns.bad.add(rule, columns.positions[last[without_plan]])


@dataclass(frozen=True)
class _Months:
    """The rows with a subscriber and a month, by subscriber and month."""

    row: np.ndarray
    "Shape (m,), int64: row of the part."
    owner: np.ndarray
    "Shape (m,), int64: number of the subscriber, from 0."
    number: np.ndarray
    "Shape (m,), int64: months since January 1970."

    @classmethod
    def of(cls, subscriber: pa.Array, month: np.ndarray, row: np.ndarray) -> "_Months":
        """Sort these rows; those of a subscriber come together already."""
        owner = np.concatenate([[0], np.cumsum(changes(subscriber.take(pa.array(row))))])
        months = cls(row, owner, month[row].astype(np.int64))
        if (np.diff(months._key) > 0).all():
            return months
        order = np.argsort(months._key, kind="stable")
        return cls(row[order], owner[order], months.number[order])

    @property
    def count(self) -> np.ndarray:
        """Number of months of each subscriber, shape (k,), int64."""
        return np.bincount(self.owner)

    @property
    def _key(self) -> np.ndarray:
        """One number per row that sorts by subscriber, then month."""
        return (self.owner << 20) + self.number

    def added_up(
        self, columns: PartColumns, usage: Columns, held: np.ndarray | None
    ) -> tuple["_Months", Columns]:
        """Make one row of each month, the last, and its usage: rows on several plans are added up.

        A month with two rows on one plan is refused, and subscribers with too many months.
        """
        parts = part_months(self._key, None if held is None else held[self.row])
        columns.noted.n_added_months += parts.n_added
        columns.bad.add(ONE_ROW_PER_MONTH, columns.positions[np.sort(self.row[parts.is_bad])])
        self._judge(columns)
        months = _Months(self.row[parts.end], self.owner[parts.end], self.number[parts.end])
        return months, {name: parts.total(values[self.row]) for name, values in usage.items()}

    def _judge(self, columns: PartColumns) -> None:
        """Refuse subscribers with too many months."""
        first = np.cumsum(self.count) - self.count
        rule = f"a subscriber must have at most {MOST_MONTHS} months"
        columns.bad.add(rule, columns.positions[self.row[first[self.count > MOST_MONTHS]]])


def changes(subscriber: pa.Array) -> np.ndarray:
    """Find the rows but the first that have another subscriber than the row before, shape (n - 1,), bool.

    Examples:
        >>> changes(pa.array(["a", "a", "b"]))
        array([False,  True])
    """
    differs = pc.not_equal(subscriber[1:], subscriber[:-1])
    return np.asarray(differs.fill_null(fill_value=True).to_numpy(zero_copy_only=False))
