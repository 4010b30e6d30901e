"""From a choice table to rows: `ATTRIBUTE@PLAN` columns, blank for plans that were unavailable."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from planrec.catalogue import Catalogue
from planrec.choice.plan_columns import plan_column
from planrec.data.menus import Menus, menus_of
from planrec.data.reading.bad_rows import BrokenRules
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.raw_table import RawTable
from planrec.data.row_table import row_table
from planrec.data.table import Table
from planrec.errors import DataError
from planrec.schema.tables import RowTable
from planrec.wording import counted, did_you_mean, shown

if TYPE_CHECKING:
    from planrec.data.choice_table import ChoiceTable


def choice_rows(options: "ChoiceTable", raw: RawTable, path: str, catalogue: Catalogue | None) -> RowTable:
    """Check the menus and choices, and give every column its place.

    Raises:
        DataError: lists every rule that cases break, with their first lines and count.
    """
    broken = BrokenRules()
    dropped = {tidy_name(name) for name in options.drop_columns} - {tidy_name(options.plan_column)}
    kept = replace(raw, columns={n: c for n, c in raw.columns.items() if n not in dropped})
    menus = menus_of(options, kept, broken)
    is_available = _availability(menus, broken)
    position = _positions(menus, is_available, broken)
    problems = [*_unknown_names(options, menus), *map(str, broken.bad_rows(raw.places))]
    if problems:
        raise DataError(f"{path} ({counted(len(raw), 'row')}) does not fit the options data.*", problems)
    names = tuple(options.plan_names.get(plan, plan) for plan in menus.plans)
    columns = dict(menus.cases.columns)
    columns[tidy_name(options.plan_column)] = pa.chunked_array([pa.array(np.array(names, object)[position])])
    for attribute, values in menus.attributes.items():
        known = np.where(is_available, values, np.nan)
        for plan, column in zip(names, known.T, strict=True):
            columns[plan_column(attribute, plan)] = pa.chunked_array([pa.array(column, from_pandas=True)])
    rows = row_table(_as_table(options), replace(menus.cases, columns=columns), path, catalogue)
    _check_kept(rows, menus, names)
    return rows


def _availability(menus: Menus, broken: BrokenRules) -> np.ndarray:
    """Return the available plans, shape (n, J), bool; they must have every attribute, others may be blank."""
    blank = np.stack([np.isnan(values) for values in menus.attributes.values()])
    is_available = np.asarray(~blank.all(axis=0) if menus.is_available is None else menus.is_available)
    incomplete = (is_available & blank.any(axis=0)).any(axis=1)
    broken.add("a plan that is available must have all its attributes", menus.cases.rows[incomplete])
    return is_available


def _positions(menus: Menus, is_available: np.ndarray, broken: BrokenRules) -> np.ndarray:
    """Look up the position of each choice, shape (n,), int64; the chosen plan must be available."""
    position = {plan: index for index, plan in enumerate(menus.plans)}
    found = np.array([position.get(plan, -1) for plan in menus.chosen], np.int64)
    unknown = (found < 0) & np.array([plan is not None for plan in menus.chosen])
    if unknown.any():
        broken.add(
            f"the chosen plan must be one of {shown(menus.plans)}",
            menus.cases.rows[unknown],
            menus.chosen[unknown][0],
        )
    unavailable = (found >= 0) & ~is_available[np.arange(len(found)), found]
    broken.add("the chosen plan must be available", menus.cases.rows[unavailable])
    return found


def _unknown_names(options: "ChoiceTable", menus: Menus) -> Iterator[str]:
    for plan in options.plan_names:
        if plan not in menus.plans:
            hint = did_you_mean(plan, menus.plans)
            yield f"data.plan_names: no plan {plan!r}{hint}; the file has {shown(menus.plans)}"


def _as_table(options: "ChoiceTable") -> Table:
    """Return the options of a table whose rows are the cases."""
    shared = {name: getattr(options, name) for name in Table.model_fields if hasattr(options, name)}
    of_rows = {"kind": "table", "plan_names": {}, "drop_columns": (), "usage_columns": {}}
    return Table.model_validate(shared | of_rows)


def _check_kept(rows: RowTable, menus: Menus, names: tuple[str, ...]) -> None:
    expected = [plan_column(attribute, plan) for attribute in menus.attributes for plan in names]
    if missing := [name for name in expected if name not in rows.columns]:
        raise DataError(
            "every plan must be available in some case, and its attributes must be measurements",
            [f"{name} is blank in every row, or looks like an id" for name in missing],
        )
