"""What drawn bills say: chances, means and ranges.

`total` is the sum of the bills of the months drawn: shape (J, n, D), int64, minor units; J plans, n
subscribers, D equally likely draws. `cost` is the same with the cost of changing plans. `held`, shape (n,),
int64, is the index of the plan held, -1 where it is not known.
"""

from functools import lru_cache

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import switching_costs


def costs_of(total: np.ndarray, catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """The `cost` of a `total`."""
    return total + switching_costs(catalogue, held).T[..., None]


def shares_best(cost: np.ndarray, catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Share of the draws in which a plan costs least, shape (n, J), ties as in the label.

    One more draw is shared among all plans: what no draw shows is not impossible.
    """
    n_plans, _, n_draws = cost.shape
    preference = np.where(np.arange(n_plans) == held[:, None], 0, _rank_by_fee(catalogue))
    # Costs are whole numbers: what is preferred decides where they are equal, and nowhere else.
    ordered = cost * (n_plans + 1) + preference.T[..., None]
    wins = (ordered == ordered.min(axis=0)).sum(axis=-1).T
    return (wins + 1 / n_plans) / (n_draws + 1)


@lru_cache(maxsize=64)
def _rank_by_fee(catalogue: Catalogue) -> np.ndarray:
    """Shape (J,), int64: 1 for the plan that is preferred among equal ones of which none is held, 2 ..."""
    fees = [(plan.fee.recurring, plan.id) for plan in catalogue.plans]
    return np.array([sorted(fees).index(fee) + 1 for fee in fees], np.int64)


def bill_fields(total: np.ndarray, cost: np.ndarray, held: np.ndarray, unit: int) -> dict[str, np.ndarray]:
    """The bill fields of `Prediction`, shape (n, J) each; those against the plan held NaN where unknown.

    `unit`: what makes a total the major unit a month.
    """
    n_draws = total.shape[2]
    bills = np.sort(total)
    of_held = cost[np.maximum(held, 0), np.arange(len(held))]
    saving = np.sort(of_held - cost)
    bill_ranges = bills[..., _places(n_draws, (10, 90))] / unit
    # Against the plan held: NaN where it is not known.
    known = np.where(held >= 0, 1.0, np.nan)[:, None]
    saving_ranges = saving[..., _places(n_draws, (10, 50, 90))] / unit * known
    return {
        "bill_mean": total.sum(axis=-1).T / (n_draws * unit),
        "bill_p10": bill_ranges[..., 0].T,
        "bill_p90": bill_ranges[..., 1].T,
        "prob_cheaper": (saving > 0).sum(axis=-1).T / n_draws * known,
        "saving_p10": saving_ranges[..., 0].T,
        "saving_p50": saving_ranges[..., 1].T,
        "saving_p90": saving_ranges[..., 2].T,
    }


def chances(total: np.ndarray, bills: np.ndarray) -> np.ndarray:
    """P(bill < b) and P(bill <= b) of each plan, shape (n, J, 2), for `bills` b of shape (n, J)."""
    came = bills.T[..., None]
    return np.stack([(total < came).mean(axis=-1).T, (total <= came).mean(axis=-1).T], axis=2)


@lru_cache(maxsize=64)
def _places(n_draws: int, percents: tuple[int, ...]) -> np.ndarray:
    """Positions in the sorted draws: the smallest one that at least `percent` of them do not exceed."""
    return np.array([(n_draws * percent + 99) // 100 - 1 for percent in percents])
