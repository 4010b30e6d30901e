"""From tables of events to a UsageHistory: windows from the first event on, without partial months."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.data.event_files import ColumnSql, FolderTable, database, date_form, open_tables
from planrec.data.event_months import EVENT_TABLES, EventMonths, event_months
from planrec.data.event_users import ATTRIBUTES, Users, read_users, users_table
from planrec.data.observation import MONTH, Observation, Records, observe
from planrec.data.reading.bad_rows import check_rows, dropped_notes, dropped_rows
from planrec.data.reading.identifiers import ids_of
from planrec.errors import DataError
from planrec.schema.columns import take_rows
from planrec.schema.tables import UsageHistory
from planrec.wording import counted, did_you_mean

if TYPE_CHECKING:
    from planrec.data.megaline_us import MegalineUs

CURRENCY = "USD"
PLANS = FolderTable("megaline_plans", ("plan_name", "usd_monthly_pay"))


def usage_history(options: "MegalineUs", catalogue: Catalogue) -> UsageHistory:
    """Read, judge and sum the events, then give every subscriber a window without gaps.

    Raises:
        DataError: lists every problem of every table, and every rule that rows break.
    """
    users, months = read_events(options, catalogue)
    records, owner = _records(users, months)
    if not len(owner):
        raise DataError(f"{options.path}: no event of a known user is left", [str(bad) for bad in months.bad])
    observation = observe(records, *_windows(options, users.left[owner], records, months.last_month))
    if not len(observation.month):
        raise DataError(f"{options.path}: no complete month is left of {len(owner):,} subscribers")
    user = owner[observation.subscriber]
    bad = (*users.bad, *months.bad)
    segments, group_notes = users.protected.groups(user, user)
    return UsageHistory(
        subscriber=ids_of(users.ids)[user],
        month=observation.month,
        plan_held=users.plan[user],
        plans=catalogue.plan_ids,
        usage={name: observation.usage(values) for name, values in months.usage.items()},
        attributes=take_rows(users.attributes.columns, user),
        inputs=tuple(users.attributes.inputs),
        notes=(
            *users.attributes.notes,
            *group_notes,
            *dropped_notes(bad),
            *_window_notes(users, owner, records, observation),
            *observation.notes,
        ),
        dropped=dropped_rows(bad),
        segments=segments,
    )


def read_events(options: "MegalineUs", catalogue: Catalogue) -> tuple[Users, EventMonths]:
    """Read the users, and their months with events: with partial months, without silent ones.

    Raises:
        DataError: lists every problem of every table, and every rule that rows break.
    """
    table_of_users = users_table(options.drop_columns, options.protected_columns)
    problems = [
        *_unread("data.drop_columns", options.drop_columns),
        *_unread("data.protected_columns", options.protected_columns),
        *_currency_problems(catalogue),
    ]
    with database(options.memory_mib, options.threads) as connection:
        tables = (table_of_users, PLANS, *EVENT_TABLES)
        place = open_tables(connection, options.path, tables)
        forms = {}
        for table in tables:
            form, found = date_form(connection, table, ColumnSql.of(connection, table), options.date_order)
            forms[table.name] = form
            problems += found
        check_rows([], options.on_bad_rows, str(place), problems)
        users = read_users(
            connection,
            table_of_users,
            forms[table_of_users.name],
            options.plan_names,
            options.protected_columns,
            catalogue,
        )
        column_problems = [*users.attributes.problems, *users.protected.problems]
        months = event_months(connection, forms, users, catalogue, options.on_bad_rows)
        check_rows((*users.bad, *months.bad), options.on_bad_rows, str(place), column_problems)
    return users, months


def _unread(option: str, columns: Iterable[str]) -> list[str]:
    return [
        f"{option}: {name!r} is not read{did_you_mean(name, ATTRIBUTES)}; attributes: {', '.join(ATTRIBUTES)}"
        for name in columns
        if name not in ATTRIBUTES
    ]


def _currency_problems(catalogue: Catalogue) -> list[str]:
    if catalogue.currency == CURRENCY:
        return []
    return [
        f"the catalogue's currency must be {CURRENCY}, as in {PLANS.name} ({PLANS.columns[1]}),"
        f" {catalogue.catalogue_id!r} has {catalogue.currency!r}:"
        f" type {typed(catalogue='megaline_us')}"
    ]


def _records(users: Users, months: EventMonths) -> tuple[Records, np.ndarray]:
    """Assign numbers to subscribers with events; return records and positions in `Users`, shape (k,)."""
    owner, subscriber = np.unique(months.user, return_inverse=True)
    # An event without a readable date can belong to any month of the user, so all of them are bad.
    is_bad = months.is_bad | np.isin(months.user, months.lost)
    return Records(subscriber, months.month, is_bad), owner


def _windows(
    options: "MegalineUs", left: np.ndarray, records: Records, last_month: np.datetime64
) -> tuple[np.ndarray, np.ndarray]:
    """Find the first and the last month of each subscriber, shape (k,) each."""
    # The month is complete if the subscriber leaves on its last day.
    last_complete = (left + np.timedelta64(1, "D")).astype(MONTH) - np.timedelta64(1, "M")
    last = last_complete if options.drop_month_of_leaving else left.astype(MONTH)
    last = np.where(np.isnat(left), last_month, np.minimum(last, last_month))
    return records.first_month + np.timedelta64(int(options.drop_first_month), "M"), last


def _window_notes(
    users: Users, owner: np.ndarray, records: Records, observation: Observation
) -> tuple[str, ...]:
    silent = int(users.is_usable.sum()) - len(owner)
    short = len(owner) - len(np.unique(observation.subscriber))
    left = users.left[owner][records.subscriber].astype(MONTH)
    late = records.month > left
    gone = len(np.unique(records.subscriber[late]))
    return (
        *([f"no event, so no window: {silent:,} of {counted(len(users.ids), 'user')}"] if silent else ()),
        *([f"{short:,} subscriber(s) have no complete month, so no window"] if short else ()),
        *(
            [
                f"{int(late.sum()):,} month(s) with events after the month of leaving are not used:"
                f" {gone:,} subscriber(s) have events after their churn_date"
            ]
            if gone
            else ()
        ),
    )
