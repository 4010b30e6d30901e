"""Parts of a file that hold whole subscribers; a file in another order is first sorted on disk."""

from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.event_files import database
from planrec.data.reading.column_types import tidy_text
from planrec.data.reading.input_file import POSITION
from planrec.data.reading.parquet_file import BATCH_ROWS
from planrec.errors import DataError
from planrec.serving.scoring.month_reader import MOST_MONTHS, changes
from planrec.serving.scoring.part_columns import subscribers

SUBSCRIBER = "planrec subscriber"
SORT_MEMORY_MIB = 256
"Memory of the database that sorts; it spills the rest to disk."


class OutOfOrderError(Exception):
    """Raised if rows do not come in the order of their subscribers."""


def whole_subscribers(parts: Iterable[pa.Table], name: str) -> Iterator[pa.Table]:
    """Yield the same rows in parts that hold all rows of their subscribers.

    Raises:
        OutOfOrderError: if subscribers neither ascend as numbers nor as text, so that one could come again.
    """
    order, rest = _Order(), None
    for part in parts:
        part = part if rest is None else pa.concat_tables([rest, part])
        ids = subscribers(part, name).combine_chunks()
        start = np.flatnonzero(np.concatenate([[True], changes(ids)]))
        order.check(ids.take(pa.array(start[:-1])))
        if len(start) > 1:
            yield part.slice(0, start[-1])
        # One row more than a subscriber may have is enough to be reported.
        rest = part.slice(start[-1], min(part.num_rows - start[-1], MOST_MONTHS + 1))
    if rest is not None:
        order.check(subscribers(rest, name).combine_chunks()[:1])
        yield rest


def sorted_parts(parts: Iterator[pa.Table], name: str) -> Iterator[pa.Table]:
    """Yield the same rows in the order of their subscribers, those of one in the order of the file."""
    first = _named(next(parts), name)
    schema = first.schema

    broken: list[BaseException] = []

    def batches() -> Iterator[pa.RecordBatch]:
        yield from first.to_batches()
        try:
            for part in parts:
                yield from _named(part, name).cast(schema).to_batches()
        except BaseException as error:
            broken.append(error)  # the database would raise its own error instead
            raise

    with database(SORT_MEMORY_MIB, threads=1) as connection:
        connection.register("file", pa.RecordBatchReader.from_batches(schema, batches()))
        try:
            found = connection.sql(f'FROM file ORDER BY "{SUBSCRIBER}" NULLS FIRST, "{POSITION}"')
            sorted_rows = found.to_arrow_reader(BATCH_ROWS)
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            if broken:
                raise broken[0] from None
            raise DataError(f"the file could not be sorted by subscriber: {error}") from error
        for batch in sorted_rows:
            table = pa.Table.from_batches([batch])
            ids = table[SUBSCRIBER]
            place = table.column_names.index(name)
            yield table.drop_columns([SUBSCRIBER]).set_column(place, name, ids)


class _Order:
    """Checks that subscribers ascend, as numbers or as text, over all parts."""

    def __init__(self) -> None:
        """Begin before the first subscriber."""
        self.last: str | None = None
        self.as_text = self.as_numbers = True

    def check(self, heads: pa.Array) -> None:
        """Check the next subscribers, one entry each. Raises OutOfOrderError."""
        heads = heads.drop_null()
        if self.last is not None:
            heads = pa.concat_arrays([pa.array([self.last], pa.string()), heads.cast(pa.string())])
        if not len(heads):
            return
        self.as_text = self.as_text and _ascends(heads)
        self.as_numbers = self.as_numbers and _ascends(_numbers(heads))
        self.last = heads[-1].as_py()
        if not (self.as_text or self.as_numbers):
            raise OutOfOrderError


def _numbers(heads: pa.Array) -> pa.Array | None:
    try:
        return heads.cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _ascends(heads: pa.Array | None) -> bool:
    return heads is not None and pc.all(pc.greater(heads[1:], heads[:-1])).as_py() is not False


def _named(part: pa.Table, name: str) -> pa.Table:
    return part.append_column(SUBSCRIBER, tidy_text(subscribers(part, name), blank=()))
