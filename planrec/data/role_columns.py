"""Columns of a raw table that have a role, read and judged cell by cell."""

from collections.abc import Callable

import numpy as np

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.cells import cells_of
from planrec.data.reading.column_types import error_cells
from planrec.data.reading.identifiers import shortened, whole_numbers
from planrec.data.reading.raw_table import RawTable
from planrec.data.reading.reading_notes import ReadingNotes, two_readings_rule
from planrec.data.reading.rules import NO_ERROR, WHOLE_ID, amount_rules, not_blank
from planrec.data.reading.time_cells import TimeProblem, date_of
from planrec.data.usage_units import megabytes_note, unit_doubt
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
        self.noted = ReadingNotes()
        self._unit_notes: list[str] = []
        self._unreadable = BrokenRules()
        self.problems_of_columns: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """Readings of numbers, months and units that could have been others, one sentence each."""
        return (*self.noted.notes, *self._unit_notes)

    @property
    def problems(self) -> list[str]:
        """Columns that cannot be read at all, one line each."""
        return [*(str(bad) for bad in self._unreadable.bad_rows(self.raw.places)), *self.problems_of_columns]

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
        name, blank = self.roles[role], self.is_blank(role)
        text = self.raw.text(name)
        self.add(f"{self.place(role)} {not_blank(self.raw.reading.blank)}", blank, self.raw.blanks.get(name))
        text[~blank] = whole_numbers(text[~blank])
        return text

    def codes(self, role: str) -> np.ndarray:
        """Read ids or plans as text, shape (n,), object; cells that a spreadsheet damaged break a rule."""
        text, column = self.text(role), self.raw.columns[self.roles[role]]
        for rule, rows in {NO_ERROR: error_cells(column), WHOLE_ID: shortened(text)}.items():
            if rows.any():
                self.add(f"{self.place(role)} {rule}", rows, text[rows][0])
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
        cells = cells_of(self.raw.columns[name], self.raw.reading.notation(name))
        if cells is not None and cells.kind == "date":
            return cells.values.astype("datetime64[D]")
        if known.any():
            rule = f"{self.place(role)} must hold dates (2018-11-30) or blank cells"
            texts = self.raw.text(name)
            bad = _unreadable_dates(texts, known)
            self._unreadable.add(rule, self.raw.rows[bad], texts[bad][0])
        return np.full(len(known), np.datetime64("NaT", "D"))

    def amounts(self, role: str) -> np.ndarray:
        """Read a usage column `data.usage_columns.NAME`, shape (n,), float64.

        Values are in the unit of `schema.Usage`, quantised to 0.01.
        """
        name, usage = self.roles[role], role.rpartition(".")[2]
        if doubt := unit_doubt(usage, name, self.raw.reading.form):
            self.problems_of_columns.append(f"{self.place(role)} {doubt}")
        if note := megabytes_note(usage, name, self.raw.reading.form):
            self._unit_notes.append(note)
        cells = self.raw.reading.numbers(name, self.raw.columns[name])
        if cells.is_guess:
            rows = self.raw.text(name) == cells.two_readings
            self._unreadable.add(f"{self.place(role)} {two_readings_rule(cells)}", self.raw.rows[rows])
        self.noted.add(name, cells)
        values = cells.values * self.raw.reading.form.factor(usage)
        rule = not_blank(self.raw.reading.blank)
        self.add(f"{self.place(role)} {rule}", self.is_blank(role), self.raw.blanks.get(name))
        for rule, rows in amount_rules(values, cells.strange).items():
            if rows.any():
                self.add(f"{self.place(role)} {rule}", rows, self.raw.text(name)[rows][0])
        return quantised(values)


def _unreadable_dates(texts: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Find the known cells that are not dates; all known ones if each is a date, but in another form."""
    unreadable = {text for text in dict.fromkeys(texts[known]) if np.isnat(date_of(text))}
    found = known.copy()
    found[known] = [text in unreadable for text in texts[known]]
    return found if found.any() else known
