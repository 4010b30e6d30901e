"""Cells as numbers, booleans, dates or text, decided for a whole column at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.reading.notation import Notation, NumberCells
from planrec.schema.columns import Kind

CODE = r"^[+-]?(0\d+|\d{16,})$"
"Leading zeros, or more digits than float64 can distinguish: a code, never a number."

AMOUNT = r"^\(?[+-]?(\p{L}{0,3}\p{Sc}|\p{L}{1,3}\.?[\s\p{Zs}])?[\s\p{Zs}]*[+-]?[.,]?\d"
"Begins like a number, perhaps after a currency: `6,834.0`, `12.3%`, `€12.50`, `US$ 5`, `EUR 5`, `(7)`."

MOSTLY_NUMBERS = 0.9
"Share of numbers or amounts from which a text column was probably meant to hold numbers."

TIME_OF_DAY = r"(?:[ T](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
"The zone is left out: day and month are those of the clock in that zone."
ISO_DATE = re.compile(r"(\d{4})([-/])(\d{2})\2(\d{2})" + TIME_OF_DAY)
ISO_MONTH = re.compile(r"(\d{4})-(\d{2})")
YEAR_LAST_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + TIME_OF_DAY)


@dataclass(frozen=True)
class ReadColumn:
    """One column, interpreted."""

    kind: Kind
    values: np.ndarray
    "Shape (n,): float64, datetime64[s] or object of str, as in `schema.Columns`."
    doubt: str | None = None
    "Why the column may have been meant to hold something else, if there is a sign of it."
    numbers: NumberCells | None = None
    "How the numbers of a text column were read."


def cells_of(column: pa.ChunkedArray, notation: Notation) -> ReadColumn | None:
    """Interpret a readable column; return None if its type is neither number, boolean, date nor text.

    Examples:
        >>> cells_of(pa.chunked_array([["7,5", None]]), Notation()).values
        array([7.5, nan])
        >>> cells_of(pa.chunked_array([["007", "12"]]), Notation()).kind
        'text'
    """
    if pa.types.is_string(column.type):
        return _of_text(column, notation)
    if pa.types.is_floating(column.type):
        return ReadColumn("number", column.to_numpy())
    if pa.types.is_boolean(column.type):
        return ReadColumn("boolean", column.cast(pa.uint8()).cast(pa.float64()).to_numpy())
    if pa.types.is_timestamp(column.type):
        return ReadColumn("date", column.to_numpy().astype("datetime64[s]"))
    return None


def _of_text(text: pa.ChunkedArray, notation: Notation) -> ReadColumn:
    if pc.any(pc.match_substring_regex(text, CODE)).as_py():
        return ReadColumn("text", text.to_numpy())
    numbers = notation.read(text)
    if not numbers.strange.any():
        return ReadColumn("number", numbers.values, numbers=numbers)
    lower = pc.utf8_lower(text)
    if pc.all(pc.is_in(lower, value_set=pa.array(["true", "false", None]))).as_py():
        return ReadColumn("boolean", pc.equal(lower, "true").cast(pa.uint8()).cast(pa.float64()).to_numpy())
    dates, doubt = _dates(text)
    if dates is not None:
        return ReadColumn("date", dates)
    return ReadColumn("text", text.to_numpy(), doubt or _doubtful_numbers(text, numbers.strange))


def numbers_in(column: pa.ChunkedArray, notation: Notation) -> NumberCells:
    """Read the numbers of a column; every cell of a column of another type is strange.

    Examples:
        >>> numbers_in(pa.chunked_array([["7", "lots", None]]), Notation()).strange
        array([False,  True, False])
    """
    if pa.types.is_floating(column.type):
        return NumberCells(column.to_numpy(), np.zeros(len(column), bool))
    if pa.types.is_string(column.type):
        return notation.read(column)
    return NumberCells(np.full(len(column), np.nan), column.is_valid().to_numpy())


def _doubtful_numbers(text: pa.ChunkedArray, strange: np.ndarray) -> str | None:
    others = text.filter(pa.array(strange))
    first = f"the first is {others[0].as_py()!r}"
    n_cells = len(text) - text.null_count
    if len(others) <= (1 - MOSTLY_NUMBERS) * n_cells:
        are = "is not a number" if len(others) == 1 else "are not numbers"
        return f"{len(others):,} of its cells {are}, {first}"
    amounts = pc.sum(pc.match_substring_regex(text, AMOUNT)).as_py() or 0
    if amounts >= MOSTLY_NUMBERS * n_cells:
        return (
            f"its cells begin like numbers or amounts of money but hold more, {first};"
            " remove currencies and units to have numbers"
        )
    return None


def _dates(text: pa.ChunkedArray) -> tuple[np.ndarray | None, str | None]:
    """Read the column as dates, or None and the reason if there is a doubt."""
    encoded = text.combine_chunks().dictionary_encode()
    iso, doubt = _iso_dates(encoded.dictionary.to_pylist())
    if iso is None:
        return None, doubt
    dates = np.array([*iso, np.datetime64("NaT", "s")], dtype="datetime64[s]")
    return dates[encoded.indices.fill_null(len(iso)).to_numpy()], None


def dates_of(texts: Sequence[str]) -> list[np.datetime64] | None:
    """Read distinct cells as dates, datetime64[s]; None unless all are dates written in one form.

    Examples:
        >>> dates_of(["2018-11-30", "2018-12-01 09:30"])
        [np.datetime64('2018-11-30T00:00:00'), np.datetime64('2018-12-01T09:30:00')]
        >>> dates_of(["2018-11-30", "1/12/2018"])
    """
    return _iso_dates(texts)[0]


def _iso_dates(texts: Sequence[str]) -> tuple[list[np.datetime64] | None, str | None]:
    for pattern, order in ((ISO_DATE, "ymd"), (ISO_MONTH, "ym"), (YEAR_LAST_DATE, None)):
        # The first cell decides: most text columns are ruled out by three short matches.
        if texts and pattern.fullmatch(texts[0]):
            matches = [match for text in texts if (match := pattern.fullmatch(text))]
            if len(matches) < len(texts):
                return None, None
            return _assembled(matches, order)
    return None, None


def _assembled(
    matches: Sequence[re.Match[str]], order: str | None
) -> tuple[list[np.datetime64] | None, str | None]:
    """Assemble dates from matched parts; without `order`, find out first which part is the month."""
    parts: list[tuple[str, str, str, str | None]]
    if order == "ym":
        parts = [(match[1], match[2], "1", None) for match in matches]
    elif order == "ymd":
        parts = [(match[1], match[3], match[4], match[5]) for match in matches]
    else:
        month_group = _month_group(matches)
        if month_group is None:
            return None, f"day and month cannot be distinguished in dates like {matches[0][0]!r}"
        day_group = 4 - month_group
        parts = [(match[4], match[month_group], match[day_group], match[5]) for match in matches]
    try:
        return [
            np.datetime64(f"{year}-{int(month):02}-{int(day):02}T{time or '00:00'}", "s")
            for year, month, day, time in parts
        ], None
    except ValueError:  # the 30th of February, a 13th month, 25 o'clock
        return None, None


def _month_group(matches: Sequence[re.Match[str]]) -> int | None:
    """Find the part that is the month, 1 or 3; None if both could be. `31.12.2018` is always day first."""
    if all(match[2] == "." for match in matches):
        return 3
    first_can_be_month = all(int(match[1]) <= 12 for match in matches)
    third_can_be_month = all(int(match[3]) <= 12 for match in matches)
    if first_can_be_month == third_can_be_month:
        return None
    return 1 if first_can_be_month else 3
