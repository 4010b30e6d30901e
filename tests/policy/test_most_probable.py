"""From probabilities to decisions: ties, menus, and the plan held."""

from pathlib import Path

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import yaml
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from planrec.contracts import Policy
from planrec.policy import PolicyConfig
from planrec.schema.columns import InputSchema
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable

CONF = Path(__file__).parents[2] / "conf" / "policy"
N_PLANS = 3


def option(name: str) -> Policy:
    policy: Policy = TypeAdapter(PolicyConfig).validate_python(
        yaml.safe_load((CONF / f"{name}.yaml").read_text())
    )
    return policy


def table_of(menu: np.ndarray, held: np.ndarray | None = None) -> DecisionTable:
    return DecisionTable(
        X={},
        subscriber=np.arange(len(menu)),
        plans=tuple(f"plan-{number}" for number in range(menu.shape[1])),
        menu=menu,
        inputs=InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False),
        held=held,
    )


def decide(
    probability: list[list[float]], menu: list[list[bool]] | None = None, held: int | None = None
) -> Decisions:
    shape = (len(probability), N_PLANS)
    allowed = np.ones(shape, dtype=bool) if menu is None else np.array(menu)
    plan_held = None if held is None else np.full(len(probability), held)
    return option("most_probable").decide(Prediction(np.array(probability)), table_of(allowed, plan_held))


@st.composite
def asked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities (with many ties), menus and plans held of up to ten subscribers."""
    n = draw(st.integers(1, 10))
    weight = draw(hnp.arrays(np.float64, (n, 3), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    menu = draw(hnp.arrays(np.bool_, (n, 3)))
    held = draw(hnp.arrays(np.int64, n, elements=st.integers(-1, 2)))
    return weight * menu, menu, held


@given(asked())
def test_the_ranking_is_the_menu_by_probability_then_the_rest(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    probability, menu, held = drawn
    decisions = option("most_probable").decide(Prediction(probability), table_of(menu, held))
    for row, ranking in enumerate(decisions.ranking):
        by_hand = sorted(range(3), key=lambda plan: (not menu[row, plan], -probability[row, plan], plan))
        assert list(ranking) == by_hand


@given(asked())
def test_a_row_does_not_depend_on_the_other_rows(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probability, menu, held = drawn
    policy = option("most_probable")
    together = policy.decide(Prediction(probability), table_of(menu, held))
    alone = policy.decide(Prediction(probability[[-1]]), table_of(menu[[-1]], held[[-1]]))
    for name in ("recommended", "decision", "reason", "ranking"):
        np.testing.assert_array_equal(getattr(together, name)[[-1]], getattr(alone, name))


@given(asked())
def test_the_recommended_plan_is_on_the_menu(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    probability, menu, held = drawn
    decisions = option("most_probable").decide(Prediction(probability), table_of(menu, held))
    for row, plan in enumerate(decisions.recommended):
        assert menu[row, plan] if menu[row].any() else plan == -1
        assert (decisions.decision[row] == "stay") == (plan == held[row] and menu[row].any())


def test_the_most_probable_plan_is_recommended() -> None:
    decisions = decide([[0.2, 0.5, 0.3]])
    assert list(decisions.recommended) == [1]
    assert list(decisions.decision) == ["recommend"]
    assert list(decisions.reason) == ["most_probable"]
    np.testing.assert_array_equal(decisions.ranking, [[1, 2, 0]])


def test_of_equally_probable_plans_the_first_in_plan_order_wins() -> None:
    np.testing.assert_array_equal(decide([[0.4, 0.2, 0.4], [0.2, 0.4, 0.4]]).recommended, [0, 1])


def test_many_equally_probable_plans_stay_in_plan_order() -> None:
    menu = np.ones((1, 200), dtype=bool)
    probability = np.where(np.arange(200) % 2, 0.01, 0.0)[np.newaxis]
    ranking = option("most_probable").decide(Prediction(probability), table_of(menu)).ranking
    np.testing.assert_array_equal(ranking, [[*range(1, 200, 2), *range(0, 200, 2)]])


def test_a_plan_on_the_menu_comes_before_any_plan_outside_it() -> None:
    decisions = decide([[0.0, 0.0, 1.0]], menu=[[False, True, True]])
    np.testing.assert_array_equal(decisions.ranking, [[2, 1, 0]])


@pytest.mark.parametrize(
    ("held", "decision", "reason"),
    [(1, "stay", "already_held"), (0, "recommend", "most_probable"), (-1, "recommend", "most_probable")],
)
def test_the_plan_held_is_answered_with_stay(held: int, decision: str, reason: str) -> None:
    decisions = decide([[0.2, 0.5, 0.3]], held=held)
    assert (decisions.decision[0], decisions.reason[0]) == (decision, reason)
    assert decisions.recommended[0] == 1


def test_an_empty_menu_is_answered_with_abstain_without_a_plan_held() -> None:
    decisions = decide([[0.0, 0.0, 0.0]], menu=[[False] * 3], held=-1)
    assert (decisions.recommended[0], decisions.decision[0], decisions.reason[0]) == (
        -1,
        "abstain",
        "empty_menu",
    )


def test_an_empty_table_gives_no_decisions() -> None:
    decisions = option("most_probable").decide(Prediction(np.empty((0, 3))), table_of(np.empty((0, 3), bool)))
    assert len(decisions.recommended) == 0
    assert decisions.ranking.shape == (0, 3)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="threshold"):
        TypeAdapter(PolicyConfig).validate_python({"kind": "most_probable", "threshold": 0.5})
