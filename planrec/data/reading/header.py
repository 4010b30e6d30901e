"""The header among the first rows of a file: below title lines, and only one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planrec.data.reading.column_types import MISSING, SPREADSHEET_ERRORS
from planrec.data.reading.notation import is_number
from planrec.errors import DataError
from planrec.wording import counted, shown

EXAMINED = 20
"Rows that show the width of the table and if a column holds numbers."
FEWEST_OF_NUMBERS = 2
"Columns of numbers with words in their first row from which that row is a second header."


@dataclass(frozen=True)
class Header:
    """The header and its position among the rows that are not blank, from 0."""

    cells: tuple[str, ...]
    position: int
    notes: tuple[str, ...]


def header_of(rows: Sequence[Sequence[str]], places: Sequence[str], path: str) -> Header:
    """Find the header.

    Args:
        rows: the first rows that are not blank, at least one.
        places: names of these rows in messages: `line 1`.
        path: name of the file in messages.

    Raises:
        DataError: if a second header row follows.

    Examples:
        >>> rows = [["Usage of May"], ["plan", "mb"], ["mini", "7"], ["max", "9"]]
        >>> header_of(rows, ["line 1", "line 2", "line 3", "line 4"], "usage.csv").cells
        ('plan', 'mb')
    """
    few = rows[:EXAMINED]
    width = common_width(few)
    position = next((at for at, row in enumerate(few) if not _is_title(row, width)), 0)
    if not _is_all_words(few[position], width):
        position = 0
    titles = [next(filter(None, row)) for row in few[:position]]
    below = [row for row in few[position + 1 :] if len(row) == len(few[position])]
    if below and below[0] is few[position + 1] and _is_second_header(below[0], below[1:]):
        raise DataError(
            f"{path}: {places[position + 1]} looks like a second header row"
            f" ({shown(filter(None, below[0]))}): join both rows into one header, or delete one of them"
        )
    notes = (
        [f"{counted(position, 'title line')} above the header left out: {shown(titles)}"] if position else []
    )
    return Header(tuple(few[position]), position, tuple(notes))


def common_width(rows: Iterable[Sequence[str]]) -> int:
    """Return the most frequent number of cells; of two, the one that occurs first.

    Examples:
        >>> common_width([["Title"], ["a", "b"], ["1", "2"]])
        2
    """
    return Counter(map(len, rows)).most_common(1)[0][0]


def _is_title(row: Sequence[str], width: int) -> bool:
    """Return whether at most half of the cells hold something, as `Report of May;;;` does."""
    n_cells = sum(bool(cell.strip()) for cell in row)
    # A header of two cells, one of them blank, is no title.
    return 2 * n_cells <= width and (width > 2 or len(row) < width)


def _is_all_words(row: Sequence[str], width: int) -> bool:
    cells = [cell for cell in row if cell.strip()]
    return len(row) == width and 2 * len(cells) > width and not any(map(is_number, cells))


def _is_second_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether all columns of numbers have words in this row, and no word occurs below it again."""
    of_numbers, words_below = [], False
    for cell, column in zip(row, zip(*below, strict=True), strict=False):
        known = [other for other in column if other.strip() and other.strip() not in MISSING]
        if len(known) > 1 and all(map(is_number, known)):
            of_numbers.append(cell.strip())
        else:
            words_below |= cell in known
    return (
        len(of_numbers) >= FEWEST_OF_NUMBERS
        and not words_below
        and all(
            cell and not is_number(cell) and cell not in (*MISSING, *SPREADSHEET_ERRORS)
            for cell in of_numbers
        )
    )
