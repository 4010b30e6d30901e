"""What may be recommended to whom, and what it costs to move there."""

from functools import lru_cache

import numpy as np

from planrec.catalogue import Catalogue
from planrec.schema import Columns


def menu_of(catalogue: Catalogue, as_of: np.ndarray, attributes: Columns, held: np.ndarray) -> np.ndarray:
    """Plans sellable and eligible at each instant, and the plan held: shape (n, J), bool.

    `held`, shape (n,), int64: index of the plan held, -1 unknown.
    """
    menu = catalogue.offered(as_of, attributes)
    known = np.flatnonzero(held >= 0)
    menu[known, held[known]] = True
    return menu


def switching_costs(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Activation fee of each plan and termination fee of the plan held: (n, J), int64, minor units.

    0 on the plan held. Where a plan has a commitment, the subscriber is taken to be still bound by it, since
    nothing in a usage history says when the contract began.
    """
    activation, termination = _fees(catalogue)
    is_held = np.arange(len(activation)) == held[:, None]
    return np.where(is_held, 0, activation + termination[held][:, None])


@lru_cache(maxsize=64)
def _fees(catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """What taking and what leaving each plan costs, (J,) and (J + 1,), int64, minor units."""
    minor = 10**catalogue.exponent
    activation = [int(plan.fee.activation * minor) for plan in catalogue.plans]
    leaving = [
        int(plan.contract.early_termination_fee * minor) if plan.contract.commitment_months else 0
        for plan in catalogue.plans
    ]
    # The last entry answers index -1: an unknown plan costs nothing to leave.
    return np.array(activation, np.int64), np.array([*leaving, 0], np.int64)
