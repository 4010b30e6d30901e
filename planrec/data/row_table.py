"""From a raw table to a RowTable: every column gets its role, every cell with a role is checked."""

from typing import TYPE_CHECKING

import numpy as np

from planrec.data.attributes import Attributes
from planrec.data.cells import numbers_and_others
from planrec.data.decision_time import as_of_of
from planrec.data.protected import Protected
from planrec.data.raw_table import MISSING, RawTable, repeats_of
from planrec.data.roles import role_problems, roles_of
from planrec.errors import DataError
from planrec.schema.columns import MAX_USAGE, Columns, InputColumn, lag, quantised
from planrec.schema.tables import RowTable
from planrec.wording import counted, shown

if TYPE_CHECKING:
    from planrec.data.table import Table

MOST_PLANS = 0.5
"Different plans per row from which a column is no plan, in tables of FEWEST_ROWS or more."
FEWEST_ROWS = 20

MOST_PROBLEMS = 30


def row_table(options: "Table", raw: RawTable, path: str) -> RowTable:
    """Check a raw table against its options and give every column its place.

    Raises:
        DataError: lists every problem of every column.
    """
    roles = roles_of(options)
    problems = role_problems(roles, raw)
    raw, repeat_notes = _without_repeats(raw, options.exact_duplicates)
    known = {role: name for role, name in roles.items() if name in raw.columns and raw.is_readable(name)}
    label = _plans(known, raw, options.plan_names, problems)
    subscriber = _subscribers(known, raw, problems)
    as_of = _as_of(known, raw, options.time_year, problems)
    usage, usage_inputs = _usage(known, raw, problems)
    attributes = Attributes.of(raw, set(roles.values()), taken=set(usage))
    protected = Protected.of(raw, options.protected_columns)
    problems += attributes.problems + protected.problems
    if not usage and not attributes.columns and not problems:
        problems.append(f"no column is left to learn from; the file has {shown(raw.columns)}")
    if problems or label is None:
        what = f"{path} ({counted(len(raw), 'row')})"
        raise DataError(f"{what} does not fit the options data.*", _few(problems))
    whose = np.arange(len(raw)) if subscriber is None else subscriber
    segments, group_notes = protected.groups(np.arange(len(raw)), whose)
    return RowTable(
        columns={**usage, **attributes.columns},
        label=label,
        inputs=(*usage_inputs, *attributes.inputs),
        subscriber=subscriber,
        as_of=as_of,
        notes=(
            *raw.notes,
            *repeat_notes,
            *attributes.notes,
            *group_notes,
            *_subscriber_notes(subscriber, attributes, raw),
        ),
        segments=segments,
    )


def _without_repeats(raw: RawTable, exact_duplicates: str) -> tuple[RawTable, tuple[str, ...]]:
    repeats = repeats_of(raw)
    if not repeats.any():
        return raw, ()
    count = int(repeats.sum())
    first = f"{raw.position_word} {raw.positions[repeats][0]}"
    found = (
        f"{count:,} of {len(raw):,} rows {'repeats' if count == 1 else 'repeat'} an earlier row exactly,"
        f" the first is {first}"
    )
    if exact_duplicates == "drop":
        return raw.take(~repeats), (f"{found}: dropped",)
    return raw, (
        f"{found}: kept; they count twice, and copies on both sides of a split make scores look better than"
        " they are (data.exact_duplicates=drop leaves them out)",
    )


def _plans(
    known: dict[str, str], raw: RawTable, plan_names: dict[str, str], problems: list[str]
) -> np.ndarray | None:
    """The plan of each row as text, shape (n,), object; None where that is impossible."""
    role = "data.plan_column"
    if role not in known or _blank_problem(role, known[role], raw, problems):
        return None
    column, label = known[role], whole_numbers(raw.text(known[role]))
    plans = sorted(set(label))
    strangers = [name for name in plan_names if name not in plans]
    if strangers:
        problems.append(
            f"data.plan_names: no plan {shown(strangers)} in column {column!r}; it has {shown(plans)}"
        )
    names = {plan: plan_names.get(plan, plan) for plan in plans}
    named = sorted(set(names.values()))
    if len(named) == 1:
        problems.append(
            f"column {column!r} ({role}) must hold two plans or more, it holds only {shown(named)}"
        )
    if len(raw) >= FEWEST_ROWS and len(named) > MOST_PLANS * len(raw):
        problems.append(
            f"column {column!r} ({role}) must hold plans, it holds {len(named):,} different values"
            f" in {len(raw):,} rows: {shown(named)}"
        )
    return np.array([names[plan] for plan in label], dtype=object)


