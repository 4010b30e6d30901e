"""What may be recommended to whom, and what it costs to move there."""

from functools import lru_cache
from typing import Literal

import numpy as np

from planrec.catalogue import Catalogue, Plan
from planrec.schema import Columns

NOT_OFFERED = {
    "excluded": "The request left it out.",
    "not_sellable": "It can be held, and is not sold any more.",
    "not_valid": "It is not valid on the day of the decision.",
    "not_eligible": "The subscriber does not meet its conditions.",
}
"""Why a plan is not on the menu: code -> meaning."""


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
    span, day = plan.valid_for, as_of.astype("datetime64[D]").item()
    is_valid = span.start <= day and (span.end is None or day < span.end)
    return "not_eligible" if is_valid else "not_valid"


def switching_costs(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Activation fee of each plan and termination fee of the plan held: (n, J), int64, minor units.

    0 on the plan held. Where a plan has a commitment, the subscriber is taken to be still bound by it, since
    nothing in a usage history says when the contract began.
    """
    activation, termination = _fees(catalogue)
    is_held = np.arange(len(activation)) == held[:, None]
    return np.where(is_held, 0, activation + termination[held][:, None])


def tie_ranks(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Rank plans for ties of equally cheap ones: the plan held, then the lower fee, then the plan id.

    Returns:
        Shape (n, J), int64: 0 for the plan held, 1 ... J for the others; `held` is -1 if unknown.
    """
    return np.where(np.arange(len(catalogue.plans)) == held[:, None], 0, _fee_ranks(catalogue))


@lru_cache(maxsize=64)
def _fee_ranks(catalogue: Catalogue) -> np.ndarray:
    """Return the place of each plan by fee and id, shape (J,), int64: 1 for the first."""
    fees = [(plan.fee.recurring, plan.id) for plan in catalogue.plans]
    return np.array([sorted(fees).index(fee) + 1 for fee in fees], np.int64)


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
