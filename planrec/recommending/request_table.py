"""Requests to decision table, and back: for the API, golden predictions and replay.

The decision is on the first day after the last month of the request, or on the day `as_of` of that month;
without any month it is on `as_of`. Usage is quantised, as at every border.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from planrec.errors import Misfit, RequestError
from planrec.recommending.table_builder import TableBuilder
from planrec.schema.columns import Columns, InputColumn, InputSchema, Usage, lag, quantised
from planrec.schema.decision_rows import latest_rows, month_number
from planrec.schema.request import Month, Request
from planrec.schema.tables import DecisionTable

Value = str | float | bool | None
"A value of an attribute in a request; None if it is missing."

_LAST_MONTH = frozenset(lag(usage, 1) for usage in Usage.ALL)


def is_usage(column: InputColumn) -> bool:
    """Check whether a value becomes usage of the last month, not an attribute.

    Examples:
        >>> is_usage(InputColumn(name="mb used", kind="number", becomes="data_mib.1"))
        True
    """
    return column.becomes in _LAST_MONTH


def usage_of(column: InputColumn) -> str:
    """Return the usage column whose last month a value is.

    Examples:
        >>> usage_of(InputColumn(name="mb used", kind="number", becomes="data_mib.1"))
        'data_mib'
    """
    return column.becomes.rpartition(".")[0]


def table_of(requests: Sequence[Request], builder: TableBuilder) -> DecisionTable:
    """Build the decision table of requests whose values were checked.

    Raises:
        RequestError: if a request has neither months nor `as_of`, or is outside the validity of the plans.
    """
    inputs, plans = builder.inputs, builder.plans
    columns: Columns = {}
    as_of = held = last_recommended = commitment_ends = None
    if inputs.takes == "months":
        _check_instants(requests)
        columns, as_of = _month_columns([_months_of(request, inputs) for request in requests], inputs)
        _forget_months(requests, columns)
        as_of = _requested_instants(requests, as_of)
    if inputs.asks_held:
        held = _plan_indexes([request.plan_held for request in requests], plans)
        last_recommended = _plan_indexes([request.last_recommended for request in requests], plans)
        commitment_ends = np.array([request.commitment_ends for request in requests], "datetime64[D]")
    attributes = _attribute_columns([request.attributes for request in requests], inputs.columns)
    table = builder.build(columns | attributes, len(requests), as_of, held, last_recommended, commitment_ends)
    _check_valid(requests, builder, table)
    return _without_excluded(requests, table)


def requests_of(table: DecisionTable) -> list[Request]:
    """Write the requests that become these decisions."""
    inputs = table.inputs
    histories = _histories(table, inputs) if inputs.takes == "months" else [()] * len(table)
    values = {column.name: _plain(table.X[column.becomes], column) for column in inputs.columns}
    held = _plan_ids(table.held, table)
    last = _plan_ids(table.last_recommended, table)
    ends = _days(table.commitment_ends, len(table))
    return [
        Request(
            attributes={name: column[row] for name, column in values.items()},
            months=months,
            plan_held=held[row],
            last_recommended=last[row],
            commitment_ends=ends[row],
        )
        for row, months in enumerate(histories)
    ]


def _plan_ids(indexes: np.ndarray | None, table: DecisionTable) -> list[str | None]:
    """Look up the plan of each decision; None if its index is -1, or if the run does not read plans held."""
    if indexes is None or not table.inputs.asks_held:
        return [None] * len(table)
    return [table.plans[index] if index >= 0 else None for index in indexes.tolist()]


def _days(days: np.ndarray | None, n: int) -> list[str | None]:
    """Write days as text, None if they are unknown."""
    return [None] * n if days is None else [None if np.isnat(day) else str(day) for day in days]


def _check_valid(requests: Sequence[Request], builder: TableBuilder, table: DecisionTable) -> None:
    """Raise RequestError if no plan is valid at a decision, or if the plan held had ended the day before."""
    without_plan, has_ended = builder.outside_validity(table)
    if table.as_of is None or table.held is None or not (without_plan | has_ended).any():
        return
    misfits = [
        Misfit(
            row,
            "/as_of" if requests[row].as_of else "/months",
            f"no plan is valid on {table.as_of[row]}, the day of the decision",
        )
        for row in np.flatnonzero(without_plan).tolist()
    ] + [
        Misfit(
            row,
            "/plan_held",
            f"{table.plans[table.held[row]]!r} was not valid the day before the decision of"
            f" {table.as_of[row]}",
        )
        for row in np.flatnonzero(has_ended).tolist()
    ]
    raise RequestError("decisions must lie inside the validity of the plans", misfits)


def _check_instants(requests: Sequence[Request]) -> None:
    """Raise RequestError if a request gives neither a month nor `as_of`: its decision has no instant."""
    misfits = [
        Misfit(row, "/months", "must hold a month if there is no as_of: the decision follows the last month")
        for row, request in enumerate(requests)
        if not request.months and request.as_of is None
    ]
    if misfits:
        raise RequestError("every decision must have its instant", misfits)


def _months_of(request: Request, inputs: InputSchema) -> Sequence[Month]:
    """List the months given, or the month before `as_of` if there are none: see `_forget_months`."""
    if request.months:
        return request.months
    before = np.datetime64(request.as_of, "M") - np.timedelta64(1, "M")
    return [Month(str(before), **dict.fromkeys(inputs.usage, 0.0))]


def _forget_months(requests: Sequence[Request], columns: Columns) -> None:
    """Make all usage of requests without months missing, in place."""
    unknown = [row for row, request in enumerate(requests) if not request.months]
    for array in columns.values() if unknown else ():
        array[unknown] = np.nan


def _requested_instants(requests: Sequence[Request], as_of: np.ndarray) -> np.ndarray:
    """Choose the requested instants, and the first day after the last month for requests without one."""
    requested = [request.as_of for request in requests]
    if not any(requested):
        return as_of
    return np.array([day or first for day, first in zip(requested, as_of, strict=True)], "datetime64[D]")


def _without_excluded(requests: Sequence[Request], table: DecisionTable) -> DecisionTable:
    """Take excluded plans off the menus; the plan held stays."""
    named = [
        (row, table.plans.index(plan)) for row, request in enumerate(requests) for plan in request.exclude
    ]
    if not named:
        return table
    rows, plans = np.array(named).T
    excluded = np.zeros(table.menu.shape, bool)
    excluded[rows, plans] = table.menu[rows, plans]
    if table.held is not None:
        known = np.flatnonzero(table.held >= 0)
        excluded[known, table.held[known]] = False
    return replace(table, menu=table.menu & ~excluded, excluded=excluded)


def _plan_indexes(named: Sequence[str | None], plans: tuple[str, ...]) -> np.ndarray:
    """Look up the index of each plan, shape (n,), int64; -1 for None."""
    position: dict[str | None, int] = {plan: index for index, plan in enumerate(plans)}
    return np.array([position.get(plan, -1) for plan in named], np.int64)


def _attribute_columns(rows: Sequence[Mapping[str, Value]], inputs: Sequence[InputColumn]) -> Columns:
    return {column.becomes: _array([row[column.name] for row in rows], column) for column in inputs}


def _array(values: list[Value], column: InputColumn) -> np.ndarray:
    if column.kind == "text":
        return np.array(values, dtype=object)
    if column.kind == "date":
        return np.array(values, dtype="datetime64[s]")
    numbers = np.array(values, dtype=np.float64)
    return quantised(numbers) if is_usage(column) else numbers


def _plain(array: np.ndarray, column: InputColumn) -> list[Value]:
    """Convert values to those of JSON; the inverse of `_array`."""
    if column.kind == "text":
        return list(array.tolist())
    if column.kind == "date":
        return [None if np.isnat(value) else str(value) for value in array]
    of_kind = bool if column.kind == "boolean" else float
    return [None if np.isnan(value) else of_kind(value) for value in array]


def _histories(table: DecisionTable, inputs: InputSchema) -> list[tuple[Month, ...]]:
    """List the months behind the lag columns of each decision, oldest first."""
    if table.as_of is None:
        raise ValueError("decisions over months need an as_of")
    last_month = table.as_of.astype("datetime64[M]") - np.timedelta64(1, "M")
    lags = {name: [table.X[lag(name, ago)] for ago in range(1, inputs.window + 1)] for name in inputs.usage}
    known = ~np.isnan(lags[inputs.usage[0]])
    return [
        tuple(
            Month(
                str(last_month[row] - np.timedelta64(ago, "M")),
                **{name: float(lags[name][ago][row]) for name in lags},
            )
            for ago in reversed(range(inputs.window))
            if known[ago][row]
        )
        for row in range(len(table))
    ]


def _month_columns(histories: Sequence[Sequence[Month]], inputs: InputSchema) -> tuple[Columns, np.ndarray]:
    """Build lag columns and as_of, one row per history."""
    read = attrgetter("month", *inputs.usage)
    months = [month for history in histories for month in sorted(map(read, history))]
    rows = latest_rows(
        np.array([len(history) for history in histories]),
        np.array([month_number(month) for month, *_ in months]),
        dict(
            zip(inputs.usage, quantised(np.array([month[1:] for month in months], np.float64)).T, strict=True)
        ),
        inputs.window,
    )
    return rows.columns, rows.as_of
