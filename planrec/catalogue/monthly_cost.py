"""The cost of a plan per month: its bills, and the cost of changing to it spread over the horizon."""

import numpy as np

from planrec.errors import DataError
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable

UNKNOWN_AMOUNT = int(np.iinfo(np.int64).min)
"Minor units of NaN."
_HALF = 0.5 + 1e-7
"Means of minor units are exact to far more than 7 decimals; beyond, binary fractions fall just below a half."


def monthly_cost(
    bills: np.ndarray | float,
    switching_cost: np.ndarray | float,
    horizon: np.ndarray | int,
    minor_units: int = 1,
) -> np.ndarray:
    """Compute (bills + switching cost) / horizon, in the major unit of the currency.

    Args:
        bills: sums of the bills of all months of the horizon, shape (n, J).
        switching_cost: cost of changing to each plan, paid once, same shape and unit.
        horizon: months, or shape (n, 1). A table without label months has 0, which counts as 1.
        minor_units: number of units of `bills` in one major unit: 100 for cents.

    Examples:
        >>> monthly_cost(np.array([[3000, 2400]]), np.array([[0, 900]]), horizon=3, minor_units=100)
        array([[10., 11.]])
        >>> monthly_cost(np.array([[10.0]]), 0, horizon=0)
        array([[10.]])
    """
    # Equal sums of decimals must be equal floats: 10.10 + 5.00 and 15.10 cost the same.
    total = np.round(bills + switching_cost, 6)
    months: np.ndarray = np.maximum(horizon, 1) * minor_units
    return total / months


def expected_cost(bill_mean: np.ndarray, table: DecisionTable) -> np.ndarray:
    """Compute the cost per month that a prediction expects of every plan, shape (n, J), major unit.

    A table without switching costs adds none.

    Args:
        bill_mean: expected mean monthly bill, shape (n, J), major unit; NaN stays NaN.
        table: the decisions that the bills belong to.
    """
    if table.switching_cost is None:
        return bill_mean
    return bill_mean + monthly_cost(0, table.switching_cost, table.horizon, table.minor_units)


def savings(table: DecisionTable, prediction: Prediction) -> np.ndarray | None:
    """Compute the expected saving of each plan a month against the plan held, shape (n, J), major unit.

    The switching cost is spread over the horizon. Values are NaN if the plan held is unknown; the result is
    None without bills.
    """
    return None if prediction.bill_mean is None else saving_against_held(prediction.bill_mean, table)


def saving_against_held(bill_mean: np.ndarray, table: DecisionTable) -> np.ndarray | None:
    """Compute the same from mean monthly bills, shape (n, J), major unit; None without plans held."""
    if table.held is None or table.switching_cost is None:
        return None
    cost = expected_cost(bill_mean, table)
    held = cost[np.arange(len(cost)), table.held]
    return np.where(table.held >= 0, held, np.nan)[:, None] - cost


def fee_and_extras(bills: np.ndarray, fees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split bills into the part that is due for any usage and the rest, both int64 in minor units.

    Their sum is exactly the bill. A model may expect a bill below the fee: then all of it is fee.

    Args:
        bills: shape (n, J), int64, minor units; `UNKNOWN_AMOUNT` stays unknown.
        fees: the monthly fee of each plan, shape (J,), int64, minor units.

    Examples:
        >>> fee, extras = fee_and_extras(np.array([[3500, 4102]]), np.array([3500, 2700]))
        >>> fee.tolist(), extras.tolist()
        ([[3500, 2700]], [[0, 1402]])
    """
    # The smallest integer: an unknown bill is an unknown fee.
    fee = np.minimum(bills, fees)
    return fee, np.where(bills == UNKNOWN_AMOUNT, UNKNOWN_AMOUNT, bills - fee)


def in_minor_units(amounts: np.ndarray, minor_units: int) -> np.ndarray:
    """Round amounts in the major unit half away from zero, int64; NaN becomes `UNKNOWN_AMOUNT`.

    Examples:
        >>> in_minor_units(np.array([1.005, -0.004, -1.005]), 100)
        array([ 101,    0, -101])
    """
    size = np.floor(np.abs(amounts) * minor_units + _HALF)
    known = size == size
    minor = np.where(known, np.copysign(size, amounts), 0.0).astype(np.int64)
    minor[~known] = UNKNOWN_AMOUNT
    return minor


def realised_cost(table: DecisionTable) -> np.ndarray:
    """Compute the cost per month that every plan turned out to have, shape (n, J), major unit.

    Raises:
        DataError: the table has no bills of the months after the decision.
    """
    if table.future_bills is None:
        raise DataError("realised costs need bills after the decision, and this table has none")
    switching_cost = 0 if table.switching_cost is None else table.switching_cost
    return monthly_cost(table.future_bills, switching_cost, table.horizon, table.minor_units)
