"""Cells as numbers, booleans, dates or text, decided for a whole column at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.schema.columns import Kind

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMMA_NUMBER = r"^[+-]?\d+(,\d+)?([eE][+-]?\d+)?$"
CODE = r"^[+-]?(0\d+|\d{16,})$"
"Leading zeros, or more digits than float64 can distinguish: a code, never a number."

AMOUNT = r"^\(?[+-]?(\p{L}{0,3}\p{Sc}|\p{L}{1,3}\.?[\s\p{Zs}])?[\s\p{Zs}]*[+-]?[.,]?\d"
"Begins like a number, perhaps after a currency: `6,834.0`, `12.3%`, `€12.50`, `US$ 5`, `EUR 5`, `(7)`."

MOSTLY_NUMBERS = 0.9
"Share of numbers or amounts from which a text column was probably meant to hold numbers."

TIME_OF_DAY = r"(?:[ T](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?Z?)?"
ISO_DATE = re.compile(r"(\d{4})([-/])(\d{2})\2(\d{2})" + TIME_OF_DAY)
ISO_MONTH = re.compile(r"(\d{4})-(\d{2})")
YEAR_LAST_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + TIME_OF_DAY)


@dataclass(frozen=True)
class Cells:
    """One column, interpreted."""

    kind: Kind
    values: np.ndarray
    "Shape (n,): float64, datetime64[s] or object of str, as in `schema.Columns`."
    doubt: str | None = None
    "Why the column may have been meant to hold something else, if there is a sign of it."
    decimal_commas: bool = False


def cells_of(column: pa.ChunkedArray, *, decimal_comma: bool) -> Cells | None:
    """Interpret a readable column; return None if its type is neither number, boolean, date nor text.

    Examples:
        >>> cells_of(pa.chunked_array([["7,5", None]]), decimal_comma=True).values
        array([7.5, nan])
        >>> cells_of(pa.chunked_array([["007", "12"]]), decimal_comma=False).kind
        'text'
    """
    if pa.types.is_string(column.type):
        return _of_text(column, decimal_comma=decimal_comma)
    if pa.types.is_floating(column.type):
        return Cells("number", column.to_numpy())
    if pa.types.is_boolean(column.type):
        return Cells("boolean", column.cast(pa.uint8()).cast(pa.float64()).to_numpy())
    if pa.types.is_timestamp(column.type):
        return Cells("date", column.to_numpy().astype("datetime64[s]"))
    return None


def _of_text(text: pa.ChunkedArray, *, decimal_comma: bool) -> Cells:
    if pc.any(pc.match_substring_regex(text, CODE)).as_py():
        return Cells("text", text.to_numpy())
    numbers = numbers_of(text, decimal_comma=decimal_comma)
    if numbers is not None:
        return numbers
    lower = pc.utf8_lower(text)
    if pc.all(pc.is_in(lower, value_set=pa.array(["true", "false", None]))).as_py():
        return Cells("boolean", pc.equal(lower, "true").cast(pa.uint8()).cast(pa.float64()).to_numpy())
    dates, doubt = _dates(text)
    if dates is not None:
        return Cells("date", dates)
    return Cells("text", text.to_numpy(), doubt or _doubtful_numbers(text))


def numbers_of(column: pa.ChunkedArray, *, decimal_comma: bool) -> Cells | None:
    """Read a column as numbers, codes like `007` too; None unless every cell is a number or blank.

    Examples:
        >>> numbers_of(pa.chunked_array([["007", "1e3"]]), decimal_comma=False).values
        array([   7., 1000.])
    """
    if pa.types.is_floating(column.type):
        return Cells("number", column.to_numpy())
    if not pa.types.is_string(column.type):
        return None
    try:
        return Cells("number", column.cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        pass
    if decimal_comma and pc.all(pc.match_substring_regex(column, COMMA_NUMBER)).as_py():
        points = pc.replace_substring(column, ",", ".")
        return Cells("number", points.cast(pa.float64()).to_numpy(), decimal_commas=True)
    return None


def numbers_and_others(column: pa.ChunkedArray, *, decimal_comma: bool) -> tuple[np.ndarray, np.ndarray]:
    """Read a column as numbers, shape (n,), NaN for blank cells; and which cells hold something else.

    Examples:
        >>> numbers_and_others(pa.chunked_array([["7", "lots", None]]), decimal_comma=False)
        (array([ 7., nan, nan]), array([False,  True, False]))
    """
    if not (pa.types.is_string(column.type) or pa.types.is_floating(column.type)):
        return np.full(len(column), np.nan), column.is_valid().to_numpy()
    cells = numbers_of(column, decimal_comma=decimal_comma)
    if cells is not None:
        return cells.values, np.zeros(len(column), dtype=bool)
    patterns = (NUMBER, COMMA_NUMBER) if decimal_comma else (NUMBER,)
    matches = [pc.match_substring_regex(column, pattern).fill_null(fill_value=True) for pattern in patterns]
    fits = max(matches, key=lambda match: pc.sum(match).as_py())
    cleaned = pc.if_else(fits, column, pa.scalar(None, pa.string()))
    return numbers_and_others(cleaned, decimal_comma=decimal_comma)[0], pc.invert(fits).to_numpy()


def _doubtful_numbers(text: pa.ChunkedArray) -> str | None:
    is_number = pc.match_substring_regex(text, NUMBER)
    others = text.filter(pc.invert(is_number))
    first = f"the first is {others[0].as_py()!r}"
    if _is_most(is_number):
        are = "is not a number" if len(others) == 1 else "are not numbers"
        return f"{len(others):,} of its cells {are}, {first}"
    if _is_most(pc.match_substring_regex(text, AMOUNT)):
        return (
            f"its cells begin like numbers or amounts of money but hold more, {first};"
            " remove separators of thousands, currencies and units to have numbers"
        )
    return None


def _is_most(cells: pa.ChunkedArray) -> bool:
    return bool(pc.mean(cells.cast(pa.uint8())).as_py() >= MOSTLY_NUMBERS)


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
