"""The bills that the operator sent, compared with those that PlanRec rates: errors in the plans show here."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from planrec.monitoring.outcomes.outcome_table import StoredOutcome

TOLERATED = 0.005
"Major unit: bills that differ by less are equal."


class BillCheck(NamedTuple):
    """Bills of the judged months that name their plan and their bill."""

    n_months: int
    n_different: int
    mean_difference: float
    "Bill sent less bill rated, the currency's major unit, over all of these months; NaN if there are none."


def bill_differences(
    months: Sequence[StoredOutcome], bills: np.ndarray, plans: Sequence[str], minor_units: int
) -> dict[tuple[str, str], float]:
    """Return the bill sent less the bill rated, by recommendation and month.

    Args:
        months: the months.
        bills: rated bills, shape (n, J), minor units.
        plans: the J plans.
        minor_units: minor units in one of the currency.
    """
    index = {plan: at for at, plan in enumerate(plans)}
    return {
        (month.recommendation_id, month.month): float(content.bill)
        - float(bills[row, index[content.plan_held]]) / minor_units
        for row, month in enumerate(months)
        if (content := month.content).bill is not None and content.plan_held in index
    }


def bill_check(differences: Iterable[float]) -> BillCheck:
    """Summarise differences.

    >>> bill_check([0.0, 1.0])
    BillCheck(n_months=2, n_different=1, mean_difference=0.5)
    """
    found = np.array(list(differences), np.float64)
    mean = float(found.mean()) if len(found) else float("nan")
    return BillCheck(len(found), int((np.abs(found) > TOLERATED).sum()), mean)
