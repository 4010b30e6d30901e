"""Which columns say whose row it is, or which row: ids teach nothing, and a subscriber has a role."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from planrec.data.cells import Cells

GUESSED_ID_ROWS = 20
"Rows from which values alone show an id; in fewer, towns may all differ and ages be 31, 32, 33 by chance."

ID_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|msisdn|imsi|imei|iccid|phone)([\W_]|$)", re.IGNORECASE)
SUBSCRIBER_NAME = re.compile(
    r"(user|subscriber|customer|account|client)s?([\W_]*(no|nr|num|number|code|key|ref|name))?",
    re.IGNORECASE,
)
"The whole name: `customer_value` is no customer."
ID_CAMEL_CASE = re.compile(r"[a-z](Id|ID)$")


def has_id_name(name: str) -> bool:
    """Whether a column's name says id: `user_id`, `customerID`, `MSISDN`; not `paid`."""
    return bool(ID_NAME.search(name) or ID_CAMEL_CASE.search(name))


def may_name_subscriber(name: str, cells: Cells) -> bool:
    """Whether a column may say whose row it is: `user`, `Account Number`; no balances: 12.50."""
    return SUBSCRIBER_NAME.fullmatch(name) is not None and (cells.kind == "text" or _is_whole(cells))


def is_row_id(name: str, unnamed: bool, column: pa.ChunkedArray, cells: Cells) -> bool:
    """Whether a column gives every row a value of its own and is no measurement.

    All values differ, and: the column has no name, or the name of an id, or holds text, or holds whole
    numbers without a gap (a shuffled count of the rows). Continuous measurements may all differ too, and so
    may amounts with a unit or a currency, which are text: without the name of an id they are kept.
    """
    n = len(column) - column.null_count
    text = cells.kind == "text" and (cells.doubt is None or has_id_name(name))
    if n < 2 or not (_is_whole(cells) or text) or pc.count_distinct(column).as_py() < n:
        return False
    if unnamed or has_id_name(name) or n < GUESSED_ID_ROWS:
        return unnamed or has_id_name(name)
    return text or (n == len(column) and np.ptp(cells.values) == n - 1)


def _is_whole(cells: Cells) -> bool:
    return cells.kind == "number" and np.array_equal(cells.values, np.rint(cells.values), equal_nan=True)
