from collections.abc import Callable

import numpy as np
import pytest

from planrec.catalogue.monthly_cost import expected_cost, monthly_cost, realised_cost, savings
from planrec.errors import DataError
from planrec.policy import BestBillPolicy
from planrec.schema.columns import InputSchema, Usage, lag
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.ensemble_weights import greedy_weights
from planrec.training.harm_guard import harmed


def table_of(horizon: int, switching: list[int] | None, future: list[int] | None = None) -> DecisionTable:
    """One subscriber who holds the first of two plans; amounts in cents."""
    return DecisionTable(
        X={lag(name, 1): np.ones(1) for name in Usage.MEASURED},
        subscriber=np.array([0]),
        plans=("first", "second"),
        menu=np.ones((1, 2), bool),
        inputs=InputSchema(takes="months", columns=(), usage=Usage.MEASURED, window=1, asks_held=True),
        y=np.array([0]),
        held=np.array([0]),
        horizon=horizon,
        switching_cost=None if switching is None else np.array([switching]),
        future_bills=None if future is None else np.array([future]),
        minor_units=100,
    )


def predicted(*bill_mean: float) -> Prediction:
    return Prediction(probability=np.full((1, 2), 0.5), bill_mean=np.array([bill_mean]), ranks_by_bill=True)


@pytest.mark.parametrize(
    ("horizon", "expected"), [(3, [10.0, 8 + 6 / 3]), (1, [10.0, 8 + 6]), (0, [10.0, 8 + 6])]
)
def test_the_switching_cost_is_spread_over_the_horizon(horizon: int, expected: list[float]) -> None:
    table = table_of(horizon, switching=[0, 600])
    assert expected_cost(np.array([[10.0, 8.0]]), table) == pytest.approx(np.array([expected]))


def test_realised_bills_are_sums_over_the_horizon() -> None:
    table = table_of(3, switching=[0, 600], future=[3000, 2400])
    assert realised_cost(table).tolist() == [[10.0, 10.0]]


def test_without_switching_costs_only_bills_count() -> None:
    table = table_of(2, switching=None, future=[3000, 2400])
    assert realised_cost(table).tolist() == [[15.0, 12.0]]
    assert expected_cost(np.array([[15.0, 12.0]]), table).tolist() == [[15.0, 12.0]]


def test_realised_costs_without_bills_are_refused() -> None:
    with pytest.raises(DataError, match="realised costs need bills"):
        realised_cost(table_of(3, switching=[0, 600]))


def test_equal_sums_of_decimals_are_equal_floats() -> None:
    assert 0.1 + 0.2 != 0.3
    cost = monthly_cost(np.array([[0.1, 0.3]]), np.array([[0.2, 0.0]]), horizon=3)
    assert cost[0, 0] == cost[0, 1]


def best_bill(absolute: float) -> BestBillPolicy:
    return BestBillPolicy(
        kind="best_bill",
        absolute=absolute,
        relative=0.0,
        risk_price=0.0,
        harm_at_most=None,
        min_months=1,
        unknown_commitment="bound",
        longest_commitment_months=None,
    )


def by_policy(table: DecisionTable) -> object:
    policy = best_bill(absolute=1.0)
    return policy.decide(predicted(10.0, 8.0), table).reason.tolist()


def by_savings(table: DecisionTable) -> object:
    saved = savings(table, predicted(10.0, 8.0))
    assert saved is not None
    return saved.tolist()


def by_harm(table: DecisionTable) -> object:
    policy = best_bill(absolute=0.0)
    return harmed(policy, table, predicted(10.0, 8.0)).tolist()


def by_weights(table: DecisionTable) -> object:
    """The first member finds the cheaper plan by its bills, the second one does not."""
    return greedy_weights([predicted(10.0, 3.0), predicted(10.0, 12.0)], table, n_picks=3)


@pytest.mark.parametrize("use", [by_policy, by_savings, by_harm, by_weights])
def test_horizon_0_costs_the_same_as_horizon_1(use: Callable[[DecisionTable], object]) -> None:
    """A table without label months has horizon 0."""
    none, one = (table_of(horizon, switching=[0, 100], future=[1000, 800]) for horizon in (0, 1))
    with np.errstate(all="raise"):
        assert use(none) == use(one)
