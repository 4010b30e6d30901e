"""Columns that name the subscriber or the row: a model cannot learn from ids, and a subscriber has a role."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.id_names import SUBSCRIBER_NAME, has_id_name
from planrec.data.reading.cells import ReadColumn

GUESSED_ID_ROWS = 20
"Rows from which values alone show an id. In fewer rows towns may all differ, and ages be 31, 32, 33."


def may_name_subscriber(name: str, cells: ReadColumn) -> bool:
    """Check whether a column may name the subscriber: `user`, `Account Number`; not if it holds 12.50."""
    return SUBSCRIBER_NAME.fullmatch(name) is not None and (cells.kind == "text" or _is_whole(cells))


def is_row_id(name: str, column: pa.ChunkedArray, cells: ReadColumn, *, is_unnamed: bool) -> bool:
    """Check whether a column gives every row its own value and is not a measurement.

    All values of such a column differ. It has no name, or the name of an id, or holds text, or holds whole
    numbers without a gap (a shuffled count of the rows). Continuous measurements may all differ too, and so
    may amounts with a unit or a currency, which are text: without the name of an id they are kept.
    """
    n = len(column) - column.null_count
    text = cells.kind == "text" and (cells.doubt is None or has_id_name(name))
    if n < 2 or not (_is_whole(cells) or text) or pc.count_distinct(column).as_py() < n:
        return False
    is_named_so = is_unnamed or has_id_name(name)
    if is_named_so or n < GUESSED_ID_ROWS:
        return is_named_so
    return text or (n == len(column) and np.ptp(cells.values) == n - 1)


def _is_whole(cells: ReadColumn) -> bool:
    return cells.kind == "number" and np.array_equal(cells.values, np.rint(cells.values), equal_nan=True)
