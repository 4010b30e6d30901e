"""Columns of a file in the four types that are read: float64, bool, timestamp[s] and text."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("NA", "N/A", "n/a", "<NA>", "NaN", "nan", "-nan", "NaT", "null", "NULL", "None", "?")
"Cells that count as blank in every column, as empty cells do, if `data.blank` is null."

SPREADSHEET_ERRORS = (
    *(
        "#DIV/0!",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "#NAME?",
        "#NULL!",
        "#NUM!",
        "#REF!",
        "#VALUE!",
        "#SPILL!",
        "#CALC!",
    ),
    *("#GETTING_DATA", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "Err:502", "Err:504", "Err:508"),
    *(
        "Err:522",
        "#WERT!",
        "#BEZUG!",
        "#NV",
        "#ZAHL!",
        "#¡DIV/0!",
        "#¡REF!",
        "#¡VALOR!",
        "#¡NUM!",
        "#¿NOMBRE?",
    ),
    *("#N/D", "#¡NULO!", "#¡VALOR!", "#NOMBRE!", "#VALEUR!", "#NOM?", "#NUL!"),
)
"Results of formulas that failed, in English, German, Spanish and French, and those of LibreOffice."

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)

EXACT_INTEGER = 10**15
"Integers from here on are kept as text: float64 would merge neighbours (16 digits and more)."


def as_readable(column: pa.ChunkedArray, blank: tuple[str, ...] = MISSING) -> pa.ChunkedArray:
    """Convert a column of a file to float64, bool, timestamp[s] or tidy text; other types unchanged.

    Instants with a time zone become the day and time that clocks showed in that zone.

    Args:
        column: a column as stored.
        blank: the texts that become null, beside empty ones; numbers equal to one of them do, too.

    Examples:
        >>> as_readable(pa.chunked_array([[7, None]])).to_pylist()
        [7.0, None]
        >>> as_readable(pa.chunked_array([[" mini", "N/A"]])).to_pylist()
        ['mini', None]
        >>> as_readable(pa.chunked_array([[7, -999]]), blank=("-999",)).to_pylist()
        [7.0, None]
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type):
        numbers = _without(column.cast(pa.float64(), safe=False), blank)
        if np.nanmax(np.abs(numbers), initial=0) < EXACT_INTEGER:
            return numbers
        return tidy_text(column.cast(pa.string()), blank)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return tidy_text(column.cast(pa.string()), blank)
    for fits, convert in CONVERSIONS:
        if fits(column.type):
            converted = convert(column)
            return _without(converted, blank) if pa.types.is_floating(converted.type) else converted
    return column


def numbers_of(blank: tuple[str, ...]) -> list[float]:
    """Return the numbers among the cells that count as blank.

    Examples:
        >>> numbers_of(("NA", "NaN", "-999"))
        [-999.0]
    """
    return [float(text) for text in blank if NUMBER.fullmatch(text)]


def _without(numbers: pa.ChunkedArray, blank: tuple[str, ...]) -> pa.ChunkedArray:
    values = numbers_of(blank)
    if not values:
        return numbers
    is_blank = pc.is_in(numbers, value_set=pa.array(values, pa.float64()))
    return pc.if_else(is_blank, pa.scalar(None, pa.float64()), numbers)


def is_readable(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds text, numbers, booleans or dates; Parquet can hold lists and more."""
    return any(
        fits(column.type)
        for fits in (pa.types.is_string, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp)
    )


def tidy_text(cells: pa.ChunkedArray, blank: tuple[str, ...] = MISSING) -> pa.ChunkedArray:
    """Strip the cells of a text column; empty cells and those in `blank` become null.

    Examples:
        >>> tidy_text(pa.chunked_array([[" mini ", "?", ""]])).to_pylist()
        ['mini', None, None]
    """
    stripped = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(stripped, value_set=pa.array(["", *blank]))
    return pc.if_else(missing, pa.scalar(None, pa.string()), stripped)


def error_cells(column: pa.ChunkedArray) -> np.ndarray:
    """Find the cells of a text column that hold an error of a spreadsheet, shape (n,), bool.

    Examples:
        >>> error_cells(pa.chunked_array([["7", "#DIV/0!", None]]))
        array([False,  True, False])
    """
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), bool)
    return pc.is_in(column, value_set=pa.array(SPREADSHEET_ERRORS)).to_numpy()


def without_errors(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Replace the errors of a spreadsheet by null.

    Examples:
        >>> without_errors(pa.chunked_array([["7", "#DIV/0!"]])).to_pylist()
        ['7', None]
    """
    errors = error_cells(column)
    return pc.if_else(pa.array(errors), pa.scalar(None, column.type), column) if errors.any() else column


def text_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a readable column to text, null for blank cells.

    Examples:
        >>> text_of(pa.chunked_array([[7.0, None]])).to_pylist()
        ['7', None]
    """
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    # Without this detour 79161234567.0 would read 7.9161234567e+10; a cell reads the same in every part.
    whole = pc.if_else(_is_exact_integer(column), column, pa.scalar(None, column.type)).cast(pa.int64())
    if whole.null_count == column.null_count:
        return whole.cast(pa.string())
    return pc.coalesce(whole.cast(pa.string()), column.cast(pa.string()))


def _is_exact_integer(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    is_small = pc.less(pc.abs(numbers), 2.0**53)
    return pc.and_(is_small, pc.equal(numbers, pc.round(numbers)))


def _local(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    return instants if instants.type.tz is None else pc.local_timestamp(instants)


def _nan_to_null(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


CONVERSIONS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.ChunkedArray], pa.ChunkedArray]], ...
] = (
    (pa.types.is_floating, lambda column: _nan_to_null(column.cast(pa.float64()))),
    (pa.types.is_decimal, lambda column: column.cast(pa.float64())),
    (pa.types.is_null, lambda column: column.cast(pa.string())),
    (pa.types.is_timestamp, lambda column: _local(column).cast(pa.timestamp("s"), safe=False)),
    (pa.types.is_date, lambda column: column.cast(pa.timestamp("s"), safe=False)),
)
"Test of the stored type -> conversion."
