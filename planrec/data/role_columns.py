"""Columns of a raw table that have a role, read and judged cell by cell."""

from collections.abc import Callable

import numpy as np

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.cells import cells_of, numbers_and_others
from planrec.data.reading.identifiers import whole_numbers
from planrec.data.reading.raw_table import RawTable
from planrec.data.reading.rules import NOT_BLANK, amount_rules
from planrec.data.reading.time_cells import TimeProblem
from planrec.schema.columns import quantised

ReadTimes = Callable[[np.ndarray, int | None], tuple[np.ndarray | None, TimeProblem | None]]
"`time_cells.as_of_of` or `time_cells.months_of`."


class RoleColumns:
    """The columns with a role, and which of their cells break which rule."""

    def __init__(self, raw: RawTable, roles: dict[str, str], *, keeps_all: bool = False) -> None:
        """Begin without broken rules.

        Args:
            raw: the table.
            roles: option as typed on the command line -> column of the table; others are left out.
            keeps_all: whether the places of all bad rows are needed, to drop them.
        """
        self.raw = raw
        self.roles = {
            role: name for role, name in roles.items() if name in raw.columns and raw.is_readable(name)
        }
        self.broken = BrokenRules(keeps_all=keeps_all)
        self.is_bad = np.zeros(len(raw), bool)
        self._unreadable = BrokenRules()

    @property
    def problems(self) -> list[str]:
        """Columns that cannot be read at all, one line each."""
        return [str(bad) for bad in self._unreadable.bad_rows(self.raw.places)]

    def place(self, role: str) -> str:
        """Name a column in messages: `column 'mb' (data.usage_columns.data_mib)`."""
        return f"column {self.roles[role]!r} ({role})"

    def add(self, rule: str, rows: np.ndarray, value: object = None) -> None:
        """Note that the rows of a mask break a rule."""
        self.broken.add(rule, self.raw.rows[rows], value)
        self.is_bad |= rows

    def is_blank(self, role: str) -> np.ndarray:
        """Find the blank cells of a column, shape (n,), bool."""
        return self.raw.columns[self.roles[role]].is_null().to_numpy()

    def text(self, role: str) -> np.ndarray:
        """Read a column as text, shape (n,), object; None for blank cells, which break a rule."""
        text, blank = self.raw.text(self.roles[role]), self.is_blank(role)
        self.add(f"{self.place(role)} {NOT_BLANK}", blank)
        text[~blank] = whole_numbers(text[~blank])
        return text

    def times(self, role: str, read: ReadTimes, year: int | None) -> np.ndarray:
        """Read months or instants, shape (n,), datetime64; NaT for cells that are blank or unreadable."""
        text, known = self.text(role), ~self.is_blank(role)
        found, problem = read(text[known], year)
        if problem is not None:
            rule = f"{self.place(role)} {problem.rule}"
            self._unreadable.add(rule, self.raw.rows[text == problem.text], problem.text)
        if found is None:
            return np.full(len(text), np.datetime64("NaT", "D"))
        times = np.full(len(text), np.datetime64("NaT"), found.dtype)
        times[known] = found
        return times

    def days(self, role: str) -> np.ndarray:
        """Read days, shape (n,), datetime64[D]; NaT for blank cells."""
        name, known = self.roles[role], ~self.is_blank(role)
        cells = cells_of(self.raw.columns[name], decimal_comma=self.raw.decimal_comma)
        if cells is not None and cells.kind == "date":
            return cells.values.astype("datetime64[D]")
        if known.any():
            rule = f"{self.place(role)} must hold dates (2018-11-30) or blank cells"
            self._unreadable.add(rule, self.raw.rows[known], self.raw.text(name)[known][0])
        return np.full(len(known), np.datetime64("NaT", "D"))

    def amounts(self, role: str) -> np.ndarray:
        """Read a usage column, quantised to 0.01, shape (n,), float64."""
        name = self.roles[role]
        values, strange = numbers_and_others(self.raw.columns[name], decimal_comma=self.raw.decimal_comma)
        for rule, rows in amount_rules(values, strange, self.is_blank(role)).items():
            if rows.any():
                self.add(f"{self.place(role)} {rule}", rows, self.raw.text(name)[rows][0])
        return quantised(values)
