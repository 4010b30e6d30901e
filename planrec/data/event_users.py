"""The users table: ids, the plan held, the day of leaving."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from planrec.catalogue import Catalogue
from planrec.contracts import Bands
from planrec.data.attributes import Attributes
from planrec.data.event_files import ColumnSql, FolderTable
from planrec.data.protected import Protected
from planrec.data.reading.bad_rows import BadRows
from planrec.data.reading.column_types import tidy_text
from planrec.data.reading.raw_table import RawTable
from planrec.data.reading.rules import plan_rule

ATTRIBUTES = ("age", "city")
"Columns of the users table that can become attributes; names and the day of registration never do."


@dataclass(frozen=True)
class Users:
    """One entry per id, sorted by id."""

    ids: np.ndarray
    "Shape (k,), object of text."
    plan: np.ndarray
    "Shape (k,), int32: index into the catalogue's plans; -1 if it has no such plan."
    left: np.ndarray
    "Shape (k,), datetime64[D]: the last day of users who left; NaT for the others."
    is_usable: np.ndarray
    "Shape (k,), bool: no row of this user breaks a rule."
    attributes: Attributes
    protected: Protected
    bad: tuple[BadRows, ...]


def users_table(drop_columns: Sequence[str], protected_columns: Mapping[str, Bands]) -> FolderTable:
    """Describe the users table with the columns that are read."""
    kept = tuple(name for name in ATTRIBUTES if name not in drop_columns or name in protected_columns)
    return FolderTable("megaline_users", ("user_id", "plan", "churn_date", *kept), date="churn_date")


def read_users(
    connection: duckdb.DuckDBPyConnection,
    table: FolderTable,
    form: str | None,
    plan_names: dict[str, str],
    protected_columns: Mapping[str, Bands],
    catalogue: Catalogue,
) -> Users:
    """Read and judge the users; memory grows with users, not with events."""
    raw, left = _fetch(connection, table, form)
    ids, plan = raw.columns["user_id"].to_numpy(), raw.columns["plan"].to_numpy()
    held = np.array([_index_of(name, plan_names, catalogue) for name in plan], dtype=np.int32)
    blank, no_plan, stayed = (
        raw.columns[name].is_null().to_numpy() for name in ("user_id", "plan", "churn_date")
    )
    known, row, code, count = np.unique(
        np.where(blank, "", ids).astype(str), return_index=True, return_inverse=True, return_counts=True
    )
    rules = {
        "megaline_users: user_id must not be blank": blank,
        "megaline_users: user_id must be there once": ~blank & (count[code] > 1),
        "megaline_users: plan must not be blank": no_plan,
        **_unknown_plans(plan, held, plan_names, catalogue),
        "megaline_users: churn_date must be blank or a date": ~stayed & np.isnat(left),
    }
    is_usable = np.ones(len(known), bool)
    is_usable[code[np.any(list(rules.values()), axis=0)]] = False
    named = known != ""
    first_of_user = np.zeros(len(ids), bool)
    first_of_user[row[named]] = True
    users = raw.take(first_of_user)
    return Users(
        ids=known[named].astype(object),
        plan=held[row][named],
        left=left[row][named],
        is_usable=is_usable[named],
        attributes=Attributes.of(
            users,
            {*table.columns[:3], *protected_columns},
            taken=set(),
            dropped=[name for name in ATTRIBUTES if name not in table.columns],
        ),
        protected=Protected.of(users, protected_columns),
        bad=tuple(_bad(rule, rows, ids) for rule, rows in rules.items() if rows.any()),
    )


def _fetch(
    connection: duckdb.DuckDBPyConnection, table: FolderTable, form: str | None
) -> tuple[RawTable, np.ndarray]:
    """Read the users as text, sorted by id, and the day of leaving, shape (n,), NaT without one."""
    cells = ColumnSql.of(connection, table)
    texts = [
        f"{cells.id(name) if name == 'user_id' else cells.text(name)} AS {name}" for name in table.columns
    ]
    day = cells.date("churn_date", form)
    query = f"SELECT {', '.join(texts)}, {day} AS day FROM {table.name} ORDER BY 1, {day}"
    found = connection.sql(query).to_arrow_table()
    columns = {name: tidy_text(found[name].cast(pa.string())) for name in table.columns}
    raw = RawTable(columns, frozenset(), np.arange(len(found)), _places)
    return raw, found["day"].to_numpy().astype("datetime64[D]")


def _places(positions: Iterable[int]) -> dict[int, str]:
    return {position: f"user {position + 1}" for position in positions}


def _index_of(plan: str | None, plan_names: dict[str, str], catalogue: Catalogue) -> int:
    name = plan_names.get(plan, plan) if plan is not None else None
    return catalogue.plan_ids.index(name) if name in catalogue.plan_ids else -1


def _unknown_plans(
    plan: np.ndarray, held: np.ndarray, plan_names: dict[str, str], catalogue: Catalogue
) -> dict[str, np.ndarray]:
    """Make one rule per plan of the table that the catalogue lacks."""
    plans = catalogue.plan_ids
    unknown = sorted({name for name, index in zip(plan, held, strict=True) if index < 0 and name is not None})
    return {
        f"megaline_users: plan {plan_rule(name, plan_names.get(name, name), plans, 'the catalogue')}": plan
        == name
        for name in unknown
    }


def _bad(rule: str, rows: np.ndarray, ids: np.ndarray) -> BadRows:
    where = [f"megaline_users, user_id {'(blank)' if name is None else name}" for name in ids[rows]]
    return BadRows(rule, None, where, len(where))
