"""Menus of a choice table, wide or long, in one form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.raw_table import RawTable
from planrec.errors import DataError
from planrec.wording import did_you_mean, shown

if TYPE_CHECKING:
    from planrec.data.choice_table import ChoiceTable

PLAN = "{plan}"
YES, NO = ("1", "true", "yes"), ("0", "false", "no")


@dataclass(frozen=True)
class Menus:
    """One row per case."""

    cases: RawTable
    "The columns of the cases; those of plans are left out."
    plans: tuple[str, ...]
    "J plans, as the file writes them."
    chosen: np.ndarray
    """Shape (n,), object: plan of each case as the file writes it; None if it is unknown, which is
    reported already."""
    attributes: dict[str, np.ndarray]
    "Attribute -> shape (n, J), float64; NaN for blank cells."
    is_available: np.ndarray | None
    "Shape (n, J), bool; None if the file has no column of it."


def menus_of(options: "ChoiceTable", raw: RawTable, broken: BrokenRules) -> Menus:
    """Read the menus; rows that break a rule are added to `broken`.

    Raises:
        DataError: a column is missing, or no plan can be found.
    """
    return _wide(options, raw, broken) if options.case_column is None else _long(options, raw, broken)


def plans_in(patterns: Iterable[str], columns: Iterable[str]) -> tuple[str, ...]:
    """Find the plans for which there is a column of every pattern, in the order of the columns.

    Examples:
        >>> plans_in(["cost{plan}", "gib_{plan}"], ["cost1", "cost2", "gib_1", "gib_2", "gib_used"])
        ('1', '2')
    """
    names = list(columns)
    found = [_matches(pattern, names) for pattern in patterns]
    return tuple(plan for plan in found[0] if all(plan in others for others in found))


def _matches(pattern: str, names: Iterable[str]) -> list[str]:
    before, _, after = pattern.partition(PLAN)
    expression = re.compile(f"{re.escape(before)}(.+){re.escape(after)}")
    return [match[1] for name in names if (match := expression.fullmatch(name))]


def _wide(options: "ChoiceTable", raw: RawTable, broken: BrokenRules) -> Menus:
    patterns = {name: tidy_name(pattern) for name, pattern in options.attributes.items()}
    plans = tuple(options.plan_names) or plans_in(patterns.values(), raw.columns)
    available = None if options.available_column is None else tidy_name(options.available_column)
    of_plans = [
        pattern.replace(PLAN, plan)
        for pattern in (*patterns.values(), *([available] if available else []))
        for plan in plans
    ]
    chosen_column = tidy_name(options.plan_column)
    _check_columns([chosen_column, *of_plans], raw)
    if len(plans) < 2:
        raise DataError(
            f"data.attributes must find two plans or more, got {shown(plans)};"
            f" the file has {shown(raw.columns)}"
        )
    attributes = {
        name: np.stack([_numbers(raw, pattern.replace(PLAN, plan), broken) for plan in plans], axis=1)
        for name, pattern in patterns.items()
    }
    flags = None
    if available is not None:
        flags = np.stack([_flags(raw, available.replace(PLAN, plan), broken) for plan in plans], axis=1)
    chosen = raw.text(chosen_column)
    blank = np.array([cell is None for cell in chosen])
    broken.add(f"column {chosen_column!r} must not be blank", raw.rows[blank])
    return Menus(_without(raw, of_plans), plans, chosen, attributes, flags)


def _long(options: "ChoiceTable", raw: RawTable, broken: BrokenRules) -> Menus:
    roles = [options.case_column, options.plan_column, options.chosen_column, options.available_column]
    case, plan, chosen, available = (None if name is None else tidy_name(name) for name in roles)
    columns = {name: tidy_name(column) for name, column in options.attributes.items()}
    used = [name for name in (case, plan, chosen, available, *columns.values()) if name is not None]
    _check_columns(used, raw)
    case_of, first = _codes(raw, str(case), broken)
    plan_of, first_of_plan = _codes(raw, str(plan), broken)
    plans = tuple(map(str, raw.text(str(plan))[first_of_plan]))
    cell = case_of * len(plans) + plan_of
    _check_once(cell, raw, broken)
    shape = (len(first), len(plans))

    def spread(values: np.ndarray, empty: float) -> np.ndarray:
        table = np.full(shape, empty)
        table.flat[cell] = values
        return table

    is_chosen = spread(_flags(raw, str(chosen), broken), 0.0)
    one = is_chosen.sum(axis=1) == 1
    broken.add("every case must have one chosen plan", raw.rows[first[~one]])
    attributes = {name: spread(_numbers(raw, column, broken), np.nan) for name, column in columns.items()}
    # Plans without a row in the case were not on its menu.
    is_listed = spread(np.ones(len(cell)), 0.0) > 0
    flags = is_listed if available is None else is_listed & (spread(_flags(raw, available, broken), 0.0) > 0)
    names = np.asarray(plans, object)[np.asarray(is_chosen.argmax(axis=1))]
    of_case = [name for name in raw.columns if name not in used]
    _check_constant(of_case, case_of, first, raw, broken)
    whole = replace(raw, columns={name: raw.columns[name] for name in of_case})
    rows = np.zeros(len(raw), bool)
    rows[first] = True
    return Menus(whole.take(rows), plans, np.asarray(np.where(one, names, None)), attributes, flags)


def _check_columns(names: Iterable[str], raw: RawTable) -> None:
    missing = [f"{name!r}{did_you_mean(name, raw.columns)}" for name in names if name not in raw.columns]
    if missing:
        raise DataError(
            "the file lacks columns that the options data.* name",
            [*(f"no column {name}" for name in missing), f"the file has {shown(raw.columns, most=20)}"],
        )


def _numbers(raw: RawTable, name: str, broken: BrokenRules) -> np.ndarray:
    cells = raw.reading.numbers(name, raw.columns[name])
    if cells.strange.any():
        text = raw.text(name)
        broken.add(f"column {name!r} must hold numbers", raw.rows[cells.strange], text[cells.strange][0])
    return cells.values


def _flags(raw: RawTable, name: str, broken: BrokenRules) -> np.ndarray:
    """Read 1 and 0, true and false, yes and no, shape (n,), bool."""
    text = np.array([None if cell is None else cell.lower() for cell in raw.text(name)], object)
    is_yes, is_no = np.isin(text, YES), np.isin(text, NO)
    wrong = ~(is_yes | is_no)
    if wrong.any():
        broken.add(f"column {name!r} must hold 1 or 0", raw.rows[wrong], text[wrong][0])
    return is_yes


def _codes(raw: RawTable, name: str, broken: BrokenRules) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a column as numbers by first appearance, and the first row of each value."""
    text = raw.text(name)
    blank = np.array([cell is None for cell in text])
    broken.add(f"column {name!r} must not be blank", raw.rows[blank])
    text[blank] = ""
    _, first, code = np.unique(text.astype(str), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[code], first[order]


def _check_once(cell: np.ndarray, raw: RawTable, broken: BrokenRules) -> None:
    _, first = np.unique(cell, return_index=True)
    repeats = np.setdiff1d(np.arange(len(cell)), first)
    broken.add("a case must have one row per plan", raw.rows[repeats])


def _check_constant(
    names: Iterable[str], case_of: np.ndarray, first: np.ndarray, raw: RawTable, broken: BrokenRules
) -> None:
    for name in names:
        text = raw.text(name)
        differs = text != text[first][case_of]
        broken.add(
            f"column {name!r} must be equal in all rows of a case, or be named in data.attributes or"
            " data.drop_columns",
            raw.rows[differs],
        )


def _without(raw: RawTable, names: Iterable[str]) -> RawTable:
    left_out = set(names)
    return replace(raw, columns={name: c for name, c in raw.columns.items() if name not in left_out})
