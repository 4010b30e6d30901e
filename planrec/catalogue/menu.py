"""The menu of plans that may be recommended to a subscriber, and the cost of changing to them."""

from decimal import ROUND_HALF_UP
from functools import lru_cache
from typing import Literal

import numpy as np

from planrec.catalogue import Catalogue
from planrec.schema.columns import Columns

NOT_OFFERED = {
    "excluded": "Excluded by the request.",
    "not_sellable": "No longer sold; it can still be held.",
    "not_valid": "Not valid on the day of the decision.",
    "not_eligible": "The subscriber does not meet its eligibility conditions.",
    "commitment_too_long": "It binds for longer than `policy.longest_commitment_months`.",
}
"""Reasons for which a plan is not on the menu: code -> meaning."""

Refusal = Literal["not_sellable", "not_valid", "not_eligible", "commitment_too_long"]
"The keys of `NOT_OFFERED` that do not depend on the request."


def menu_of(catalogue: Catalogue, as_of: np.ndarray, attributes: Columns, held: np.ndarray) -> np.ndarray:
    """Return the plans that may be recommended, shape (n, J), bool: those on offer, and the plan held.

    Args:
        catalogue: the J plans.
        as_of: the decision instants, shape (n,), datetime64.
        attributes: columns of shape (n,) for eligibility conditions.
        held: index of the plan held, shape (n,), int64; -1 if unknown.

    Raises:
        CatalogueError: the attributes are not enough to evaluate an eligibility condition.
    """
    menu = catalogue.offered(as_of, attributes)
    known = np.flatnonzero(held >= 0)
    menu[known, held[known]] = True
    return menu


def why_not_offered(
    catalogue: Catalogue, plan: int, as_of: np.datetime64, longest_months: int | None = None
) -> Refusal:
    """Return why a plan is not on offer at an instant, as a key of `NOT_OFFERED`.

    Args:
        catalogue: the plans.
        plan: index of a plan that is not on the menu.
        as_of: the decision instant.
        longest_months: longest commitment that the policy permits; None for any.
    """
    if not catalogue.plans[plan].sellable:
        return "not_sellable"
    if not catalogue.valid_on(np.array([as_of]))[0, plan]:
        return "not_valid"
    binds = catalogue.plans[plan].contract.commitment_months
    return "commitment_too_long" if longest_months is not None and binds > longest_months else "not_eligible"


def switching_costs(catalogue: Catalogue, held: np.ndarray, exit_fee: np.ndarray) -> np.ndarray:
    """Compute the activation fee of each plan plus the exit fee of the plan held, shape (n, J), int64.

    Amounts are in minor units; the plan held costs 0.

    Args:
        catalogue: the J plans.
        held: index of the plan held, shape (n,), int64; -1 if unknown.
        exit_fee: the fee that is due for leaving it, shape (n,), int64: see `catalogue.commitments`.
    """
    activation, _ = _fees(catalogue)
    is_held = np.arange(len(activation)) == held[:, None]
    return np.where(is_held, 0, activation + exit_fee[:, None])


@lru_cache(maxsize=64)
def monthly_fees(catalogue: Catalogue) -> np.ndarray:
    """Return the recurring fee of each plan, shape (J,), int64, minor units rounded half up."""
    fees = [plan.fee.recurring.scaleb(catalogue.exponent) for plan in catalogue.plans]
    return np.array([int(fee.to_integral_value(ROUND_HALF_UP)) for fee in fees], np.int64)


def exit_fees(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Return the fee for leaving the plan held before its commitment is over, shape (n,), int64, minor units.

    It is 0 for a plan without a commitment, and if the plan held is unknown.
    """
    _, leaving = _fees(catalogue)
    return leaving[held]


def best_plan(cost: np.ndarray, menu: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Find the cheapest plan of each menu, shape (n,), int64.

    Args:
        cost: shape (n, J), int64; bills and switching cost of the same months, so that ties are exact.
        menu: shape (n, J), bool.
        rank: shape (n, J), int64; of equally cheap plans, the lowest rank wins: `tie_ranks`.

    Examples:
        >>> cost, menu = np.array([[70, 70, 20]]), np.array([[True, True, False]])
        >>> best_plan(cost, menu, rank=np.array([[2, 1, 3]])).tolist()
        [1]
    """
    in_menu = np.where(menu, cost, np.iinfo(np.int64).max)
    cheapest = in_menu == in_menu.min(axis=1, keepdims=True)
    return np.where(cheapest, rank, np.iinfo(np.int64).max).argmin(axis=1)


def tie_ranks(catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Rank plans for ties of equally cheap ones: the plan held, then the lower fee, then the plan id.

    Args:
        catalogue: the J plans.
        held: index of the plan held, shape (n,), int64; -1 if unknown.

    Returns:
        Shape (n, J), int64: 0 for the plan held, 1 ... J for the others.
    """
    return np.where(np.arange(len(catalogue.plans)) == held[:, None], 0, _fee_ranks(catalogue))


@lru_cache(maxsize=64)
def _fee_ranks(catalogue: Catalogue) -> np.ndarray:
    """Return the place of each plan by fee and id, shape (J,), int64: 1 for the first."""
    fees = [(plan.fee.recurring, plan.id) for plan in catalogue.plans]
    return np.array([sorted(fees).index(fee) + 1 for fee in fees], np.int64)


@lru_cache(maxsize=64)
def _fees(catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """Return the costs of taking and of leaving each plan, (J,) and (J + 1,), int64, minor units."""
    minor = 10**catalogue.exponent
    activation = [int(plan.fee.activation * minor) for plan in catalogue.plans]
    leaving = [
        int(plan.contract.early_termination_fee * minor) if plan.contract.commitment_months else 0
        for plan in catalogue.plans
    ]
    # Index -1 reads the last entry: an unknown plan costs nothing to leave.
    return np.array(activation, np.int64), np.array([*leaving, 0], np.int64)
