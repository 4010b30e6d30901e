"""Metrics of the cost of following the advice, by the bills of the months after it.

C is the cost of a plan per month (`Costs.monthly`), k the plan held, r the first recommendation (k for "stay"
and for abstaining), j* the cheapest plan on the menu. Amounts are in the currency's major unit.
"""

import numpy as np

from planrec.metrics.judged_rows import N_DECILES, JudgedRows, required
from planrec.metrics.quantile import weighted_quantile

TOLERATED = 0.50
"Currency per month: plans within this of the cheapest count as good."
TOLERATED_SHARE = 0.01
"Share of the cheapest plan's cost: plans within this count as good."

_FLOAT_ERROR = 1e-6
"Currency: keeps a difference of exactly the limit from exceeding it by the error of a subtraction."


def regret(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean of C_r - C_j*, currency per month, >= 0; perfect advice has 0."""
    return judged.mean(weights, required(judged.costs).regret)


def regret_median(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the median of C_r - C_j*, currency per month; the lower of two middle values."""
    return weighted_quantile(judged, weights, required(judged.costs).regret, percent=50)


def regret_p90(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the regret that 90 % of decisions do not exceed, currency per month."""
    return weighted_quantile(judged, weights, required(judged.costs).regret, percent=90)


def regret_hidden(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean regret by the simulator's true expected bills, currency per month, >= 0.

    Realised bills include chance that no advice can foresee; here j* is the plan with the lowest expected
    cost.
    """
    return judged.mean(weights, required(judged.hidden_costs).regret)


def regret_by_decile(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean regret in each decile of usage, shape (10, B); NaN for a decile without decisions."""
    return judged.means(weights, required(judged.costs).regret, required(judged.decile), N_DECILES)


def regret_by_held(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the mean regret of the holders of each plan, shape (J, B); NaN for a plan without holders."""
    costs = required(judged.costs)
    return judged.means(weights, costs.regret, costs.held, len(judged.plans))


def savings_captured(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute sum(C_k - C_r) / sum(C_k - C_j*), at most 1; negative for advice worse than none.

    NaN if every subscriber holds the cheapest plan: there is nothing to save.
    """
    costs = required(judged.costs)
    saved = judged.sums(weights, costs.of_held - costs.of_advised)[0]
    possible = judged.sums(weights, costs.of_held - costs.least)[0]
    return np.divide(saved, possible, out=np.full_like(saved, np.nan), where=possible > 0)


def harm_rate(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of all decisions that advise a switch with C_r > C_k + 0.50, in [0, 1]."""
    return judged.mean(weights, harmed(judged))


def harm_rate_switched(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of advised switches with C_r > C_k + 0.50, in [0, 1]; NaN without switches."""
    only_switches = np.where(required(judged.costs).switches, 0, -1)
    return judged.means(weights, harmed(judged), only_switches, 1)[0]


def switch_rate(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of decisions that advise to leave the plan held, in [0, 1]."""
    return judged.mean(weights, required(judged.costs).switches)


def eps_hit(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Compute the share of decisions with C_r <= C_j* + max(0.50, 1 % of C_j*), in [0, 1]."""
    costs = required(judged.costs)
    tolerated = np.maximum(TOLERATED, TOLERATED_SHARE * costs.least)
    return judged.mean(weights, costs.regret <= tolerated + _FLOAT_ERROR)


def harmed(judged: JudgedRows) -> np.ndarray:
    """Find the decisions that harm, shape (n,), bool; advice to stay never does."""
    costs = required(judged.costs)
    return costs_more(costs.of_advised, costs.of_held)


def costs_more(advised: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Find where the advised plan costs intolerably more than the plan held, shape (n,), bool.

    Args:
        advised: cost of the plan advised, shape (n,), currency per month.
        held: cost of the plan held, same shape and unit.

    Examples:
        >>> costs_more(np.array([20.5, 20.51]), np.array([20.0, 20.0]))
        array([False,  True])
    """
    more: np.ndarray = advised - held > TOLERATED + _FLOAT_ERROR
    return more
