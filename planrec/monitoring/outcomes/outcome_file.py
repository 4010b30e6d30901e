"""A file of outcomes: months as the run's own data has them, with events, bills and ids if there are any.

Columns: the subscriber, or `recommendation_id`, or both; the month and its usage. Optional: `event` (a blank
cell is a month), the plan held, `bill`, and the protected columns of the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from planrec.contracts import Bands, FileForm
from planrec.data.protected import UNKNOWN, banded
from planrec.data.reading.bad_rows import BrokenRules, hints
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.identifiers import whole_numbers
from planrec.data.reading.input_file import InputFile
from planrec.data.reading.open_input import open_input
from planrec.data.reading.part_months import part_months
from planrec.data.reading.raw_table import Places
from planrec.data.reading.rules import NOT_BLANK, ONE_ROW_PER_MONTH
from planrec.errors import DataError
from planrec.monitoring.outcomes.outcome import EVENTS, NO_MONTH, Content, Outcome
from planrec.schema.columns import InputColumn, Usage
from planrec.schema.request import Month
from planrec.serving.scoring.part_columns import PartColumns
from planrec.wording import did_you_mean, shown

RECOMMENDATION_ID, EVENT, BILL = "recommendation_id", "event", "bill"


def read_outcomes(path: Path, form: FileForm, protected: Mapping[str, Bands] | None = None) -> list[Outcome]:
    """Read a CSV, Parquet or .xlsx file of outcomes.

    Rows of a month on several plans are added up, and equal rows count once, as when months are scored.

    Args:
        path: the file.
        form: names of columns and plans, and spelling of cells: those of the run's own data.
        protected: `protected_columns` of the run's data; their groups are read if the file has them.

    Raises:
        DataError: the file cannot be read, lacks columns or holds bad values: lists all with their lines.
    """
    file = open_input(path, form.cells)
    bad, there = BrokenRules(), set(file.columns.tidy)
    bands = {name: edges for name, edges in (protected or {}).items() if tidy_name(name) in there}
    wanted = dict.fromkeys([*_columns_to_read(file, form), *map(tidy_name, bands)])
    table = pa.concat_tables(file.parts(tuple(wanted), lambda share: None))
    outcomes = list(_Rows(PartColumns(table, bad, file.reading), form, bands, file.places).outcomes())
    if bad:
        broken = bad.bad_rows(file.places)
        raise DataError(f"{path} does not hold outcomes", [*map(str, broken), *hints(broken)])
    return outcomes


def _columns_to_read(file: InputFile, form: FileForm) -> tuple[str, ...]:
    """Choose the columns that have a role.

    Raises:
        DataError: lists all columns that are missing.
    """
    names, there = _names(form), file.columns.tidy
    owners = [name for name in (RECOMMENDATION_ID, names["subscriber"]) if name in there]
    is_about_months = EVENT not in there
    needed = (names["month"], *(names[usage] for usage in Usage.MEASURED)) if is_about_months else ()
    missing = [name for name in needed if name not in there]
    problems = [f"no column {name!r}{did_you_mean(name, there)}" for name in missing]
    if not owners:
        problems.append(f"neither a column {names['subscriber']!r} nor {RECOMMENDATION_ID!r}")
    if problems:
        problems.append(f"it has {len(there):,} column(s): {shown(there, most=20)}")
        raise DataError(f"{file.path} must hold the columns of outcomes", problems)
    return tuple(name for name in dict.fromkeys((*names.values(), *owners)) if name in there)


def _names(form: FileForm) -> dict[str, str]:
    """Return our name -> column of the file, for all columns that may be read."""
    ours = ("subscriber", "month", "plan_held", *Usage.ALL, EVENT, BILL, RECOMMENDATION_ID)
    return {name: tidy_name(form.columns.get(name, name)) for name in ours}


class _Owner(NamedTuple):
    """The advice or the subscriber that a row names."""

    recommendation_id: str | None
    subscriber: str | None


@dataclass(frozen=True)
class _Rows:
    """Some rows of a file."""

    columns: PartColumns
    form: FileForm
    bands: Mapping[str, Bands]
    places: Places

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcomes: first events, then months; months are left out if a rule is broken."""
        event = self._events()
        of_month = event == "month"
        yield from self._subset(~of_month).without_usage(event[~of_month])
        if of_month.any():
            yield from self._subset(of_month).months()

    def without_usage(self, event: np.ndarray) -> Iterator[Outcome]:
        """Yield outcomes of subscribers that accepted, declined or left."""
        for place, owner, kind, month in zip(
            self._places(), self._owners(), event.tolist(), self._month_texts(), strict=True
        ):
            yield Outcome(place, owner.recommendation_id, owner.subscriber, kind, month)

    def months(self) -> Iterator[Outcome]:
        """Yield outcomes with usage; rows of a month on several plans are added up, equal rows count once."""
        owners, plan, bill, groups = self._owners(), self._plans(), self._bills(), self._groups()
        month = self.columns.months(self._name("month"), self.form.time_year)
        usage = {name: self.columns.amounts(self._name(name), name) for name in self._usage_columns}
        if self.columns.bad:
            return
        key = (_codes(owners) << 20) + month.astype(np.int64)
        plan_code = None if plan is None else _codes([name or "" for name in plan])
        order = _once_in_order(key, [*([] if plan_code is None else [plan_code]), bill, *usage.values()])
        parts = part_months(key[order], None if plan_code is None else plan_code[order])
        self.columns.bad.add(ONE_ROW_PER_MONTH, self.columns.positions[np.sort(order[parts.is_bad])])
        total = {name: parts.total(values[order]).tolist() for name, values in usage.items()}
        bills, places, texts = parts.total(bill[order]).tolist(), self._places(), month.astype(str).tolist()
        for number, row in enumerate(order[parts.end].tolist()):
            content = Content(
                usage=Month(texts[row], **{name: values[number] for name, values in total.items()}),
                plan_held=None if plan is None else plan[row],
                bill=None if bills[number] != bills[number] else f"{bills[number]:.2f}",
                groups=groups[row],
            )
            owner = owners[row]
            yield Outcome(
                places[row], owner.recommendation_id, owner.subscriber, "month", texts[row], content
            )

    def _subset(self, rows: np.ndarray) -> "_Rows":
        return replace(self, columns=replace(self.columns, part=self.columns.part.filter(pa.array(rows))))

    def _name(self, ours: str) -> str:
        return _names(self.form)[ours]

    def _has(self, ours: str) -> bool:
        return self._name(ours) in self.columns.part.column_names

    @property
    def _usage_columns(self) -> list[str]:
        return [name for name in Usage.ALL if name in Usage.MEASURED or self._has(name)]

    def _places(self) -> list[str]:
        positions = self.columns.positions.tolist()
        named = self.places(positions)
        return [named[position] for position in positions]

    def _texts(self, ours: str) -> np.ndarray:
        """Read a column as text, shape (n,), object; None for blank cells, and without the column."""
        if not self._has(ours):
            return np.full(self.columns.part.num_rows, None)
        name = self._name(ours)
        return self.columns.attribute(InputColumn(name=name, kind="text", becomes=name))

    def _events(self) -> np.ndarray:
        """Read the event of each row, shape (n,), object; a blank cell is a month."""
        event = np.array([text or "month" for text in self._texts(EVENT).tolist()], object)
        unknown = ~np.isin(event, EVENTS)
        name = self._name(EVENT)
        self.columns.add(
            f"column {name!r} must hold {', '.join(EVENTS)}", unknown, name if unknown.any() else None
        )
        return event

    def _owners(self) -> list[_Owner]:
        """Read `recommendation_id` and, for rows without it, the subscriber."""
        ids = self._texts(RECOMMENDATION_ID)
        unnamed = np.array([name is None for name in ids], bool)
        who = np.full(len(ids), None)
        if unnamed.any() and self._has("subscriber"):
            rows = self._subset(unnamed).columns
            who[unnamed] = rows.subscribers(self._name("subscriber")).to_numpy(zero_copy_only=False)
        elif unnamed.any():
            self.columns.add(f"column {RECOMMENDATION_ID!r} {NOT_BLANK}", unnamed)
        return list(map(_Owner, ids.tolist(), who.tolist()))

    def _month_texts(self) -> list[str]:
        """Read the month of each row; NO_MONTH for blank cells, and without the column."""
        given = np.array([text is not None for text in self._texts("month")], bool)
        month = np.full(len(given), NO_MONTH, object)
        if given.any():
            rows = self._subset(given).columns
            month[given] = rows.months(self._name("month"), self.form.time_year).astype(str)
        return list(month.tolist())

    def _plans(self) -> list[str | None] | None:
        """Read the plan held of each row; None without the column."""
        if not self._has("plan_held"):
            return None
        texts = self._texts("plan_held")
        given = np.array([text is not None for text in texts], bool)
        if given.any():
            texts[given] = whole_numbers(texts[given])
        return [None if text is None else self.form.plan_names.get(text, text) for text in texts]

    def _bills(self) -> np.ndarray:
        """Read the bill of each row, shape (n,), the major unit; NaN if there is none."""
        given = np.array([text is not None for text in self._texts(BILL)], bool)
        bills = np.full(len(given), np.nan)
        if given.any():
            bills[given] = self._subset(given).columns.amounts(self._name(BILL), BILL)
        return bills

    def _groups(self) -> list[dict[str, str]]:
        """Read the group of each row in every protected column."""
        found = [self._group(name, edges) for name, edges in self.bands.items()]
        rows = zip(*found, strict=True) if found else [()] * self.columns.part.num_rows
        return [dict(zip(self.bands, groups, strict=True)) for groups in rows]

    def _group(self, name: str, edges: Bands) -> list[str]:
        column = InputColumn(name=tidy_name(name), kind="text" if edges is None else "number", becomes=name)
        cells = self.columns.attribute(column)
        return [text or UNKNOWN for text in cells] if edges is None else list(banded(cells, edges))


def _codes(values: Sequence[object]) -> np.ndarray:
    """Assign a number to each value, shape (n,), int64; equal values get the same one."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _once_in_order(key: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the positions of the rows sorted by key, without those that equal an earlier row."""
    rows = np.column_stack([key, *values])
    first = np.sort(np.unique(np.nan_to_num(rows, nan=-1.0), axis=0, return_index=True)[1])
    return first[np.argsort(key[first], kind="stable")]
