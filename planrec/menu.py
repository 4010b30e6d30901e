"""What may be recommended to whom, and what it costs to move there."""

from typing import Literal

import numpy as np

from planrec.catalogue import Catalogue, Plan
from planrec.schema import Columns


def menu_of(catalogue: Catalogue, as_of: np.ndarray, attributes: Columns, held: np.ndarray) -> np.ndarray:
    """Plans sellable and eligible at each instant, and the plan held: shape (n, J), bool.

    `held`, shape (n,), int64: index of the plan held, -1 unknown.
    """
    menu = catalogue.offered(as_of, attributes)
    known = np.flatnonzero(held >= 0)
    menu[known, held[known]] = True
    return menu


def why_not_offered(plan: Plan, as_of: np.datetime64) -> Literal["not_sellable", "not_valid", "not_eligible"]:
    """What keeps a plan out of the menu of an instant, of someone who does not hold it."""
    if not plan.sellable:
        return "not_sellable"
    return "not_eligible" if plan.valid_on(np.array([as_of]))[0] else "not_valid"


def switching_costs(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Activation fee of each plan and termination fee of the plan held: (n, J), int64, minor units.

    0 on the plan held. Where a plan has a commitment, the subscriber is taken to be still bound by it, since
    nothing in a usage history says when the contract began.
    """
    minor = 10**catalogue.exponent
    activation = np.array([int(plan.fee.activation * minor) for plan in catalogue.plans], np.int64)
    leaving = [
        int(plan.contract.early_termination_fee * minor) if plan.contract.commitment_months else 0
        for plan in catalogue.plans
    ]
    # The last entry answers index -1: an unknown plan costs nothing to leave.
    termination = np.array([*leaving, 0], np.int64)[held]
    is_held = np.arange(len(catalogue.plans)) == held[:, None]
    return np.where(is_held, 0, activation + termination[:, None])
