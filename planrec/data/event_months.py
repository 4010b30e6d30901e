"""Events to months in DuckDB: every event is judged, calls are rounded one by one, sums are of integers.

Tables that grow with the events stay in DuckDB, which streams the files and spills to disk. Arrays in Python
grow with subscribers and months.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from planrec.catalogue import Catalogue
from planrec.catalogue.rating import tariffs_of
from planrec.data.event_files import ColumnSql, FolderTable
from planrec.data.event_users import Users
from planrec.data.observation import MONTH
from planrec.data.option_types import OnBadRows
from planrec.data.reading.bad_rows import ALSO, BadRows
from planrec.schema.columns import MAX_USAGE, Columns, Usage

MONTH_NUMBER = "date_diff('month', DATE '1970-01-01', day)"
"Months since January 1970, as numpy counts datetime64[M]."


@dataclass(frozen=True)
class EventTable(FolderTable):
    """One table of events."""

    amount: str | None = None
    "Column with the minutes or MB of one event; None if an event is one message."


CALLS = EventTable("megaline_calls", ("id", "user_id", "call_date", "duration"), "call_date", "duration")
MESSAGES = EventTable("megaline_messages", ("id", "user_id", "message_date"), "message_date")
SESSIONS = EventTable(
    "megaline_internet", ("id", "user_id", "session_date", "mb_used"), "session_date", "mb_used"
)
EVENT_TABLES = (CALLS, MESSAGES, SESSIONS)


@dataclass(frozen=True)
class EventMonths:
    """One entry per user and month with events, sorted by both."""

    user: np.ndarray
    "Shape (n,), int64: position in `Users.ids`."
    month: np.ndarray
    "Shape (n,), datetime64[M]."
    usage: Columns
    "The `Usage.ALL` columns, of the events that break no rule."
    is_bad: np.ndarray
    "Shape (n,), bool: an event of this month breaks a rule."
    lost: np.ndarray
    "Positions of users with an event whose date cannot be read: one of their months is unknown."
    last_month: np.datetime64
    "Last month of the data; events that break a rule do not count."
    bad: tuple[BadRows, ...]


def event_months(
    connection: duckdb.DuckDBPyConnection,
    forms: dict[str, str | None],
    users: Users,
    catalogue: Catalogue,
    on_bad_rows: OnBadRows,
) -> EventMonths:
    """Judge and sum the events; `forms` is the date format of each table."""
    connection.register("planrec_users", _users_for_sql(users, catalogue))
    for table in EVENT_TABLES:
        _sum_by_month(connection, table, forms[table.name], catalogue)
    bad = [group for table in EVENT_TABLES for group in _bad_events(connection, table, on_bad_rows)]
    united = " UNION ALL BY NAME ".join(f"FROM {table.name}_months" for table in EVENT_TABLES)
    connection.execute(f"CREATE TEMP TABLE planrec_months AS {united}")
    return _fetch(connection, tuple(bad))


def _users_for_sql(users: Users, catalogue: Catalogue) -> pa.Table:
    """Describe the users as DuckDB needs them: which are usable, and when the plan of each is valid."""
    start = np.array([plan.valid_for.start for plan in catalogue.plans], "datetime64[D]")
    end = np.array([plan.valid_for.end for plan in catalogue.plans], "datetime64[D]")
    return pa.table(
        {
            "user_id": pa.array(users.ids, pa.string()),
            "user": np.arange(len(users.ids)),
            "is_usable": users.is_usable,
            "valid_from": start[users.plan],
            "valid_until": end[users.plan],
        }
    )


def _sum_by_month(
    connection: duckdb.DuckDBPyConnection, table: EventTable, form: str | None, catalogue: Catalogue
) -> None:
    """Make a view of the judged events, and a table of their sums by user, month and broken rule."""
    cells = ColumnSql.of(connection, table)
    amount = cells.hundredths(table.amount) if table.amount else "NULL"
    shown = cells.text(table.amount) if table.amount else "NULL"
    connection.execute(
        f"""
        CREATE VIEW {table.name}_judged AS
        SELECT id, "user", {MONTH_NUMBER} AS month, hundredths, {_rule(table)} AS rule,
               CASE WHEN "user" IS NULL THEN user_id WHEN hundredths IS NULL AND day IS NOT NULL
                    AND rule NOT LIKE '%date%' THEN shown ELSE written END AS value
        FROM (
            SELECT {cells.text("id")} AS id, {cells.id("user_id")} AS user_id,
                   {cells.date(str(table.date), form)} AS day, {cells.text(str(table.date))} AS written,
                   {amount} AS hundredths, {cells.number(table.amount) if table.amount else "NULL"} AS number,
                   {shown} AS shown
            FROM {table.name}
        ) LEFT JOIN planrec_users USING (user_id)
        WHERE is_usable IS NOT FALSE
        """
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE {table.name}_months AS
        SELECT "user", month, rule, {_sums(table, catalogue)}
        FROM {table.name}_judged GROUP BY "user", month, rule
        """
    )


