"""The truth behind simulated histories: expected bills, and probable answers to an offer.

It is for evaluation. It is not in the columns of a usage history, so features cannot read it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from planrec.catalogue import Catalogue, rate
from planrec.data.simulated_history import (
    FIRST_MONTH,
    People,
    SimulatedPopulation,
    drift_of,
    flatness,
    levels_of,
)
from planrec.data.simulated_usage import evenly_spread_loads
from planrec.schema.columns import Columns, Usage
from planrec.schema.tables import UsageHistory

N_POINTS = 256
"Loads in the mean of an expected bill. Its error is about 0.2 dollars on the ladder, equal on all plans."

# Logit of taking an offer, by docs/reference/simulator.md.
_ACCEPT, _PER_SAVING, _PER_TERMINATION_FEE, _DOWNGRADE = -3.2, 0.06, -0.08, -0.5
# Logit of leaving in a month. The two last are for an unexpectedly high bill and after a refused offer.
_CHURN, _PER_SURPRISE, _REFUSED = 0.013, 0.01, 0.5
MONTHS_AFTER_REFUSAL = 3
"Months in which `churn_if_refused` holds; then `churn` again."


@dataclass(frozen=True)
class HiddenTruth:
    """The truth behind a simulated history: n subscribers, T months, J plans, in the history's order."""

    bills: np.ndarray
    "Shape (n, T, J): true expected bill of the month, in the catalogue's currency."
    best_plan: np.ndarray
    "Shape (n, T), int64: the plan with the lowest true expected bill of the month."
    acceptance: np.ndarray
    "Shape (n, J): probability that the subscriber takes the plan when offered; NaN for the plan held."
    churn: np.ndarray
    "Shape (n, T): probability of leaving in the month without an offer. In the history all subscribers stay."
    churn_if_refused: np.ndarray
    "Shape (n, T): the same in the MONTHS_AFTER_REFUSAL months after an offer that was not taken."


def hidden_truth(
    history: UsageHistory, people: People, catalogue: Catalogue, drift: np.ndarray | None
) -> HiddenTruth:
    """Compute the truth behind a history that `simulate` returned; `drift` as `drift_of` returns it."""
    n = len(people.plan_held)
    months = (history.month.reshape(n, -1)[0] - FIRST_MONTH).astype(np.int64)
    bills = true_bills(people.level, months, catalogue, drift)
    churn = logit(_CHURN) + _PER_SURPRISE * _surprise(history, people, bills, catalogue)
    return HiddenTruth(
        bills,
        best_plans(bills, people.plan_held, catalogue),
        _acceptance(people, catalogue),
        expit(churn),
        expit(churn + _REFUSED),
    )


def hidden_bills(
    population: SimulatedPopulation,
    catalogue: Catalogue,
    subscriber: np.ndarray,
    as_of: np.ndarray,
    horizon: int,
) -> np.ndarray:
    """Compute `DecisionTable.hidden_bills`: the true expected sum of the bills after each decision.

    Args:
        population: the simulated subscribers.
        catalogue: the plans to rate on.
        subscriber: ids of the simulator, shape (n,).
        as_of: days of the decisions, shape (n,).
        horizon: number of months that are rated, from `as_of` on.

    Returns:
        Shape (n, J), float64, minor units of the currency, to compare with `future_bills`.
    """
    ids, row = np.unique(subscriber, return_inverse=True)
    first = (as_of.astype("datetime64[M]") - FIRST_MONTH).astype(np.int64)
    months = np.arange(first.min(), first.max() + horizon)
    drift = drift_of(population)
    of_months = None if drift is None else drift[ids - 1][:, months]
    bills = true_bills(levels_of(population)[ids - 1], months, catalogue, of_months)
    total = sum(bills[row, first - months[0] + ahead] for ahead in range(horizon))
    return np.asarray(total * 10**catalogue.exponent)


def true_bills(
    level: np.ndarray, months: np.ndarray, catalogue: Catalogue, drift: np.ndarray | None = None
) -> np.ndarray:
    """Compute the expected bills of months (0 = January 2018) of subscribers with these levels, (n, T, J).

    `drift`, shape (n, T, 3), has factors of the levels in these months. The bills are in the catalogue's
    currency. Billed minutes are rounded as a sum, not call by call: over a month the two differ by a minute
    or two, without bias.
    """
    total = np.zeros((len(level), len(months), len(catalogue.plans)))
    for position, month in enumerate(months):
        now = level if drift is None else level * drift[:, position]
        for load in evenly_spread_loads(now, int(month), N_POINTS):
            total[:, position] += rate(_as_usage(load), catalogue)
    return total / (N_POINTS * 10**catalogue.exponent)


def best_plans(bills: np.ndarray, held: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Find the cheapest plan of each month, (n, T). Ties: the plan held, the lower fee, the id."""
    in_order = sorted(catalogue.plan_ids, key=lambda plan: (catalogue.plan(plan).fee.recurring, plan))
    order = np.array([catalogue.plan_ids.index(plan) for plan in in_order])
    cheapest = order[bills[..., order].argmin(axis=-1)]
    held_bill = np.take_along_axis(bills, held[:, None, None].astype(np.int64), axis=-1)[..., 0]
    return np.where(held_bill <= bills.min(axis=-1), held[:, None], cheapest)


def _surprise(history: UsageHistory, people: People, bills: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Compute the excess of the bill on the plan held over the expected one, (n, T), at least 0."""
    rows = np.arange(len(history))
    came = rate(history.usage, catalogue)[rows, history.plan_held] / 10**catalogue.exponent
    expected = np.take_along_axis(bills, people.plan_held[:, None, None].astype(np.int64), axis=-1)[..., 0]
    return np.maximum(came.reshape(expected.shape) - expected, 0.0)


def acceptance_chance(
    saving: np.ndarray, termination_fee: np.ndarray | float, lost_allowance: np.ndarray
) -> np.ndarray:
    """Compute the probability of taking an offered plan, in the shape of the arguments.

    Args:
        saving: monthly saving that the subscriber expects, in dollars.
        termination_fee: fee for leaving the plan held.
        lost_allowance: preference for large allowances if the plan offered is smaller, else 0.

    Examples:
        >>> acceptance_chance(np.array([0.0, 20.0]), 0.0, np.zeros(2)).round(3).tolist()
        [0.039, 0.119]
    """
    return np.asarray(
        expit(
            _ACCEPT
            + _PER_SAVING * saving
            + _PER_TERMINATION_FEE * termination_fee
            + _DOWNGRADE * lost_allowance
        )
    )


def _acceptance(people: People, catalogue: Catalogue) -> np.ndarray:
    rows, flat = np.arange(len(people.plan_held)), flatness(catalogue)
    saving = people.believed_bills[rows, people.plan_held][:, None] - people.believed_bills
    is_downgrade = flat < flat[people.plan_held][:, None]
    fees = np.array([float(plan.contract.early_termination_fee) for plan in catalogue.plans])
    accept = acceptance_chance(
        saving, fees[people.plan_held][:, None], is_downgrade * people.flat_preference[:, None]
    )
    accept[rows, people.plan_held] = np.nan
    return np.asarray(accept)


def _as_usage(load: np.ndarray) -> Columns:
    """Convert a month's load (n, 3) to usage columns; calls do not matter, as the minutes are billed ones."""
    minutes = np.rint(load[:, 0])
    return {
        Usage.VOICE_CALLS: np.zeros(len(load)),
        Usage.VOICE_MINUTES: minutes,
        Usage.VOICE_MINUTES_BILLED: minutes,
        Usage.SMS: load[:, 1],
        Usage.DATA_MIB: load[:, 2],
    }
