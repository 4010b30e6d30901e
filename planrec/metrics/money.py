"""Metrics of what following the advice costs, on the bills that came after it.

C is the cost of a plan per month (`Costs.monthly`), k the plan held, r the first recommendation (k for "stay"
and for abstaining), j* the cheapest plan of the menu. Amounts are in the currency's major unit.
"""

import numpy as np

from planrec.metrics.quantile import weighted_quantile
from planrec.metrics.scored import N_DECILES, Scored, given

TOLERATED = 0.50
"Currency per month: as near as this is as good."
TOLERATED_SHARE = 0.01
"Of the best plan's cost: as near as this is as good."

_FLOAT_ERROR = 1e-6
"Currency: a difference of exactly the limit must not pass it by the error of a subtraction."


def regret(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean of C_r - C_j*, currency per month, >= 0; 0 for whoever knows the future."""
    return scored.mean(weights, given(scored.costs).regret)


def regret_median(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Median of C_r - C_j*, currency per month; the lower one where two are in the middle."""
    return weighted_quantile(scored, weights, given(scored.costs).regret, percent=50)


def regret_p90(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """The regret that 90 % of decisions do not exceed, currency per month."""
    return weighted_quantile(scored, weights, given(scored.costs).regret, percent=90)


def regret_hidden(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean regret against the simulator's true expected bills, currency per month, >= 0.

    Realised bills carry luck that no adviser can know; j* is the plan with the lowest expected cost here.
    """
    return scored.mean(weights, given(scored.hidden_costs).regret)


def regret_by_decile(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean regret in each decile of usage. Shape (10, B); NaN for a decile without decisions."""
    return scored.means(weights, given(scored.costs).regret, given(scored.decile), N_DECILES)


def regret_by_held(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Mean regret of the holders of each plan. Shape (J, B); NaN for a plan that nobody holds."""
    costs = given(scored.costs)
    return scored.means(weights, costs.regret, costs.held, len(scored.plans))


def savings_captured(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """sum(C_k - C_r) / sum(C_k - C_j*), at most 1, negative for advice worse than none.

    NaN where everybody holds the best plan: there is nothing to save.
    """
    costs = given(scored.costs)
    saved = scored.sums(weights, costs.of_held - costs.of_advised)[0]
    possible = scored.sums(weights, costs.of_held - costs.least)[0]
    return np.divide(saved, possible, out=np.full_like(saved, np.nan), where=possible > 0)


def harm_rate(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of all decisions that advise a switch with C_r > C_k + 0.50, in [0, 1]."""
    return scored.mean(weights, harmed(scored))


def harm_rate_switched(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of the advised switches with C_r > C_k + 0.50, in [0, 1]; NaN without any."""
    only_switches = np.where(given(scored.costs).switches, 0, -1)
    return scored.means(weights, harmed(scored), only_switches, 1)[0]


def switch_rate(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions that advise another plan than the one held, in [0, 1]."""
    return scored.mean(weights, given(scored.costs).switches)


def eps_hit(scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Share of decisions with C_r <= C_j* + max(0.50, 1 % of C_j*), in [0, 1]."""
    costs = given(scored.costs)
    tolerated = np.maximum(TOLERATED, TOLERATED_SHARE * costs.least)
    return scored.mean(weights, costs.regret <= tolerated + _FLOAT_ERROR)


def harmed(scored: Scored) -> np.ndarray:
    """Shape (n,), bool; advice to stay never harms."""
    costs = given(scored.costs)
    return costs_more(costs.of_advised, costs.of_held)


def costs_more(advised: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Whether the plan advised costs more than is tolerated, shape (n,), bool; currency per month."""
    more: np.ndarray = advised - held > TOLERATED + _FLOAT_ERROR
    return more