def _rule(table: EventTable) -> str:
    """Write SQL of the first rule that an event breaks, NULL if it breaks none."""
    rules = {
        "user_id IS NULL": "user_id must not be blank",
        '"user" IS NULL': "user_id must be in megaline_users",
        "day IS NULL": f"{table.date} must be a date",
        "day < valid_from OR day >= valid_until": f"{table.date} must be in the validity of the plan held",
    }
    if table.amount:
        rules |= {
            "number IS NULL": f"{table.amount} must be a number",
            "isnan(number) OR isinf(number)": f"{table.amount} must be finite",
            "number < 0": f"{table.amount} must be >= 0",
            "hundredths IS NULL": f"{table.amount} must be at most {MAX_USAGE:,.0f}",
        }
    cases = " ".join(f"WHEN {broken} THEN '{rule}'" for broken, rule in rules.items())
    return f"CASE {cases} END"


def _sums(table: EventTable, catalogue: Catalogue) -> str:
    """Write SQL of the sums of a month of this table's events, in events and hundredths."""
    if table is MESSAGES:
        return f"count(*) AS {Usage.SMS}"
    if table is SESSIONS:
        return f"sum(hundredths) AS {Usage.DATA_MIB}"
    return (
        f"count(*) AS {Usage.VOICE_CALLS}, sum(hundredths) AS {Usage.VOICE_MINUTES},"
        f" sum({_rounded_call(catalogue)}) AS {Usage.VOICE_MINUTES_BILLED}"
    )


def _rounded_call(catalogue: Catalogue) -> str:
    """Write SQL of one call's billed hundredths of a minute; a call of 0 minutes was missed and stays 0."""
    # All plans of a catalogue round calls in one way: it is refused otherwise.
    rounding = tariffs_of(catalogue).rounded_calls
    if rounding is None:
        return "hundredths"
    mode, step = rounding
    return {
        "ceil": f"(hundredths + {step - 1}) // {step} * {step}",
        "nearest": f"(2 * hundredths + {step}) // {2 * step} * {step}",
        "floor": f"hundredths // {step} * {step}",
    }[mode]


def _bad_events(
    connection: duckdb.DuckDBPyConnection, table: EventTable, on_bad_rows: OnBadRows
) -> Iterator[BadRows]:
    """Yield the events that break a rule; fetch only the first few if none will be dropped."""
    months, judged = f"{table.name}_months", f"{table.name}_judged"
    for (rule,) in connection.execute(
        f"SELECT DISTINCT rule FROM {months} WHERE rule IS NOT NULL ORDER BY 1"
    ).fetchall():
        broken = f"FROM {judged} WHERE rule = ?"
        count = connection.execute(f"SELECT count(*) {broken}", [rule]).fetchall()[0][0]
        few = f"LIMIT {ALSO + 1}" if on_bad_rows == "error" else ""
        rows = connection.execute(f"SELECT id, value {broken} ORDER BY id {few}", [rule]).fetchall()
        where = [f"{table.name}, id {name}" for name, _ in rows]
        yield BadRows(f"{table.name}: {rule}", rows[0][1], where, count)


def _fetch(connection: duckdb.DuckDBPyConnection, bad: tuple[BadRows, ...]) -> EventMonths:
    sums = ", ".join(
        f"coalesce(sum({name}) FILTER (rule IS NULL), 0)::BIGINT AS {name}" for name in Usage.ALL
    )
    found = connection.execute(
        f"""
        SELECT "user", month, {sums}, bool_or(rule IS NOT NULL) AS is_bad
        FROM planrec_months WHERE "user" IS NOT NULL AND month IS NOT NULL
        GROUP BY "user", month ORDER BY "user", month
        """
    ).fetchnumpy()
    lost = connection.execute(
        'SELECT DISTINCT "user" FROM planrec_months WHERE "user" IS NOT NULL AND month IS NULL ORDER BY 1'
    ).fetchnumpy()
    month, is_bad = np.asarray(found["month"], np.int64).astype(MONTH), np.asarray(found["is_bad"])
    return EventMonths(
        user=np.asarray(found["user"], np.int64),
        month=month,
        usage={name: np.asarray(found[name], np.float64) / _units(name) for name in Usage.ALL},
        is_bad=is_bad,
        lost=np.asarray(lost["user"], np.int64),
        last_month=month[~is_bad].max(initial=np.datetime64("0000-01", "M")),
        bad=bad,
    )


def _units(usage: str) -> float:
    """Look up the units per event, minute or MiB: events are counted, the others are in hundredths."""
    return 1.0 if usage in (Usage.VOICE_CALLS, Usage.SMS) else 100.0