def _subscribers(known: dict[str, str], raw: RawTable, problems: list[str]) -> np.ndarray | None:
    """Whose row it is, shape (n,)."""
    role = "data.subscriber_column"
    if role not in known or _blank_problem(role, known[role], raw, problems):
        return None
    return ids_of(raw.text(known[role]))


def _as_of(known: dict[str, str], raw: RawTable, year: int | None, problems: list[str]) -> np.ndarray | None:
    role = "data.time_column"
    if role not in known or _blank_problem(role, known[role], raw, problems):
        return None
    texts = whole_numbers(raw.text(known[role]))
    as_of, problem = as_of_of(texts, year)
    if problem is not None:
        rows = np.array([text == problem.text for text in texts])
        problems.append(
            f"column {known[role]!r} ({role}) {problem.rule}, got {problem.text!r} at {raw.where(rows)}"
        )
    return as_of


def _usage(
    known: dict[str, str], raw: RawTable, problems: list[str]
) -> tuple[Columns, tuple[InputColumn, ...]]:
    """Usage of the last month as lag-1 columns, quantised to 0.01."""
    prefix = "data.usage_columns."
    columns: Columns = {}
    inputs = []
    for role, name in known.items():
        if role.startswith(prefix):
            becomes = lag(role.removeprefix(prefix), 1)
            columns[becomes] = quantised(_usage_values(role, name, raw, problems))
            inputs.append(InputColumn(name=name, kind="number", becomes=becomes))
    return columns, tuple(inputs)


def _usage_values(role: str, name: str, raw: RawTable, problems: list[str]) -> np.ndarray:
    """One usage column, shape (n,), float64; what is wrong with it is appended to `problems`."""
    place = f"column {name!r} ({role})"
    _blank_problem(role, name, raw, problems)
    values, strange = numbers_and_others(raw.columns[name], raw.decimal_comma)
    for rule, rows in {
        "must hold numbers": strange,
        "must be >= 0": values < 0,
        f"must be at most {MAX_USAGE:,.0f}": values > MAX_USAGE,
    }.items():
        if rows.any():
            problems.append(f"{place} {rule}, got {raw.text(name)[rows][0]!r} at {raw.where(rows)}")
    return values


def _blank_problem(role: str, name: str, raw: RawTable, problems: list[str]) -> bool:
    """Whether a column has blank cells; if so, it is said."""
    blank = raw.columns[name].is_null().to_numpy()
    if blank.any():
        meaning = ", ".join(MISSING[1:4])
        problems.append(
            f"column {name!r} ({role}) must not be blank (or {meaning} ...), it is at {raw.where(blank)}"
        )
    return bool(blank.any())


def _few(problems: list[str]) -> list[str]:
    """The first problems: a wide table may have one per column."""
    more = len(problems) - MOST_PROBLEMS
    return problems[:MOST_PROBLEMS] + ([f"... and {more:,} more"] if more > 0 else [])


def ids_of(texts: np.ndarray) -> np.ndarray:
    """Ids from text without blanks, shape (n,): int64 where all are plain whole numbers, else text."""
    ids = whole_numbers(texts)
    plain = all(
        text.isascii() and text.isdigit() and len(text) < 19 and str(int(text)) == text for text in ids
    )
    return ids.astype(np.int64) if plain else ids


def whole_numbers(texts: np.ndarray) -> np.ndarray:
    """`1.0` as `1`, where all are whole numbers: a blank elsewhere made some tool write them as fractions."""
    distinct = set(texts)
    whole = {text: text.replace(",", ".").partition(".") for text in distinct}
    if not all(head.removeprefix("-").isdigit() and not tail.strip("0") for head, _, tail in whole.values()):
        return texts
    return np.array([whole[text][0] for text in texts], dtype=object)


def _subscriber_notes(
    subscriber: np.ndarray | None, attributes: Attributes, raw: RawTable
) -> tuple[str, ...]:
    if subscriber is not None:
        return ()
    return (
        "no data.subscriber_column: every row counts as a subscriber of its own. Where one person has several"
        " rows, they land on both sides of every split: scores look better than they would be for new people,"
        " and their intervals are too narrow",
        *attributes.id_name_notes,
    )
