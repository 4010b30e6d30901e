"""Convert arrays to the values of an answer: decimal strings, and None for unknown values."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import monthly_fees
from planrec.catalogue.monthly_cost import UNKNOWN_AMOUNT, fee_and_extras, in_minor_units, savings
from planrec.schema.decision_rows import lags_in
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences import in_major_units

AMOUNT_CACHE_SIZE = 10_000
"Formatted amounts that are cached: the same ones occur again and again."


class PlanFigures(NamedTuple):
    """The expected cost and saving of one plan for one subscriber: fields of `Item`."""

    expected_bill: str | None
    fee: str | None
    extras: str | None
    bill_p10: str | None
    bill_p90: str | None
    expected_saving: str | None
    saving_p10: str | None
    saving_p50: str | None
    saving_p90: str | None
    prob_cheaper: float | None


class MonthFigures(NamedTuple):
    """The known usage of one subscriber."""

    n_known: int
    mean: dict[str, float]
    "Usage column -> mean of the known months, to 0.01; empty if there are none."


def plan_figures(
    table: DecisionTable, prediction: Prediction, catalogue: Catalogue | None
) -> list[list[PlanFigures]]:
    """Return the figures of each row and plan; the fee is known if the catalogue and the bill are."""
    bills = (prediction.bill_mean, prediction.bill_p10, prediction.bill_p90)
    saving = (savings(table, prediction), prediction.saving_p10, prediction.saving_p50, prediction.saving_p90)
    n, width = table.menu.shape
    blank: list[list[None]] = [[None] * width] * n
    known = [amounts for amounts in (*bills, *saving) if amounts is not None]
    minor = list(in_minor_units(np.array(known), table.minor_units)) if known else []
    has_fees = catalogue is not None and prediction.bill_mean is not None
    if catalogue is not None and has_fees:
        minor += fee_and_extras(minor[0], monthly_fees(catalogue))
    texts = iter(_texts(minor, table.minor_units))
    columns = [blank if amounts is None else next(texts) for amounts in (*bills, *saving)]
    columns[1:1] = list(texts) if has_fees else [blank, blank]
    cheaper = blank if prediction.prob_cheaper is None else _numbers(prediction.prob_cheaper)
    return [list(map(PlanFigures, *row)) for row in zip(*columns, cheaper, strict=True)]


def decimals(amounts: np.ndarray, minor_units: int) -> list[list[list[str | None]]]:
    """Return amounts with the currency's decimals, rounded half up; None for NaN.

    Args:
        amounts: shape (k, n, J), in the major unit.
        minor_units: minor units in one of the currency: 100 for dollars, 1 for yen.

    >>> decimals(np.array([[[1.005, np.nan]]]), 100)
    [[['1.01', None]]]
    """
    return _texts(in_minor_units(amounts, minor_units), minor_units)


def _texts(minor: Iterable[np.ndarray], minor_units: int) -> list[list[list[str | None]]]:
    """Return matrices of minor units as text."""
    exponent = len(str(minor_units)) - 1
    return [[[_text(each, exponent) for each in row] for row in matrix.tolist()] for matrix in minor]


@lru_cache(maxsize=AMOUNT_CACHE_SIZE)
def _text(minor: int, exponent: int) -> str | None:
    return None if minor == UNKNOWN_AMOUNT else in_major_units(minor, exponent)


def month_figures(table: DecisionTable) -> list[MonthFigures] | None:
    """Return the usage of each row; None for a table without usage."""
    names, lags = lags_in(tuple(table.X), table.inputs.window)
    if not names:
        return None
    months = np.array([table.X[name] for name in lags]).reshape(len(names), -1, len(table))
    is_known = ~np.isnan(months)
    n_known = is_known.sum(axis=1)
    # In hundredths, as usage is quantised: sums are exact, and means rounded half up.
    total = np.rint(np.where(is_known, months, 0.0) * 100).astype(np.int64).sum(axis=1)
    divisor = np.maximum(n_known, 1)
    mean = ((2 * total + divisor) // (2 * divisor) / 100).T.tolist()
    return [
        MonthFigures(n, dict(zip(names, values, strict=True)) if n else {})
        for n, values in zip(n_known[0].tolist(), mean, strict=True)
    ]


def _numbers(values: np.ndarray) -> list[list[float | None]]:
    return [[None if value != value else value for value in row] for row in values.tolist()]
