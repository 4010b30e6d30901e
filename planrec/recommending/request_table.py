"""Requests -> decision table, and back: the same for API, batch files and golden predictions.

The decision falls on the first day after the last month given, or on the day `as_of` of the month after it;
without any month it falls on `as_of`. Usage is quantised, as at every border.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import menu_of, switching_costs
from planrec.errors import Misfit, RequestError
from planrec.schema.columns import Columns, InputColumn, InputSchema, Usage, lag, quantised
from planrec.schema.decision_rows import lag_columns
from planrec.schema.request import Month, Request
from planrec.schema.tables import DecisionTable

_LAST_MONTH = frozenset(lag(usage, 1) for usage in Usage.ALL)


def is_usage(column: InputColumn) -> bool:
    """Whether a value became usage of the last month, not an attribute."""
    return column.becomes in _LAST_MONTH


def table_of(
    requests: Sequence[Request],
    inputs: InputSchema,
    plans: tuple[str, ...],
    horizon: int,
    catalogue: Catalogue | None,
) -> DecisionTable:
    """The decision table of requests whose values were checked."""
    n = len(requests)
    attributes = _attribute_columns([request.attributes for request in requests], inputs.columns)
    columns: Columns = {}
    as_of = None
    if inputs.takes == "months":
        _check_instants(requests)
        columns, as_of = _month_columns([_months_of(request, inputs) for request in requests], inputs)
        _forget_months(requests, columns)
        as_of = _asked_instants(requests, as_of)
    known: dict[str, Any] = {"menu": np.ones((n, len(plans)), bool)}
    if inputs.asks_held and catalogue is not None and as_of is not None:
        held = _plan_indexes([request.plan_held for request in requests], plans)
        _check_valid(requests, catalogue, as_of, held)
        known = {
            "menu": menu_of(catalogue, as_of, attributes, held),
            "held": held,
            "last_recommended": _plan_indexes([request.last_recommended for request in requests], plans),
            "switching_cost": switching_costs(catalogue, held),
            "minor_units": 10**catalogue.exponent,
        }
    _leave_out(requests, known["menu"], known.get("held"), plans)
    return DecisionTable(
        X=columns | attributes,
        subscriber=np.arange(n),
        has_subscribers=False,
        plans=plans,
        inputs=inputs,
        as_of=as_of,
        horizon=horizon,
        **known,
    )


def requests_of(table: DecisionTable) -> list[Request]:
    """Return the requests that become these decisions."""
    inputs = table.inputs
    histories = _histories(table, inputs) if inputs.takes == "months" else [()] * len(table)
    values = {column.name: _plain(table.X[column.becomes], column) for column in inputs.columns}
    held = _plan_ids(table.held, table)
    last = _plan_ids(table.last_recommended, table)
    return [
        Request(
            attributes={name: column[row] for name, column in values.items()},
            months=months,
            plan_held=held[row],
            last_recommended=last[row],
        )
        for row, months in enumerate(histories)
    ]


def _plan_ids(indexes: np.ndarray | None, table: DecisionTable) -> list[str | None]:
    """Return the plan of each decision; None if its index is -1, or if the run does not read plans held."""
    if indexes is None or not table.inputs.asks_held:
        return [None] * len(table)
    return [table.plans[index] if index >= 0 else None for index in indexes.tolist()]


def _check_valid(
    requests: Sequence[Request], catalogue: Catalogue, as_of: np.ndarray, held: np.ndarray
) -> None:
    """Raises RequestError where no plan is valid at the decision, or the plan held was not the day before."""
    n = len(held)
    valid = catalogue.valid_on(np.concatenate([as_of, as_of - np.timedelta64(1, "D")]))
    nothing_valid = ~valid[:n].any(axis=1)
    lapsed = (held >= 0) & ~valid[np.arange(n, 2 * n), held]
    if not (nothing_valid | lapsed).any():
        return
    misfits = [
        Misfit(
            row,
            "/as_of" if requests[row].as_of else "/months",
            f"no plan is valid on {as_of[row]}, the day of the decision",
        )
        for row in np.flatnonzero(nothing_valid).tolist()
    ] + [
        Misfit(
            row,
            "/plan_held",
            f"{catalogue.plan_ids[held[row]]!r} was not valid the day before the decision of {as_of[row]}",
        )
        for row in np.flatnonzero(lapsed).tolist()
    ]
    raise RequestError("decisions must lie inside the validity of the plans", misfits)


def _check_instants(requests: Sequence[Request]) -> None:
    """Raises RequestError where a request gives neither a month nor `as_of`: when would the decision be?"""
    misfits = [
        Misfit(row, "/months", "must hold a month where no as_of is given: the decision follows the last one")
        for row, request in enumerate(requests)
        if not request.months and request.as_of is None
    ]
    if misfits:
        raise RequestError("every decision must have its instant", misfits)


def _months_of(request: Request, inputs: InputSchema) -> Sequence[Month]:
    """Return the months given, or the month before `as_of` if there are none: see `_forget_months`."""
    if request.months:
        return request.months
    before = np.datetime64(request.as_of, "M") - np.timedelta64(1, "M")
    return [Month(str(before), **dict.fromkeys(inputs.usage, 0.0))]


def _forget_months(requests: Sequence[Request], columns: Columns) -> None:
    """Without any month given all usage is missing."""
    unknown = [row for row, request in enumerate(requests) if not request.months]
    for array in columns.values() if unknown else ():
        array[unknown] = np.nan


def _asked_instants(requests: Sequence[Request], as_of: np.ndarray) -> np.ndarray:
    """The instants asked for, and the first day after the last month where none was."""
    asked = [request.as_of for request in requests]
    if not any(asked):
        return as_of
    return np.array([day or first for day, first in zip(asked, as_of, strict=True)], "datetime64[D]")


def _leave_out(
    requests: Sequence[Request], menu: np.ndarray, held: np.ndarray | None, plans: tuple[str, ...]
) -> None:
    """Take excluded plans off the menu, in place; the plan held stays."""
    for row, request in enumerate(requests):
        for plan in request.exclude:
            position = plans.index(plan)
            menu[row, position] &= held is not None and held[row] == position


def _plan_indexes(named: Sequence[str | None], plans: tuple[str, ...]) -> np.ndarray:
    """Return the index of each plan, shape (n,), int64; -1 for None."""
    position: dict[str | None, int] = {plan: index for index, plan in enumerate(plans)}
    return np.array([position.get(plan, -1) for plan in named], np.int64)


def _attribute_columns(rows: Sequence[Mapping[str, Any]], inputs: Sequence[InputColumn]) -> Columns:
    return {column.becomes: _array([row[column.name] for row in rows], column) for column in inputs}


def _array(values: list[Any], column: InputColumn) -> np.ndarray:
    if column.kind == "text":
        return np.array(values, dtype=object)
    if column.kind == "date":
        return np.array(values, dtype="datetime64[s]")
    numbers = np.array(values, dtype=np.float64)
    return quantised(numbers) if is_usage(column) else numbers


def _plain(array: np.ndarray, column: InputColumn) -> list[Any]:
    """Values as JSON has them; the inverse of `_array`."""
    if column.kind == "text":
        return list(array.tolist())
    if column.kind == "date":
        return [None if np.isnat(value) else str(value) for value in array]
    plain = [None if np.isnan(value) else float(value) for value in array]
    return [None if v is None else bool(v) for v in plain] if column.kind == "boolean" else plain


def _histories(table: DecisionTable, inputs: InputSchema) -> list[tuple[Month, ...]]:
    """Return the months behind the lag columns of each decision, oldest first."""
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
    """Return lag columns and as_of, one row per history.

    A month inside a history that is not given was silent.
    """
    read = attrgetter("month", *inputs.usage)
    numbered = [{_number_of(month): amounts for month, *amounts in map(read, months)} for months in histories]
    as_of = [max(months) + 1 for months in numbered]
    filled = [_window(months, end, inputs) for months, end in zip(numbered, as_of, strict=True)]
    length = np.array([len(months) for months in filled])
    usage = np.array([amounts for months in filled for amounts in months], np.float64)
    by_name = dict(zip(inputs.usage, quantised(usage).T, strict=True))
    columns = lag_columns(by_name, np.cumsum(length) - 1, length - 1, inputs.window)
    return columns, np.array(as_of).astype("datetime64[M]").astype("datetime64[D]")


def _number_of(month: str) -> int:
    """Return the months since 1970, as numpy counts them; its own parser takes ten times as long."""
    return 12 * (int(month[:4]) - 1970) + int(month[5:]) - 1


def _window(months: Mapping[int, list[float]], end: int, inputs: InputSchema) -> list[list[float]]:
    """Return the usage of the last `window` months before `end`, from the first one given on.

    A month that is not given has 0 of everything.
    """
    first = max(min(months), end - inputs.window)
    silent = [0.0] * len(inputs.usage)
    return [months.get(number, silent) for number in range(first, end)]
