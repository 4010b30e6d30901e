"""The users table: whose events they are, the plan held, the month of leaving."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from planrec.catalogue import Catalogue
from planrec.data.attributes import Attributes
from planrec.data.bad_rows import BadRows
from planrec.data.event_files import Cells, Table
from planrec.data.observation import MONTH
from planrec.data.raw_table import RawTable, tidy_text
from planrec.schema import did_you_mean

ATTRIBUTES = ("age", "city")
"What of the users table can become attributes; names of people and the day of registration never do."


@dataclass(frozen=True)
class Users:
    """One entry per id, sorted by id."""

    ids: np.ndarray
    "Shape (k,), object of text."
    plan: np.ndarray
    "Shape (k,), int32: index into the catalogue's plans; -1 where it is none of them."
    left: np.ndarray
    "Shape (k,), datetime64[M]: the month of leaving; NaT for who stayed."
    is_usable: np.ndarray
    "Shape (k,), bool: no row of this user breaks a rule."
    attributes: Attributes
    bad: tuple[BadRows, ...]


def users_table(drop_columns: Sequence[str]) -> Table:
    """The columns that are read."""
    kept = tuple(name for name in ATTRIBUTES if name not in drop_columns)
    return Table("megaline_users", ("user_id", "plan", "churn_date", *kept), date="churn_date")


def read_users(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    form: str | None,
    plan_names: dict[str, str],
    catalogue: Catalogue,
) -> Users:
    """Read and judge the users; memory grows with users, never with events."""
    raw, left = _fetch(connection, table, form)
    ids, plan, churn = (raw.columns[name].to_numpy() for name in ("user_id", "plan", "churn_date"))
    held = _plan_index(plan, plan_names, catalogue)
    blank = np.equal(ids, None)
    known, row, code, count = np.unique(
        np.where(blank, "", ids).astype(str), return_index=True, return_inverse=True, return_counts=True
    )
    rules = {
        "megaline_users: user_id must not be blank": (blank, None),
        "megaline_users: user_id must be there once": (~blank & (count[code] > 1), None),
        "megaline_users: plan must not be blank": (np.equal(plan, None), None),
        **_plan_rules(plan, held, plan_names, catalogue),
        "megaline_users: churn_date must be a date": (~np.equal(churn, None) & np.isnat(left), churn),
    }
    bad = tuple(_bad(rule, rows, values, ids) for rule, (rows, values) in rules.items() if rows.any())
    is_bad = np.any([rows for rows, _ in rules.values()], axis=0)
    named = known != ""
    attributes = Attributes.of(raw.take(_mask(row[named], len(ids))), set(table.columns[:3]), taken=set())
    order = np.argsort(np.sort(row[named])[np.argsort(np.argsort(row[named]))]) if False else None
    del order
    return Users(
        ids=known[named].astype(object),
        plan=held[row][named],
        left=left[row][named],
        is_usable=~np.isin(known, known[code[is_bad]])[named],
        attributes=attributes,
        bad=bad,
    )
