"""The notation of the numbers in each column of a file, found in its first rows before any column is read.

Training reads a file at once and scoring in parts: both use the notation that is found here, so that every
part is read as the whole file is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from planrec.data.reading.column_types import MISSING, SPREADSHEET_ERRORS
from planrec.data.reading.notation import DECIMAL_MARKS, Notation, is_number
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
        Notation(decimal='comma', thousands='detect', why="column 'bill' has '7,5'", is_guess=False)
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
