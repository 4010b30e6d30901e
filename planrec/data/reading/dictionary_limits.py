"""Limits of Parquet texts before they are in memory: a file of some kilobytes can hold gigabytes."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from planrec.errors import DataError

MOST_CELL_BYTES = 65_536
"Size of a text cell."
MOST_BATCH_BYTES = 256 << 20
"Size of the texts of one column that are in memory at a time."
MOST_CHUNK_BYTES = 1 << 30
"Size of a column of a row group when it is not compressed."


def check_chunks(metadata: pq.FileMetaData, path: str) -> None:
    """Check the sizes that a file states for its columns. Raises DataError."""
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            if column.total_uncompressed_size > MOST_CHUNK_BYTES:
                raise DataError(
                    f"{path}: a column of a row group must have at most {MOST_CHUNK_BYTES:,} bytes,"
                    f" {column.path_in_schema!r} has {column.total_uncompressed_size:,}:"
                    " write smaller row groups"
                )


def decoded(table: pa.Table, path: str) -> pa.Table:
    """Write out the texts of columns that were read as dictionaries.

    Raises:
        DataError: a cell or a column would be too large.

    >>> table = pa.table({"plan": pa.array(["mini", "mini"]).dictionary_encode()})
    >>> decoded(table, "calls.parquet")["plan"].type
    DataType(string)
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and is_text(field.type.value_type):
            _check(table.column(place), field.name, path)
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


def unread(kind: pa.DataType, n_rows: int) -> pa.Array:
    """Return empty cells in place of a nested column, whose cells have no use but any size.

    An empty cell with a part of a fixed size takes as much memory as its type says, which can be gigabytes:
    such columns become empty lists.

    >>> unread(pa.list_(pa.string()), 2).to_pylist(), unread(pa.struct([("a", pa.int8())]), 1).to_pylist()
    ([[], []], [{'a': None}])
    >>> unread(pa.list_(pa.int8(), 1_000_000), 2).to_pylist()
    [[], []]
    """
    if _has_fixed_size(kind):
        kind = pa.list_(pa.null())
    empty: object = {} if pa.types.is_struct(kind) else []
    return pa.array([empty], kind).take(pa.nulls(n_rows, pa.int8()).fill_null(0))


def _has_fixed_size(kind: pa.DataType) -> bool:
    if pa.types.is_fixed_size_list(kind) or pa.types.is_fixed_size_binary(kind):
        return True
    return any(_has_fixed_size(kind.field(place).type) for place in range(kind.num_fields))


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column holds text or bytes.

    >>> is_text(pa.string()), is_text(pa.large_string()), is_text(pa.int64())
    (True, True, False)
    """
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def _check(column: pa.ChunkedArray, name: str, path: str) -> None:
    for chunk in column.chunks:
        sizes = pc.binary_length(chunk.dictionary)
        largest = pc.max(sizes).as_py() or 0
        if largest > MOST_CELL_BYTES:
            raise DataError(
                f"{path}: a text cell must have at most {MOST_CELL_BYTES:,} bytes, column {name!r} has one"
                f" of {largest:,}"
            )
        total = pc.sum(sizes.take(chunk.indices)).as_py() or 0
        if total > MOST_BATCH_BYTES:
            raise DataError(
                f"{path}: {len(chunk):,} texts of column {name!r} must have at most"
                f" {MOST_BATCH_BYTES:,} bytes, they have {total:,}"
            )
