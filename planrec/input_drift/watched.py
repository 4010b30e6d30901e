"""The columns of decisions that are compared with a profile."""

from collections.abc import Sequence

import numpy as np

from planrec.schema.columns import Columns, lag
from planrec.schema.decision_rows import known_months, lags_in
from planrec.schema.tables import DecisionTable

MONTHS_KNOWN = "months_known"
"Number of months of usage that a decision knows."
PLAN_HELD = "plan_held"
PLAN_ADVISED = "plan_advised"
"Id of the plan advised, `stay` or `abstain`."
ABSTAINS = "abstains"
"1 for a decision without advice."
ADVICE = (PLAN_ADVISED, ABSTAINS)
"Columns of the advice, which data without answers lacks."
ABSTAIN = "abstain"


def watched_columns(table: DecisionTable, advised: np.ndarray | None = None) -> Columns:
    """Return the columns of decisions that a profile describes.

    Of the usage it keeps the last month, in which a change shows first, and the number of known months.

    Args:
        table: the decisions.
        advised: id of the plan advised, `stay` or `abstain`, shape (m,), object; see `advised_of`. None if
            the advice is not compared.
    """
    services, lags = lags_in(tuple(table.X))
    latest = {lag(name, 1) for name in services}
    columns: Columns = {name: array for name, array in table.X.items() if name not in lags or name in latest}
    if services:
        columns[MONTHS_KNOWN] = known_months(table.X).astype(np.float64)
    if table.held is not None:
        columns[PLAN_HELD] = np.array([*table.plans, None], object)[table.held]
    if advised is not None:
        columns[PLAN_ADVISED] = advised
        columns[ABSTAINS] = (advised == ABSTAIN).astype(np.float64)
    return columns


def advised_of(decision: Sequence[str] | np.ndarray, plan: Sequence[str | None] | np.ndarray) -> np.ndarray:
    """Name the action of each decision as the decision log does.

    Args:
        decision: `recommend`, `stay` or `abstain`, shape (n,).
        plan: id of the plan recommended, shape (n,).

    >>> advised_of(["recommend", "stay", "abstain"], ["smart", "ultra", None]).tolist()
    ['smart', 'stay', 'abstain']
    """
    is_new = np.asarray(decision, object) == "recommend"
    return np.where(is_new, np.asarray(plan, object), np.asarray(decision, object))
