"""Which file `data.path` means, and what kind of file it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from planrec.data.raw_table import RawTable, column_names, tidy_text
from planrec.data.text_file import read_text_file
from planrec.errors import DataError
from planrec.files.input_path import find_input

EXACT_INTEGER = 10**15
"Integers from here on are kept as text: float64 would merge neighbours (16 digits and more)."

NO_TABLES = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx) or another zip archive: save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls): save it as CSV"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
)


def find_file(path: str) -> Path:
    """The file that `data.path` means. Raises DataError: there is none, or only a directory of that name."""
    return find_input("data.path", path, DataError)


def read_file(path: Path) -> RawTable:
    """Read a CSV or Parquet file as it stands.

    Raises:
        DataError: it cannot be read, or is neither.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if content.startswith(b"PAR1"):
        return read_parquet_file(content, str(path))
    if path.suffix.lower() in (".parquet", ".pq"):
        raise DataError(f"{path} is not a Parquet file: it must begin with b'PAR1', got {content[:4]!r}")
    for signature, what in NO_TABLES:
        if content.startswith(signature):
            raise DataError(f"{path} must be CSV or Parquet, it is {what}")
    return read_text_file(content, str(path))


def read_parquet_file(content: bytes, path: str) -> RawTable:
    """Read a Parquet file, its columns as float64, bool, timestamp[s] or text; other types as they are.

    Raises:
        DataError: the file is damaged, has no rows, or two columns of one name.
    """
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}") from None
    names, unnamed, notes = column_names(table.column_names, path)
    if not table.num_rows:
        raise DataError(f"{path} has {len(names)} column(s) but no rows")
    return RawTable(
        columns=dict(zip(names, map(simple, table.columns), strict=True)),
        unnamed=unnamed,
        positions=np.arange(1, table.num_rows + 1),
        position_word="row",
        notes=notes,
    )


def simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A Parquet column as float64, bool, timestamp[s] or tidy text; other types unchanged."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type):
        numbers = column.cast(pa.float64(), safe=False)
        return column.cast(pa.string()) if np.nanmax(np.abs(numbers), initial=0) >= EXACT_INTEGER else numbers
    for fits, convert in CONVERSIONS:
        if fits(column.type):
            return convert(column)
    return column


CONVERSIONS: tuple[tuple[Callable[[Any], bool], Callable[[Any], pa.ChunkedArray]], ...] = (
    (pa.types.is_floating, lambda column: _nan_to_null(column.cast(pa.float64()))),
    (pa.types.is_decimal, lambda column: column.cast(pa.float64())),
    (pa.types.is_null, lambda column: column.cast(pa.string())),
    (pa.types.is_string, tidy_text),
    (pa.types.is_large_string, lambda column: tidy_text(column.cast(pa.string()))),
    (pa.types.is_timestamp, lambda column: column.cast(pa.timestamp("s"), safe=False)),
    (pa.types.is_date, lambda column: column.cast(pa.timestamp("s"), safe=False)),
)


def _nan_to_null(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
