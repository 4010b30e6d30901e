"""Contract of policies: advice is on the menu, and no row depends on another row."""

from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np

from planrec.contracts import Policy
from planrec.schema.columns import InputSchema, Usage, lag
from planrec.schema.predictions import Decisions, Prediction
from planrec.schema.tables import DecisionTable

N_ROWS, N_PLANS, WINDOW = 40, 4, 6


def check_policy(policy: Policy) -> None:
    """Run every check of `POLICY_CHECKS` on random predictions with bills.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    prediction, table = predicted_decisions()
    for name, check in POLICY_CHECKS.items():
        try:
            check(policy, prediction, table)
        except AssertionError as error:
            error.add_note(f"in the check {name} of policy={policy.kind}")
            raise


def predicted_decisions() -> tuple[Prediction, DecisionTable]:
    """Return random predictions and the decisions they belong to: menus with gaps, unknown plans held."""
    rng = np.random.default_rng(0)
    held = rng.integers(-1, N_PLANS, N_ROWS)
    menu = rng.random((N_ROWS, N_PLANS)) < 0.7
    menu[held >= 0, held[held >= 0]] = True
    menu[:, 0] = True
    weight = rng.random((N_ROWS, N_PLANS)) * menu
    bills = rng.gamma(4.0, 5.0, (N_ROWS, N_PLANS))
    months = rng.gamma(2.0, 100.0, (len(Usage.MEASURED), WINDOW, N_ROWS))
    X = {
        lag(service, month + 1): months[place, month]
        for place, service in enumerate(Usage.MEASURED)
        for month in range(WINDOW)
    }
    table = DecisionTable(
        X=X,
        subscriber=np.arange(N_ROWS),
        plans=tuple(f"plan{number}" for number in range(N_PLANS)),
        menu=menu,
        inputs=InputSchema(takes="months", columns=(), usage=Usage.MEASURED, window=WINDOW, asks_held=True),
        horizon=3,
        held=held,
        last_recommended=np.full(N_ROWS, -1),
        switching_cost=np.where(np.arange(N_PLANS) == held[:, np.newaxis], 0, 500),
        minor_units=100,
    )
    return Prediction(weight / weight.sum(axis=1, keepdims=True), bill_mean=bills, ranks_by_bill=True), table


def advice_is_on_the_menu(policy: Policy, prediction: Prediction, table: DecisionTable) -> None:
    """Check plans, decisions and rankings: abstain is -1, stay is the plan held, the menu comes first."""
    found = policy.decide(prediction, table)
    rows = np.arange(len(table))
    advised = found.recommended >= 0
    assert table.menu[rows[advised], found.recommended[advised]].all()
    assert set(found.decision) <= {"recommend", "stay", "abstain"}
    assert ((found.decision == "abstain") == ~advised).all()
    assert table.held is not None
    assert (found.recommended == table.held)[found.decision == "stay"].all()
    np.testing.assert_array_equal(
        np.sort(found.ranking, axis=1), np.tile(np.arange(N_PLANS), (len(table), 1))
    )
    on_menu = np.take_along_axis(table.menu, found.ranking, axis=1)
    assert (np.diff(on_menu.astype(int), axis=1) <= 0).all(), "plans off the menu must be ranked last"


def a_row_does_not_depend_on_the_other_rows(
    policy: Policy, prediction: Prediction, table: DecisionTable
) -> None:
    """Check that each row alone gets the decision that it gets in the batch."""
    batch = policy.decide(prediction, table)
    for row in range(len(table)):
        rows = np.array([row])
        alone = policy.decide(_rows_of(prediction, rows), table.take(rows))
        for field in fields(Decisions):
            np.testing.assert_array_equal(getattr(alone, field.name), getattr(batch, field.name)[rows])


def an_empty_table_gives_no_decisions(policy: Policy, prediction: Prediction, table: DecisionTable) -> None:
    """Check zero rows."""
    nothing = np.array([], dtype=np.int64)
    assert len(policy.decide(_rows_of(prediction, nothing), table.take(nothing)).recommended) == 0


POLICY_CHECKS: Mapping[str, Callable[[Policy, Prediction, DecisionTable], None]] = {
    check.__name__: check
    for check in (
        advice_is_on_the_menu,
        a_row_does_not_depend_on_the_other_rows,
        an_empty_table_gives_no_decisions,
    )
}
"Checks by name; each takes a policy, predictions and decisions, and raises AssertionError."


def _rows_of(prediction: Prediction, rows: np.ndarray) -> Prediction:
    assert prediction.bill_mean is not None
    return Prediction(prediction.probability[rows], bill_mean=prediction.bill_mean[rows], ranks_by_bill=True)
