"""Reasons of decisions without a choice: who or what emptied the menu."""

from dataclasses import replace

import numpy as np
import pytest

from planrec.contracts import Policy
from planrec.policy import MostProbable
from planrec.schema.predictions import Prediction
from tests.policy.test_best_bill import policy, table_of

POLICIES: list[Policy] = [policy(min_months=1), MostProbable(kind="most_probable")]
PREDICTION = Prediction(np.full((1, 3), 1 / 3), np.array([[30.0, 20.0, 10.0]]), ranks_by_bill=True)


@pytest.mark.parametrize("decider", POLICIES, ids=lambda option: option.kind)
@pytest.mark.parametrize(
    ("menu", "excluded", "held", "expected"),
    [
        ([1, 0, 0], [0, 1, 1], 0, ("stay", "all_excluded")),
        ([1, 0, 0], [0, 1, 0], 0, ("stay", "all_excluded")),
        ([1, 0, 0], [0, 0, 0], 0, ("stay", "no_other_plan")),
        ([1, 0, 0], None, 0, ("stay", "no_other_plan")),
        ([0, 0, 0], [1, 1, 1], -1, ("abstain", "all_excluded")),
        ([0, 0, 0], [0, 0, 0], -1, ("abstain", "empty_menu")),
    ],
)
def test_the_reason_names_what_emptied_the_menu(
    decider: Policy, menu: list[int], excluded: list[int] | None, held: int, expected: tuple[str, str]
) -> None:
    table = table_of(np.array([menu], bool), np.array([held]), switching=np.zeros((1, 3), np.int64))
    table = replace(table, excluded=None if excluded is None else np.array([excluded], bool))
    decisions = decider.decide(PREDICTION, table)
    assert (decisions.decision[0], decisions.reason[0]) == expected


def test_a_single_plan_in_the_catalogue_is_no_other_plan() -> None:
    table = table_of(np.ones((1, 1), bool), np.array([0]), switching=np.zeros((1, 1), np.int64))
    decisions = policy(min_months=1).decide(Prediction(np.ones((1, 1)), np.array([[30.0]])), table)
    assert (decisions.decision[0], decisions.reason[0]) == ("stay", "no_other_plan")


def test_too_short_a_history_stays_the_reason() -> None:
    table = table_of(np.array([[True, False, False]]), np.array([0]), known=np.array([1]))
    decisions = policy(min_months=2).decide(PREDICTION, table)
    assert (decisions.decision[0], decisions.reason[0]) == ("abstain", "history_too_short")
