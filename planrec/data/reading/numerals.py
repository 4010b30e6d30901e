"""The notation of the numbers in each column of a file, found in its first rows before any column is read.

Training reads a file at once and scoring in parts: both use the notation that is found here, so that every
part is read as the whole file is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from planrec.commands.advice import typed
from planrec.data.reading.column_types import MISSING, SPREADSHEET_ERRORS
from planrec.data.reading.notation import DECIMAL_MARKS, Notation, NumberCells, is_number
from planrec.data.reading.part_months import added_note
from planrec.schema.cell_form import CellForm, DecimalMark

EXAMINED_ROWS = 1_000
EXAMINED_CELLS = 50_000

MOSTLY_NUMBERS = 0.9
"Share of numbers from which a column counts as one of numbers."


@dataclass(frozen=True)
class Numerals:
    """The notation of each column."""

    columns: Mapping[str, Notation] = field(default_factory=dict)
    others: Notation = field(default_factory=Notation)

    def of(self, column: str) -> Notation:
        """Return the notation of a column."""
        return self.columns.get(column, self.others)


def numerals_of(
    rows: Sequence[Sequence[str]], names: Sequence[str], form: CellForm, separator: str | None = None
) -> Numerals:
    """Find the notation of each column from rows of text.

    Args:
        rows: the first rows, each with one cell per column.
        names: the columns.
        form: what the options say.
        separator: character between the cells of the file, if it has one.

    Examples:
        >>> found = numerals_of([["650", "7,5"], ["1.721", "8,0"]], ["mb", "bill"], CellForm(), ";")
        >>> found.of("mb")
        Notation(decimal='comma', thousands='detect', why="column 'bill' has '7,5'")
    """
    decimal = _of_options(form)
    if decimal is not None:
        return Numerals(others=Notation(decimal, form.thousands))
    blank = {*SPREADSHEET_ERRORS, *(MISSING if form.blank is None else form.blank)}
    few = list(islice(rows, max(1, min(EXAMINED_ROWS, EXAMINED_CELLS // max(1, len(names))))))
    shown = {
        name: found
        for name, cells in zip(names, zip(*few, strict=True), strict=False)
        if (found := _shown_by(cells, blank)) is not None
    }
    why = "commas separate the cells of the file" if separator == "," else None
    others = Notation(None, form.thousands, why)
    if len({mark for mark, _ in shown.values()}) == 1:
        name, (mark, cell) = next(iter(shown.items()))
        others = Notation(mark, form.thousands, f"column {name!r} has {cell!r}")
    return Numerals({name: Notation(mark, form.thousands) for name, (mark, _) in shown.items()}, others)


def _of_options(form: CellForm) -> DecimalMark | None:
    if form.decimal != "detect":
        return form.decimal
    implied: dict[str, DecimalMark] = {"point": "comma", "comma": "point"}
    return implied.get(form.thousands)


def _shown_by(cells: Sequence[str], blank: set[str]) -> tuple[DecimalMark, str] | None:
    """Return the decimal mark that the cells of a column show, and the first cell that shows it."""
    texts = [text for cell in cells if (text := cell.strip()) and text not in blank]
    fits = {mark: [is_number(text, mark) for text in texts] for mark in DECIMAL_MARKS}
    mark = max(fits, key=lambda mark: sum(fits[mark]))
    shows = [text for text, *both in zip(texts, *fits.values(), strict=True) if len(set(both)) == 2]
    if not shows or sum(fits["point"]) == sum(fits["comma"]) or sum(fits[mark]) < MOSTLY_NUMBERS * len(texts):
        return None
    return mark, next(text for text in shows if is_number(text, mark))


@dataclass
class ReadingNotes:
    """Columns and months that could have been read in another way, gathered while they are read."""

    commas: dict[str, None] = field(default_factory=dict)
    grouped: dict[str, tuple[str, float]] = field(default_factory=dict)
    two_readings: dict[str, NumberCells] = field(default_factory=dict)
    n_added_months: int = 0
    "Months that were added up from rows with several plans."

    def add(self, name: str, cells: NumberCells) -> None:
        """Note how a column, or a part of it, was read."""
        if cells.has_commas:
            self.commas[name] = None
        if cells.grouped is not None:
            self.grouped.setdefault(name, cells.grouped)
        if cells.two_readings is not None:
            self.two_readings.setdefault(name, cells)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence per kind of reading, and one per column with two readings."""
        grouped = ", ".join(
            f"{name!r} ({cell!r} is {value:.15g})" for name, (cell, value) in self.grouped.items()
        )
        commas = ", ".join(map(repr, self.commas))
        return (
            *(
                [f"numbers with a decimal comma (12,5 is twelve and a half): column {commas}"]
                if commas
                else []
            ),
            *([f"numbers with separators of thousands: column {grouped}"] if grouped else []),
            *(two_readings_note(name, cells) for name, cells in self.two_readings.items()),
            *([added_note(self.n_added_months)] if self.n_added_months else []),
        )


def two_readings_note(name: str, cells: NumberCells) -> str:
    """Say how a column with two readings was read, why, and how to have the other one."""
    taken, other = cells.readings
    marks = {"point": "comma", "comma": "point"}
    why = f", because {cells.why}" if cells.why else "; no cell of the file shows its decimal mark"
    return (
        f"column {name!r}: {cells.two_readings!r} is read as {taken}{why};"
        f" if it is {other}, type {typed({'data.decimal': marks[cells.decimal]})}"
    )


def two_readings_rule(cells: NumberCells) -> str:
    """State the rule that amounts with two readings break if nothing shows the right one."""
    taken, other = cells.readings
    return (
        f"must have one reading: {cells.two_readings!r} can be {taken} or {other};"
        f" type {typed({'data.decimal': 'point'})} or {typed({'data.decimal': 'comma'})}"
    )
