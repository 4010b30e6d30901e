"""From a raw table to a RowTable: every column gets its role, every cell with a role is judged."""

from typing import TYPE_CHECKING

import numpy as np

from planrec.catalogue import Catalogue
from planrec.commands.advice import typed
from planrec.data.attributes import Attributes
from planrec.data.labels import label_notes
from planrec.data.protected import Protected
from planrec.data.reading.bad_rows import hints
from planrec.data.reading.identifiers import ids_of
from planrec.data.reading.raw_table import RawTable, repeats_of
from planrec.data.reading.time_cells import as_of_of
from planrec.data.role_columns import RoleColumns
from planrec.data.roles import role_problems, roles_of
from planrec.data.usage_sizes import size_notes
from planrec.errors import DataError
from planrec.schema.columns import Columns, InputColumn, lag
from planrec.schema.tables import RowTable
from planrec.wording import counted, shown

if TYPE_CHECKING:
    from planrec.data.table import Table

PLAN, SUBSCRIBER, TIME = "data.plan_column", "data.subscriber_column", "data.time_column"
USAGE = "data.usage_columns."

MOST_PLANS = 0.5
"Different plans per row from which a column does not hold plans, in tables of FEWEST_ROWS or more."
FEWEST_ROWS = 20

MOST_PROBLEMS = 30


def row_table(options: "Table", raw: RawTable, path: str, catalogue: Catalogue | None) -> RowTable:
    """Check a raw table against its options and give every column its place.

    Raises:
        DataError: lists every problem of every column.
    """
    roles = roles_of(options)
    problems = role_problems(roles, raw)
    raw, repeat_notes = _without_repeats(raw, options.exact_duplicates)
    columns = RoleColumns(raw, roles)
    label = _plans(columns, options.plan_names, problems)
    subscriber = _subscribers(columns)
    as_of = columns.times(TIME, as_of_of, options.time_year) if TIME in columns.roles else None
    usage, usage_inputs = _usage(columns)
    attributes = Attributes.of(raw, set(roles.values()), taken=set(usage), dropped=options.drop_columns)
    protected = Protected.of(raw, options.protected_columns)
    bad = columns.broken.bad_rows(raw.places)
    problems += [*map(str, bad), *columns.problems, *attributes.problems, *protected.problems, *hints(bad)]
    if not usage and not attributes.columns and not problems:
        problems.append(f"no column is left to learn from; the file has {shown(raw.columns)}")
    if problems or label is None:
        source = f"{path} ({counted(len(raw), 'row')})"
        raise DataError(f"{source} does not fit the options data.*", _few(problems))
    owners = np.arange(len(raw)) if subscriber is None else subscriber
    segments, group_notes = protected.groups(np.arange(len(raw)), owners)
    return RowTable(
        columns={**usage, **attributes.columns},
        label=label,
        inputs=(*usage_inputs, *attributes.inputs),
        subscriber=subscriber,
        as_of=as_of,
        notes=(
            *raw.notes,
            *repeat_notes,
            *columns.notes,
            *attributes.notes,
            *group_notes,
            *label_notes(label, owners, roles[PLAN]),
            *size_notes({name.removesuffix(".1"): values for name, values in usage.items()}, catalogue),
            *_no_subscriber_notes(attributes, subscriber),
        ),
        segments=segments,
    )


def _without_repeats(raw: RawTable, exact_duplicates: str) -> tuple[RawTable, tuple[str, ...]]:
    repeats = repeats_of(raw)
    if not repeats.any():
        return raw, ()
    count = int(repeats.sum())
    first = int(raw.rows[repeats][0])
    found = (
        f"{count:,} of {len(raw):,} rows {'repeats' if count == 1 else 'repeat'} an earlier row exactly,"
        f" the first is {raw.places([first])[first]}"
    )
    if exact_duplicates == "drop":
        return raw.take(~repeats), (f"{found}: dropped",)
    return raw, (
        f"{found}: kept; they count twice, and copies on both sides of a split make scores look better than"
        f" they are ({typed({'data.exact_duplicates': 'drop'})} leaves them out)",
    )


def _plans(columns: RoleColumns, plan_names: dict[str, str], problems: list[str]) -> np.ndarray | None:
    """Read the plan of each row as text, shape (n,), object; None if rows have no plan."""
    if PLAN not in columns.roles:
        return None
    label, place = columns.codes(PLAN), columns.place(PLAN)
    if columns.is_blank(PLAN).any():
        return None
    plans = sorted(set(label))
    strangers = [name for name in plan_names if name not in plans]
    if strangers:
        problems.append(
            f"data.plan_names: no plan {shown(strangers)} in column {columns.roles[PLAN]!r};"
            f" it has {shown(plans)}"
        )
    names = {plan: plan_names.get(plan, plan) for plan in plans}
    named = sorted(set(names.values()))
    if len(named) == 1:
        problems.append(f"{place} must hold two plans or more, it holds only {shown(named)}")
    if len(label) >= FEWEST_ROWS and len(named) > MOST_PLANS * len(label):
        problems.append(
            f"{place} must hold plans, it holds {len(named):,} different values"
            f" in {len(label):,} rows: {shown(named)}"
        )
    return np.array([names[plan] for plan in label], dtype=object)


def _subscribers(columns: RoleColumns) -> np.ndarray | None:
    """Read the subscriber of each row, shape (n,); None if the rows have none."""
    if SUBSCRIBER not in columns.roles:
        return None
    text = columns.codes(SUBSCRIBER)
    if len(set(text)) == 1 and len(text) > 1:
        columns.problems_of_columns.append(
            f"{columns.place(SUBSCRIBER)} must hold two subscribers or more,"
            f" all {len(text):,} rows have {text[0]!r}"
        )
    return None if columns.is_blank(SUBSCRIBER).any() else ids_of(text)


def _usage(columns: RoleColumns) -> tuple[Columns, tuple[InputColumn, ...]]:
    """Read usage of the last month as lag-1 columns, quantised to 0.01."""
    usage: Columns = {}
    inputs = []
    for role, name in columns.roles.items():
        if role.startswith(USAGE):
            becomes = lag(role.removeprefix(USAGE), 1)
            usage[becomes] = columns.amounts(role)
            inputs.append(InputColumn(name=name, kind="number", becomes=becomes))
    return usage, tuple(inputs)


def _few(problems: list[str]) -> list[str]:
    """Keep the first problems: a wide table may have one per column."""
    more = len(problems) - MOST_PROBLEMS
    return problems[:MOST_PROBLEMS] + ([f"... and {more:,} more"] if more > 0 else [])


def _no_subscriber_notes(attributes: Attributes, subscriber: np.ndarray | None) -> tuple[str, ...]:
    if subscriber is not None:
        return ()
    return (
        "no data.subscriber_column: every row counts as a subscriber. If one person has several rows, they"
        " are on both sides of every split: scores look better than they would be for new people, and their"
        " intervals are too narrow",
        *attributes.id_name_notes,
    )
