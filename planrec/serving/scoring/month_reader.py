"""Rows of months in a file, those of a subscriber together, as the decision table of their requests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from planrec.catalogue import Plan
from planrec.catalogue.menu import menu_of, switching_costs
from planrec.contracts import FileForm
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.rules import NOT_BLANK, ONE_ROW_PER_MONTH
from planrec.recommending.recommender import Recommender
from planrec.schema.columns import Columns, lag
from planrec.schema.tables import DecisionTable
from planrec.serving.scoring.part_columns import PartColumns, subscribers

MOST_MONTHS = 120
"Of one subscriber: ten years. A file has this fixed limit; that of a request is a setting of the API."
LAST_ADVICE = "last_recommended"


@dataclass(frozen=True)
class MonthReader:
    """Reads files of a run over months."""

    recommender: Recommender
    form: FileForm

    def column(self, name: str) -> str:
        """Return the column of the file that has this name in PlanRec."""
        return tidy_name(self.form.columns.get(name, name))

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that the file must have."""
        inputs = self.recommender.inputs
        ours = ["subscriber", "month", *inputs.usage, *(["plan_held"] if inputs.asks_held else [])]
        return (*map(self.column, ours), *(column.name for column in inputs.columns))

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that are read if the file has them."""
        return (LAST_ADVICE,) if self.recommender.inputs.asks_held else ()

    def table(self, columns: PartColumns) -> tuple[pa.Array, DecisionTable] | None:
        """Whose they are, and the decisions after the last month of each; None where no row has a month."""
        whose = subscribers(columns.part, self.column("subscriber")).combine_chunks()
        blank = whose.is_null().to_numpy(zero_copy_only=False)
        columns.add(f"column {self.column('subscriber')!r} {NOT_BLANK}", blank)
        month = columns.months(self.column("month"), self.form.time_year)
        usage = {name: columns.amounts(self.column(name)) for name in self.recommender.inputs.usage}
        attributes = {each.becomes: columns.attribute(each) for each in self.recommender.inputs.columns}
        plans = self._plans(columns)
        placed = np.flatnonzero(~np.isnat(month) & ~blank)
        if not len(placed):
            return None
        groups = _Groups.of(whose.take(pa.array(placed)), month[placed].astype(np.int64))
        _judge(groups, columns, placed)
        last = placed[groups.last_row]
        table = self._decisions(
            groups.lags(_taken(usage, placed), self.recommender.inputs.window) | _taken(attributes, last),
            (groups.last + 1).astype("datetime64[M]").astype("datetime64[D]"),
            _taken(plans, last),
        )
        self._judge_plans(table, columns, last)
        return whose.take(pa.array(last)), table

    def _plans(self, columns: PartColumns) -> Columns:
        """Plan held and last advice of every row, where the run asks for them."""
        if not self.recommender.inputs.asks_held:
            return {}
        plans, has_advice = self.recommender.plans, LAST_ADVICE in columns.part.column_names
        held = columns.plans(self.column("plan_held"), plans, self.form.plan_names)
        advice = columns.plans(LAST_ADVICE, plans, {}) if has_advice else np.full(len(held), -1)
        return {"held": held, "last_recommended": advice}

    def _decisions(self, X: Columns, as_of: np.ndarray, plans: Columns) -> DecisionTable:
        recommender, catalogue = self.recommender, self.recommender.catalogue
        n = len(as_of)
        known: dict[str, Any] = {"menu": np.ones((n, len(recommender.plans)), bool)}
        if plans and catalogue is not None:
            attributes = {each.becomes: X[each.becomes] for each in recommender.inputs.columns}
            known = plans | {
                "menu": menu_of(catalogue, as_of, attributes, plans["held"]),
                "switching_cost": switching_costs(catalogue, plans["held"]),
                "minor_units": 10**catalogue.exponent,
            }
        return DecisionTable(
            X=X,
            subscriber=np.arange(n),
            has_subscribers=False,
            plans=recommender.plans,
            inputs=recommender.inputs,
            as_of=as_of,
            horizon=recommender.horizon,
            **known,
        )

    def _judge_plans(self, table: DecisionTable, columns: PartColumns, last: np.ndarray) -> None:
        """Months outside the validity of the plans, as `request_table` refuses them."""
        if table.held is None or table.as_of is None or self.recommender.catalogue is None:
            return
        valid = np.zeros(len(table), bool)
        for index, plan in enumerate(self.recommender.catalogue.plans):
            valid |= _is_valid(plan, table.as_of)
            outside = (table.held == index) & ~_is_valid(plan, table.as_of - np.timedelta64(1, "D"))
            rule = f"plan {plan.id!r} must be valid in the last month of a subscriber who holds it"
            columns.bad.add(rule, columns.positions[last[outside]])
        rule = "some plan must be valid on the day after a subscriber's last month"
        columns.bad.add(rule, columns.positions[last[~valid]])


@dataclass(frozen=True)
class _Groups:
    """Rows by subscriber: those of one stand together, their months in any order."""

    start: np.ndarray
    "Shape (k,), int64: first row of each subscriber."
    of_row: np.ndarray
    "Shape (n,), int64: position of the subscriber."
    month: np.ndarray
    "Shape (n,), int64: months since 1970."

    @classmethod
    def of(cls, whose: pa.Array, month: np.ndarray) -> "_Groups":
        is_first = np.concatenate([[True], changes(whose)])
        return cls(np.flatnonzero(is_first), np.cumsum(is_first) - 1, month)

    @property
    def last(self) -> np.ndarray:
        """Shape (k,): last month of each subscriber."""
        return np.maximum.reduceat(self.month, self.start)

    @property
    def last_row(self) -> np.ndarray:
        """Shape (k,): row of the last month."""
        row = np.empty(len(self.start), np.int64)
        is_last = self.month == self.last[self.of_row]
        row[self.of_row[is_last]] = np.flatnonzero(is_last)
        return row

    def repeats(self) -> np.ndarray:
        """Rows whose subscriber has another row of the same month, shape (n,), bool."""
        key = (self.of_row << 20) + self.month
        if (np.diff(key) > 0).all():
            return np.zeros(len(key), bool)
        _, pair, count = np.unique(key, return_inverse=True, return_counts=True)
        return count[pair] > 1

    def lags(self, usage: Columns, window: int) -> Columns:
        """Lag columns: NaN before the first month, 0 in a month that is not given."""
        ago = self.last[self.of_row] - self.month
        length = self.last - np.minimum.reduceat(self.month, self.start) + 1
        inside = np.flatnonzero(ago < window)
        at = ago[inside], self.of_row[inside]
        silent = np.where(np.arange(window)[:, None] < length, 0.0, np.nan)
        columns: Columns = {}
        for name, values in usage.items():
            filled = silent.copy()
            filled[at] = values[inside]
            columns |= {lag(name, back + 1): filled[back] for back in range(window)}
        return columns


def _is_valid(plan: Plan, days: np.ndarray) -> np.ndarray:
    started = days >= np.datetime64(plan.valid_for.start)
    return started if plan.valid_for.end is None else started & (days < np.datetime64(plan.valid_for.end))


def changes(whose: pa.Array) -> np.ndarray:
    """Which rows but the first are of another subscriber than the row before, shape (n - 1,), bool."""
    differs = pa.compute.not_equal(whose[1:], whose[:-1])
    return np.asarray(differs.fill_null(True).to_numpy(zero_copy_only=False))


def _judge(groups: _Groups, columns: PartColumns, placed: np.ndarray) -> None:
    columns.bad.add(ONE_ROW_PER_MONTH, columns.positions[placed[groups.repeats()]])
    many = np.bincount(groups.of_row) > MOST_MONTHS
    columns.bad.add(
        f"a subscriber must have at most {MOST_MONTHS} months", columns.positions[placed[groups.start[many]]]
    )


def _taken(columns: Columns, rows: np.ndarray) -> Columns:
    return {name: array[rows] for name, array in columns.items()}
