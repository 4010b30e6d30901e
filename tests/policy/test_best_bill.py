"""Hysteresis, stay and abstain: small examples by hand, and what must hold for any prediction."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import yaml
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from planrec.errors import DataError
from planrec.policy import BestBillPolicy, PolicyConfig
from planrec.schema.columns import InputSchema, Usage, lag
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable
from planrec.sentences.decision_sentences import SENTENCES

FILE = Path(__file__).parents[2] / "conf" / "policy" / "best_bill.yaml"
N_PLANS = 3
MONTHS = 4


def policy(**changed: float) -> BestBillPolicy:
    option = TypeAdapter(PolicyConfig).validate_python(yaml.safe_load(FILE.read_text()) | changed)
    assert isinstance(option, BestBillPolicy)
    return option


FOLLOW = policy(absolute=0, relative=0, min_months=1)
"No hysteresis: the ranking is the advice."


def table_of(
    menu: np.ndarray,
    held: np.ndarray,
    last: np.ndarray | None = None,
    switching: np.ndarray | None = None,
    known: np.ndarray | None = None,
) -> DecisionTable:
    """Three label months in cents; `known` months of usage, all four where None."""
    n = len(menu)
    known = np.full(n, MONTHS) if known is None else known
    return DecisionTable(
        X={
            lag(name, ago): np.where(ago <= known, 1.0, np.nan)
            for name in Usage.MEASURED
            for ago in range(1, MONTHS + 1)
        },
        subscriber=np.arange(n),
        plans=tuple(f"plan-{number}" for number in range(menu.shape[1])),
        menu=menu,
        inputs=InputSchema(takes="months", columns=(), usage=Usage.MEASURED, window=MONTHS, asks_held=True),
        held=held,
        last_recommended=last,
        switching_cost=switching,
        horizon=3,
        minor_units=100,
    )


def bills(*bill_mean: float, probability: list[float] | None = None) -> Prediction:
    """One subscriber; ranked by bill, unless probabilities are given."""
    equal = [1 / len(bill_mean)] * len(bill_mean)
    return Prediction(
        probability=np.array([probability or equal]),
        bill_mean=np.array([bill_mean]),
        ranks_by_bill=probability is None,
    )


def decide(
    prediction: Prediction,
    held: int,
    *,
    last: int = -1,
    switching: list[int] | None = None,
    menu: list[bool] | None = None,
    known: int = MONTHS,
    option: BestBillPolicy | None = None,
) -> tuple[int, str, str, list[int]]:
    """Of one subscriber: recommended, decision, reason, ranking. Thresholds as shipped: 5 dollars, 10 %."""
    assert prediction.bill_mean is not None
    n_plans = prediction.bill_mean.shape[1]
    table = table_of(
        np.array([menu or [True] * n_plans]),
        np.array([held]),
        np.array([last]),
        None if switching is None else np.array([switching]),
        np.array([known]),
    )
    decisions = (option or policy()).decide(prediction, table)
    return (
        int(decisions.recommended[0]),
        decisions.decision[0],
        decisions.reason[0],
        decisions.ranking[0].tolist(),
    )


def test_the_cheapest_plan_is_recommended_if_it_saves_enough() -> None:
    assert decide(bills(44.5, 31.2, 40.0), held=0) == (1, "recommend", "saves", [1, 2, 0])


def test_a_saving_below_the_absolute_threshold_is_not_worth_a_change() -> None:
    assert decide(bills(40.0, 35.01, 50.0), held=0) == (0, "stay", "saving_too_small", [0, 1, 2])


def test_a_saving_of_exactly_the_threshold_is_worth_a_change() -> None:
    # 31.2 - 26.2 is 4.999999999999996 in floats.
    assert decide(bills(31.2, 26.2, 50.0), held=0)[:3] == (1, "recommend", "saves")


@pytest.mark.parametrize(("cheaper", "advice"), [(0.69, 0), (0.7, 1), (1.0, 1)])
def test_a_move_must_save_the_risk_price_times_its_risk(cheaper: float, advice: int) -> None:
    """A saving of 6 pays for a risk of 0.3 at a price of 20."""
    forecast = replace(bills(40.0, 34.0, 50.0), prob_cheaper=np.array([[0.0, cheaper, 0.1]]))
    risky = policy(absolute=0, relative=0, risk_price=20.0)
    assert decide(forecast, held=0, option=risky)[0] == advice


def test_without_probabilities_of_bills_every_move_counts_as_risky() -> None:
    for price, advice in ((6.0, 1), (6.01, 0)):
        option = policy(absolute=0, relative=0, risk_price=price)
        assert decide(bills(40.0, 34.0, 50.0), held=0, option=option)[0] == advice


def test_a_forecast_that_is_sure_still_has_a_price() -> None:
    forecast = replace(bills(40.0, 34.0, 50.0), prob_cheaper=np.array([[0.0, 1.0, 0.1]]))
    for price, advice in ((600.0, 1), (601.0, 0)):
        option = policy(absolute=0, relative=0, risk_price=price)
        assert decide(forecast, held=0, option=option)[0] == advice


@pytest.mark.parametrize(("bill", "advice"), [(91.0, 0), (90.0, 1)])
def test_a_saving_below_the_share_of_the_bill_is_not_worth_a_change(bill: float, advice: int) -> None:
    assert decide(bills(100.0, bill, 200.0), held=0)[0] == advice


def test_the_plan_held_is_answered_with_stay() -> None:
    assert decide(bills(30.0, 31.0, 29.0, probability=[0.5, 0.2, 0.3]), held=0) == (
        0,
        "stay",
        "already_held",
        [0, 2, 1],
    )


@pytest.mark.parametrize(
    ("probability", "cheapest", "reason"),
    [
        ([0.5, 0.3, 0.2], 20.0, "already_held"),
        ([0.5, 0.3, 0.2], 30.0, "nothing_better"),
        ([0.3, 0.5, 0.2], 20.0, "best_fit_saves_nothing"),
        ([0.3, 0.5, 0.2], 30.0, "nothing_better"),
    ],
)
def test_nothing_is_better_only_if_no_plan_on_the_menu_costs_less(probability, cheapest, reason) -> None:
    prediction = bills(30.0, 31.0, cheapest, probability=probability)
    assert decide(prediction, held=0)[:3] == (0, "stay", reason)
    without = decide(prediction, held=0, menu=[True, True, False])
    assert without[:3] == (0, "stay", "nothing_better")


def test_the_switching_cost_is_spread_over_the_horizon() -> None:
    """Plan 1 saves 6 dollars a month; 3.01 dollars once take away a third of that each month."""
    assert decide(bills(40.0, 34.0, 50.0), held=0, switching=[0, 300, 0])[0] == 1
    assert decide(bills(40.0, 34.0, 50.0), held=0, switching=[0, 301, 0])[0] == 0
    # The ranking is by cost: plan 2 has the higher bill and the lower cost.
    assert decide(bills(40.0, 30.0, 31.0), held=0, switching=[0, 1000, 0])[3] == [2, 1, 0]


def test_with_a_last_advice_the_best_plan_is_compared_with_that() -> None:
    """Plan 2 saves 12 against the plan held and 3 against the last advice, which stays the advice."""
    assert decide(bills(42.0, 33.0, 30.0), held=0, last=1) == (1, "recommend", "keeps_last_advice", [1, 2, 0])
    assert decide(bills(42.0, 33.0, 30.0), held=0)[0] == 2
    assert decide(bills(42.0, 38.0, 30.0), held=0, last=1)[:3] == (2, "recommend", "saves")


def test_a_last_advice_that_is_no_longer_on_the_menu_is_forgotten() -> None:
    menu = [True, False, True]
    assert decide(bills(33.0, 1.0, 30.0), held=0, last=1, menu=menu)[:3] == (0, "stay", "saving_too_small")


def test_the_last_advice_may_be_to_come_back() -> None:
    assert decide(bills(30.0, 38.0, 50.0), held=0, last=1)[:3] == (0, "stay", "nothing_better")
    assert decide(bills(33.0, 30.0, 50.0), held=0, last=1)[:3] == (1, "recommend", "saves")


def test_a_probable_plan_must_save_as_well() -> None:
    probable = [0.2, 0.5, 0.3]
    assert decide(bills(40.0, 39.0, 20.0, probability=probable), held=0) == (
        0,
        "stay",
        "saving_too_small",
        [0, 1, 2],
    )
    assert decide(bills(40.0, 30.0, 20.0, probability=probable), held=0) == (
        1,
        "recommend",
        "saves",
        [1, 2, 0],
    )


def test_without_thresholds_the_most_probable_plan_need_not_save() -> None:
    prediction = bills(40.0, 41.0, 20.0, probability=[0.2, 0.5, 0.3])
    assert decide(prediction, held=0, option=FOLLOW) == (1, "recommend", "most_probable", [1, 2, 0])


def test_the_best_plan_is_recommended_if_the_plan_held_is_unknown() -> None:
    assert decide(bills(40.0, 39.9, 50.0), held=-1) == (1, "recommend", "held_unknown", [1, 0, 2])


def test_a_short_history_is_answered_with_abstain() -> None:
    assert decide(bills(44.5, 31.2, 40.0), held=0, known=2)[:3] == (-1, "abstain", "history_too_short")
    assert decide(bills(44.5, 31.2, 40.0), held=0, known=3)[:3] == (1, "recommend", "saves")
    unknown = float("nan")
    assert decide(bills(*[unknown] * 3), held=0, known=0, option=FOLLOW)[:2] == (-1, "abstain")


def test_an_empty_menu_is_answered_with_abstain() -> None:
    answer = decide(bills(44.5, 31.2, 40.0), held=-1, menu=[False] * 3)
    assert answer[:3] == (-1, "abstain", "empty_menu")


def test_of_equal_costs_the_plan_held_wins_then_plan_order() -> None:
    assert decide(bills(30.0, 30.0, 30.0), held=1, option=FOLLOW)[3] == [1, 0, 2]
    assert decide(bills(30.0, 30.0, 30.0), held=-1, option=FOLLOW)[3] == [0, 1, 2]


def test_a_prediction_without_bills_is_refused() -> None:
    table = table_of(np.ones((1, 3), bool), np.array([0]))
    with pytest.raises(DataError, match="needs bills, and the prediction has none"):
        policy().decide(Prediction(np.full((1, 3), 1 / 3)), table)


@pytest.mark.parametrize("wrong", [{"absolute": -1}, {"relative": -0.1}, {"min_months": 0}, {"margin": 5}])
def test_wrong_fields_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        policy(**wrong)


@dataclass(frozen=True)
class Asked:
    prediction: Prediction
    table: DecisionTable

    def alone(self, row: int) -> "Asked":
        one = np.array([row])
        arrays = {name: getattr(self.prediction, name)[one] for name in ("probability", "bill_mean")}
        return Asked(replace(self.prediction, **arrays), self.table.take(one))


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    """Few different amounts, so that ties and exact thresholds happen; menus with the plan held, or not."""
    n = draw(st.integers(1, 8))
    shape = (n, N_PLANS)
    bill = draw(hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 20, 24.5, 25, 30, 35, 50])))
    weight = draw(hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    menu = draw(hnp.arrays(np.bool_, shape))
    held, last = (draw(hnp.arrays(np.int64, n, elements=st.integers(-1, N_PLANS - 1))) for _ in range(2))
    switching = draw(hnp.arrays(np.int64, shape, elements=st.sampled_from([0, 150, 1500])))
    switching[np.arange(N_PLANS) == held[:, np.newaxis]] = 0
    known = draw(hnp.arrays(np.int64, n, elements=st.integers(0, MONTHS)))
    return Asked(
        Prediction(weight * menu, bill_mean=bill, ranks_by_bill=draw(st.booleans())),
        table_of(menu, held, last, switching, known),
    )


thresholds = st.fixed_dictionaries(
    {
        "absolute": st.sampled_from([0.0, 0.5, 5.0, 10.0]),
        "relative": st.sampled_from([0.0, 0.1, 0.3]),
        "min_months": st.integers(1, 4),
    }
)


def cost_of(case: Asked) -> Any:
    bill_mean, switching = case.prediction.bill_mean, case.table.switching_cost
    assert bill_mean is not None
    assert switching is not None
    return bill_mean + switching / 100 / 3


def reference_of(case: Asked) -> list[int]:
    """By hand, row by row: what the best plan is compared with."""
    table = case.table
    assert table.held is not None
    assert table.last_recommended is not None
    references = []
    rows = zip(table.menu, table.held, table.last_recommended, cost_of(case), strict=True)
    for menu, held, last, cost in rows:
        saves = last >= 0 and (held < 0 or cost[last] < cost[held] - 1e-6)
        on_menu = [plan for plan in ([last] if saves else []) + [held] if plan >= 0 and menu[plan]]
        references.append(on_menu[0] if on_menu else -1)
    return references


def ranked_by_hand(case: Asked) -> list[list[int]]:
    scores = cost_of(case) if case.prediction.ranks_by_bill else -case.prediction.probability
    table = case.table
    assert table.held is not None
    return [
        sorted(range(N_PLANS), key=lambda j: (not menu[j], score[j], j != held, j))
        for score, menu, held in zip(scores, table.menu, table.held, strict=True)
    ]


@given(asked(), thresholds)
def test_the_advice_is_on_the_menu_and_first_in_the_ranking(case: Asked, limits: dict[str, float]) -> None:
    decisions = policy(**limits).decide(case.prediction, case.table)
    assert case.table.held is not None
    for row, advice in enumerate(decisions.recommended):
        assert sorted(decisions.ranking[row]) == [0, 1, 2]
        assert decisions.reason[row] in SENTENCES[decisions.decision[row]]
        if decisions.decision[row] == "abstain":
            assert advice == -1
        else:
            assert case.table.menu[row, advice]
            assert advice == decisions.ranking[row, 0]
            assert (decisions.decision[row] == "stay") == (advice == case.table.held[row])


@given(asked())
def test_without_thresholds_the_ranking_is_followed(case: Asked) -> None:
    decisions = FOLLOW.decide(case.prediction, case.table)
    advised = decisions.decision != "abstain"
    np.testing.assert_array_equal(decisions.ranking[advised], np.array(ranked_by_hand(case))[advised])


@given(asked(), thresholds)
def test_an_advised_change_saves_at_least_the_threshold(case: Asked, limits: dict[str, float]) -> None:
    decisions, cost, bill = (
        policy(**limits).decide(case.prediction, case.table),
        cost_of(case),
        case.prediction,
    )
    assert bill.bill_mean is not None
    for row, reference in enumerate(reference_of(case)):
        if reference < 0 or decisions.decision[row] == "abstain":
            continue
        best, advice = ranked_by_hand(case)[row][0], decisions.recommended[row]
        least = max(limits["absolute"], limits["relative"] * bill.bill_mean[row, reference])
        is_enough = least == 0 or cost[row, reference] - cost[row, best] >= least - 1e-9
        assert advice == (best if is_enough else reference)


@given(asked(), thresholds)
def test_no_advised_change_is_expected_to_cost_more_than_staying(
    case: Asked, limits: dict[str, float]
) -> None:
    decisions = policy(**limits | {"absolute": 0.5}).decide(case.prediction, case.table)
    cost, held = cost_of(case), case.table.held
    assert held is not None
    for row in np.flatnonzero(decisions.decision == "recommend"):
        if held[row] >= 0 and case.table.menu[row, held[row]]:
            assert cost[row, decisions.recommended[row]] < cost[row, held[row]]


@given(asked(), thresholds, st.sampled_from([0.0, 1.0, 20.0]), st.sampled_from([0.0, 0.2]))
def test_larger_thresholds_never_advise_more_changes(
    case: Asked, limits: dict[str, float], more: float, share: float
) -> None:
    larger = limits | {"absolute": limits["absolute"] + more, "relative": limits["relative"] + share}
    reference = np.array(reference_of(case))
    changes = [
        policy(**each).decide(case.prediction, case.table).recommended != reference
        for each in (limits, larger)
    ]
    known = reference >= 0
    assert not (changes[1] & ~changes[0] & known).any()


@given(asked(), thresholds)
def test_an_advice_does_not_change_without_new_data(case: Asked, limits: dict[str, float]) -> None:
    option = policy(**limits)
    first = option.decide(case.prediction, case.table)
    again = option.decide(case.prediction, replace(case.table, last_recommended=first.recommended))
    np.testing.assert_array_equal(again.recommended, first.recommended)
    np.testing.assert_array_equal(again.decision, first.decision)
    advised = first.decision != "abstain"
    np.testing.assert_array_equal(again.ranking[advised], first.ranking[advised])


@given(asked(), thresholds)
def test_a_row_does_not_depend_on_the_other_rows(case: Asked, limits: dict[str, float]) -> None:
    together = policy(**limits).decide(case.prediction, case.table)
    for row in range(len(case.table)):
        alone = case.alone(row)
        assert_row(policy(**limits).decide(alone.prediction, alone.table), together, row)


def assert_row(alone: Decisions, together: Decisions, row: int) -> None:
    for name in ("recommended", "decision", "reason", "ranking"):
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[row])


def test_an_empty_table_gives_no_decisions() -> None:
    nobody = table_of(np.ones((0, 3), bool), np.empty(0, np.int64))
    decisions = policy().decide(Prediction(np.empty((0, 3)), bill_mean=np.empty((0, 3))), nobody)
    assert len(decisions.recommended) == 0
    assert decisions.ranking.shape == (0, 3)
