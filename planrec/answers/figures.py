"""Numbers of arrays as answers have them: decimal strings, and None for what nobody can know."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from planrec.recommender import savings
from planrec.schema import DecisionTable, Prediction, Usage, lag

_HALF = 0.5 + 1e-7
"Means of minor units are exact to far more than 7 decimals: the rest is binary fractions just below a half."


class PlanFigures(NamedTuple):
    """What one plan is expected to cost and save one subscriber: fields of `Item`."""

    expected_bill: str | None
    bill_p10: str | None
    bill_p90: str | None
    expected_saving: str | None
    saving_p10: str | None
    saving_p50: str | None
    saving_p90: str | None
    prob_cheaper: float | None


def plan_figures(table: DecisionTable, prediction: Prediction) -> list[list[PlanFigures]]:
    """By row and plan."""
    bills = (prediction.bill_mean, prediction.bill_p10, prediction.bill_p90)
    saving = (savings(table, prediction), prediction.saving_p10, prediction.saving_p50, prediction.saving_p90)
    n, width = table.menu.shape
    blank: list[list[None]] = [[None] * width] * n
    columns = [
        blank if amounts is None else decimals(amounts, table.minor_units) for amounts in (*bills, *saving)
    ]
    cheaper = blank if prediction.prob_cheaper is None else _numbers(prediction.prob_cheaper)
    return [list(map(PlanFigures, *row)) for row in zip(*columns, cheaper, strict=True)]


def decimals(amounts: np.ndarray, minor_units: int) -> list[list[str | None]]:
    """Shape (n, J), major unit -> with the currency's decimals, rounded half up; NaN is None."""
    places = len(str(minor_units)) - 1
    return [[_decimal(amount, minor_units, places) for amount in row] for row in amounts.tolist()]


class MonthFigures(NamedTuple):
    """What is known of one subscriber's usage."""

    n_known: int
    mean: dict[str, float]
    "Usage column -> mean of the known months, to 0.01; empty without any."


def month_figures(table: DecisionTable) -> list[MonthFigures] | None:
    """By row; None in a table without usage."""
    usage = {
        name: [table.X[column].tolist() for column in columns if column in table.X]
        for name, columns in _lag_columns(table.inputs.window)
    }
    usage = {name: months for name, months in usage.items() if months}
    return [_of_row(usage, row) for row in range(len(table))] if usage else None


def _of_row(usage: dict[str, list[list[float]]], row: int) -> MonthFigures:
    by_name = {name: [month[row] for month in months] for name, months in usage.items()}
    known = {name: [value for value in values if value == value] for name, values in by_name.items()}
    n_known = len(next(iter(known.values())))
    mean = {name: round(sum(values) / len(values), 2) for name, values in known.items() if values}
    return MonthFigures(n_known, mean)


@lru_cache(maxsize=8)
def _lag_columns(window: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(lag(name, ago) for ago in range(1, window + 1))) for name in Usage.ALL)


def _numbers(values: np.ndarray) -> list[list[float | None]]:
    return [[None if value != value else value for value in row] for row in values.tolist()]


def _decimal(amount: float, minor_units: int, places: int) -> str | None:
    if amount != amount:
        return None
    minor = int(abs(amount) * minor_units + _HALF)
    sign = "-" if amount < 0 and minor else ""
    if not places:
        return f"{sign}{minor}"
    whole, rest = divmod(minor, minor_units)
    return f"{sign}{whole}.{rest:0{places}d}"
