"""Numbers as files write them: 1234.5, 1,234.5, 1.234,5, 1 234,5 or 1'234.5.

A mark with three digits behind it has two readings: 1.234 can be a fraction or a thousand. The
cells of the column decide first, then the other columns of the file; see `numerals`. If neither does, the
reading is a guess.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.schema.cell_form import DecimalMark, Thousands

MARKS = {"point": r"\.", "comma": ",", "space": "[ \u00a0\u2009\u202f]", "apostrophe": "['\u2019]"}
"Name of a mark -> pattern; four blanks are in use, and the straight and the typographic apostrophe."
OTHER: dict[DecimalMark, DecimalMark] = {"point": "comma", "comma": "point"}
DECIMAL_MARKS: tuple[DecimalMark, ...] = ("point", "comma")
INFINITE = "[iI]nf(?:inity)?"


@lru_cache(maxsize=32)
def number_pattern(decimal: DecimalMark, thousands: Thousands) -> str:
    """Return the pattern of numbers with this decimal mark, with or without separators of thousands.

    Examples:
        >>> import re
        >>> bool(re.match(number_pattern("comma", "detect"), "1.234,5"))
        True
    """
    groups = r"[1-9]\d{0,2}(?:MARK\d{3})+"
    indian = r"|[1-9]\d?(?:,\d{2})+,\d{3}" if decimal == "point" and thousands in ("detect", "comma") else ""
    whole = "|".join(
        [r"\d+", *(groups.replace("MARK", MARKS[mark]) for mark in _separators(decimal, thousands))]
    )
    mark = MARKS[decimal]
    number = rf"(?:(?:{whole}{indian})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"
    return rf"^[+-]?(?:{number}|{INFINITE})$"


def is_number(text: str, decimal: DecimalMark | None = None) -> bool:
    """Return whether a cell is a number with this decimal mark, or with either.

    Examples:
        >>> [is_number(cell) for cell in ("7", " 1.040,7", "7 GB")]
        [True, True, False]
    """
    text = text.strip()
    # Most cells hold digits only and need no pattern.
    if text.isascii() and text.isdigit():
        return True
    marks = DECIMAL_MARKS if decimal is None else (decimal,)
    return any(_compiled(mark).match(text) for mark in marks)


@lru_cache(maxsize=len(DECIMAL_MARKS))
def _compiled(decimal: DecimalMark) -> re.Pattern[str]:
    return re.compile(number_pattern(decimal, "detect"))


def _separators(decimal: DecimalMark, thousands: Thousands) -> list[str]:
    if thousands == "none":
        return []
    return [mark for mark in MARKS if mark != decimal and thousands in ("detect", mark)]


@dataclass(frozen=True)
class NumberCells:
    """A column read as numbers."""

    values: np.ndarray
    "Shape (n,), float64; NaN for cells that are blank or hold something else."
    strange: np.ndarray
    "Shape (n,), bool: the cells that hold something else."
    decimal: DecimalMark = "point"
    grouped: tuple[str, float] | None = None
    "The first cell with a separator of thousands, and its value."
    has_commas: bool = False
    "Whether a cell has a decimal comma."
    two_readings: str | None = None
    "The first cell that is another number with the other mark, if no cell of the column shows the mark."
    why: str | None = None
    "Why it was read so; None for a guess."

    @property
    def is_guess(self) -> bool:
        """Whether nothing shows the right one of two readings."""
        return self.two_readings is not None and self.why is None

    @property
    def readings(self) -> tuple[str, str]:
        """The value that was taken for `two_readings`, and the other one."""
        text = pa.chunked_array([[self.two_readings]])
        taken, other = (f"{_values(text, mark)[0]:.15g}" for mark in (self.decimal, OTHER[self.decimal]))
        return taken, other


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written, as far as it is known before its cells are read."""

    decimal: DecimalMark | None = None
    "None if the cells themselves must show it."
    thousands: Thousands = "detect"
    why: str | None = None
    """Why cells with two readings are read with `decimal`, or with a point without one. Without `decimal`
    no reason makes the reading a guess."""
    is_guess: bool = False
    "Whether no cell of the column shows `decimal`, and there is no reason either."

    def read(self, text: pa.ChunkedArray) -> NumberCells:
        """Read a text column as numbers.

        Examples:
            >>> Notation("comma").read(pa.chunked_array([["1.234,5", "7", "lots", None]])).values
            array([1234.5,    7. ,    nan,    nan])
        """
        plain = self.plain(text)
        if plain is not None:
            return plain
        settled = self.settled([text])
        return settled._cells(text, settled.decimal or "point")

    def settled(self, texts: Iterable[pa.ChunkedArray]) -> "Notation":
        """Decide the decimal mark by all cells of a column, in one part or several.

        The mark that fits most cells is shown by them. If both fit equally, it is a point for a reason, and
        else a guess.

        Examples:
            >>> parts = [pa.chunked_array([["1.721"]]), pa.chunked_array([["7,5"]])]
            >>> Notation().settled(parts), Notation().settled(parts[:1]).is_guess
            (Notation(decimal='comma', thousands='detect', why=None, is_guess=False), True)
        """
        if self.decimal is not None:
            return self
        count: dict[DecimalMark, int] = dict.fromkeys(DECIMAL_MARKS, 0)
        has_points = self.why is not None
        for text in texts:
            for mark in DECIMAL_MARKS:
                count[mark] += int(pc.sum(self._fits(text, mark)).as_py() or 0)
            has_points = has_points or _any(text, r"\d\.\d")
        if count["point"] != count["comma"]:
            shown: DecimalMark = max(count, key=lambda mark: count[mark])
            return Notation(shown, self.thousands)
        return Notation("point" if has_points else "comma", self.thousands, self.why, self.why is None)

    def plain(self, text: pa.ChunkedArray) -> NumberCells | None:
        """Read a column as a program writes numbers, 1234.5; None if its cells need a closer look."""
        try:
            numbers = text.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        # Arrow reads `nan`, which is no number: it is blank if the options say so, and strange if not.
        if pc.any(pc.is_nan(numbers)).as_py():
            return None
        values = numbers.to_numpy()
        is_settled = self.decimal == "point" and self.why is None and not self.is_guess
        # The point is the only mark that Arrow reads; searching for a pattern would take three times as long.
        has_mark = not is_settled and pc.any(pc.match_substring(text, ".")).as_py()
        return None if has_mark else NumberCells(values, np.zeros(len(text), bool))

    def _fits(self, text: pa.ChunkedArray, decimal: DecimalMark) -> pa.ChunkedArray:
        return pc.match_substring_regex(text, number_pattern(decimal, self.thousands))

    def _cells(self, text: pa.ChunkedArray, decimal: DecimalMark) -> NumberCells:
        fits, is_shown = self._fits(text, decimal), self.why is None and not self.is_guess
        written = pc.if_else(fits, text, pa.scalar(None, pa.string()))
        values = _values(written, decimal)
        grouped = _first(written, _grouped_pattern(decimal))
        comma = decimal == "comma" and _any(written, ",")
        both = None if is_shown else _first(written, TWO_READINGS)
        return NumberCells(
            values,
            pc.invert(fits).fill_null(fill_value=False).to_numpy(),
            decimal,
            None if grouped is None else (written[grouped].as_py(), float(values[grouped])),
            has_commas=comma,
            two_readings=None if both is None else written[both].as_py(),
            why=self.why,
        )


TWO_READINGS = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
"`1.234` and `1,234`. Two separators, as in 1.234.567, show that they separate thousands."


def _grouped_pattern(decimal: DecimalMark) -> str:
    marks = "".join(MARKS[mark].strip("[]") for mark in _separators(decimal, "detect"))
    return rf"\d[{marks}]\d"


def _values(text: pa.ChunkedArray, decimal: DecimalMark) -> np.ndarray:
    """Convert numbers that fit the decimal mark, shape (n,), float64."""
    bare = pc.replace_substring_regex(text, rf"[^\d+\-eEinftyI{MARKS[decimal]}]", "")
    return pc.replace_substring(bare, ",", ".").cast(pa.float64()).to_numpy()


def _any(text: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern)).as_py())


def _first(text: pa.ChunkedArray, pattern: str) -> int | None:
    found = pc.index(pc.match_substring_regex(text, pattern), value=True).as_py()
    return None if found < 0 else int(found)
