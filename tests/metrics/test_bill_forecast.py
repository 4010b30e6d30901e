"""Metrics of forecast bills."""

import numpy as np
import pandas as pd
import pytest

from planrec.metrics import evaluate
from tests.metrics.tables import out_of_fold, value, with_bills, with_chances


def table_of(n: int, future: np.ndarray, cheaper: np.ndarray, chances: np.ndarray) -> pd.DataFrame:
    """Everybody holds the first of the plans."""
    n_plans = future.shape[1]
    table = out_of_fold([0] * n, np.full((n, n_plans), 1 / n_plans))
    return with_chances(with_bills(table, future), cheaper, chances)


def test_calibrated_probabilities_have_no_ece_and_ignore_the_plan_held() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random((40_000, 2))
    came_true = rng.random(40_000) < chance[:, 1]
    future = np.column_stack([np.full(40_000, 20.0), np.where(came_true, 10.0, 30.0)])
    nothing = np.zeros((40_000, 2, 2))
    assert value("ece_cheaper", table_of(40_000, future, chance, nothing)) < 0.01
    wrong = np.column_stack([chance[:, 0], chance[:, 1] / 2])
    # E[p - p / 2] = 1/4.
    assert value("ece_cheaper", table_of(40_000, future, wrong, nothing)) == pytest.approx(1 / 4, abs=0.01)


def test_a_bill_that_costs_as_much_as_the_one_held_is_not_cheaper() -> None:
    future, certain = np.full((3, 2), 20.0), np.ones((3, 2))
    assert value("ece_cheaper", table_of(3, future, certain, np.zeros((3, 2, 2)))) == 1.0


def test_pit_80_counts_the_share_of_tied_bills_inside_the_range() -> None:
    # Certain of the fee; half of it at the fee; two bills between draws, one of them in the tail.
    chances = np.array([[[0.0, 1.0]], [[0.0, 0.5]], [[0.3, 0.3]], [[0.95, 0.95]]])
    table = table_of(4, np.ones((4, 1)), np.zeros((4, 1)), chances)
    assert value("pit_80", table) == pytest.approx([(0.8 + (0.5 - 0.1) / 0.5 + 1 + 0) / 4])


def test_a_perfect_forecast_covers_80_percent_with_and_without_ties() -> None:
    rng = np.random.default_rng(0)
    rank = rng.random(20_000)
    # The second plan costs its fee below the 40th percentile.
    pile = np.where(rank < 0.4, 0.0, rank), np.where(rank < 0.4, 0.4, rank)
    chances = np.stack([np.column_stack([rank, pile[0]]), np.column_stack([rank, pile[1]])], axis=2)
    table = table_of(20_000, np.ones((20_000, 2)), np.zeros((20_000, 2)), chances)
    assert value("pit_80", table) == pytest.approx([0.8, 0.8], abs=0.01)


def test_models_without_probabilities_of_bills_are_left_out() -> None:
    one = table_of(3, np.ones((3, 2)), np.ones((3, 2)), np.zeros((3, 2, 2)))
    rule = one.drop(columns=[c for c in one if c.startswith(("cheaper@", "below@", "upto@"))])
    both = pd.concat([one, rule.assign(model="rerate_6")], ignore_index=True)
    found = {v.model for v in evaluate(both, ["ece_cheaper", "pit_80"], 0, 5)}
    assert found == {"lgbm"}
