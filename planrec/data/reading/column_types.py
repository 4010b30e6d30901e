"""Columns of a file in the four types that are read: float64, bool, timestamp[s] and text."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NaT", "null", "NULL", "None", "?")
"Cells that mean blank in every column; a plan cannot have one of these names."

EXACT_INTEGER = 10**15
"Integers from here on are kept as text: float64 would merge neighbours (16 digits and more)."


def as_readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a column of a file to float64, bool, timestamp[s] or tidy text; other types unchanged.

    Examples:
        >>> as_readable(pa.chunked_array([[7, None]])).to_pylist()
        [7.0, None]
        >>> as_readable(pa.chunked_array([[" mini", "N/A"]])).to_pylist()
        ['mini', None]
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type):
        numbers = column.cast(pa.float64(), safe=False)
        return column.cast(pa.string()) if np.nanmax(np.abs(numbers), initial=0) >= EXACT_INTEGER else numbers
    for fits, convert in CONVERSIONS:
        if fits(column.type):
            return convert(column)
    return column


def is_readable(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds text, numbers, booleans or dates; Parquet can hold lists and more."""
    return any(
        fits(column.type)
        for fits in (pa.types.is_string, pa.types.is_floating, pa.types.is_boolean, pa.types.is_timestamp)
    )


def tidy_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strip the cells of a text column; blank cells and those in `MISSING` become null.

    Examples:
        >>> tidy_text(pa.chunked_array([[" mini ", "?", ""]])).to_pylist()
        ['mini', None, None]
    """
    stripped = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(stripped, value_set=pa.array(MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), stripped)


def text_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a readable column to text, null for blank cells.

    Examples:
        >>> text_of(pa.chunked_array([[7.0, None]])).to_pylist()
        ['7', None]
    """
    if pa.types.is_floating(column.type) and pc.all(_is_exact_integer(column)).as_py():
        # Without this detour 79161234567.0 would read 7.9161234567e+10.
        column = column.cast(pa.int64())
    return column.cast(pa.string())


def _is_exact_integer(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    is_small = pc.less(pc.abs(numbers), 2.0**53)
    return pc.and_(is_small, pc.equal(numbers, pc.round(numbers)))


def _nan_to_null(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


CONVERSIONS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.ChunkedArray], pa.ChunkedArray]], ...
] = (
    (pa.types.is_floating, lambda column: _nan_to_null(column.cast(pa.float64()))),
    (pa.types.is_decimal, lambda column: column.cast(pa.float64())),
    (pa.types.is_null, lambda column: column.cast(pa.string())),
    (pa.types.is_string, tidy_text),
    (pa.types.is_large_string, lambda column: tidy_text(column.cast(pa.string()))),
    (pa.types.is_timestamp, lambda column: column.cast(pa.timestamp("s"), safe=False)),
    (pa.types.is_date, lambda column: column.cast(pa.timestamp("s"), safe=False)),
)
"Test of the stored type -> conversion."
