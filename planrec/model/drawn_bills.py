"""What drawn bills say: chances, means and ranges.

`total` is the sum of the bills of the months drawn: shape (n, D, J), int64, minor units; n subscribers, D
equally likely draws, J plans. `held`, shape (n,), int64, is the index of the plan held, -1 where unknown.
"""

import numpy as np

from planrec.catalogue import Catalogue
from planrec.menu import switching_costs


def shares_best(total: np.ndarray, catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Share of the draws in which a plan costs least, shape (n, J), ties and switching as in the label.

    One more draw is shared among all plans: what no draw shows is not impossible.
    """
    n_plans = total.shape[2]
    by_fee = sorted(range(n_plans), key=lambda j: (catalogue.plans[j].fee.recurring, catalogue.plans[j].id))
    rank = np.empty(n_plans, np.int64)
    rank[by_fee] = np.arange(1, n_plans + 1)
    preference = np.where(np.arange(n_plans) == held[:, None], 0, rank)
    # Costs are whole numbers: what is preferred decides where they are equal, and nowhere else.
    cost = (total + switching_costs(catalogue, held)[:, None]) * (n_plans + 1) + preference[:, None]
    best = cost.argmin(axis=2)
    wins = np.stack([(best == plan).sum(axis=1) for plan in range(n_plans)], axis=1)
    return (wins + 1 / n_plans) / (total.shape[1] + 1)


def bill_fields(
    total: np.ndarray, catalogue: Catalogue, held: np.ndarray, horizon: int
) -> dict[str, np.ndarray]:
    """The bill fields of `Prediction`, shape (n, J) each; those against the plan held NaN where unknown."""
    unit = horizon * 10**catalogue.exponent
    bills = np.sort(total, axis=1)
    cost = total + switching_costs(catalogue, held)[:, None]
    of_held = np.take_along_axis(cost, np.maximum(held, 0)[:, None, None], axis=2)
    saving = np.sort(of_held - cost, axis=1)
    against_held = {
        "prob_cheaper": (saving > 0).mean(axis=1),
        "saving_p10": _quantile(saving, 10) / unit,
        "saving_p50": _quantile(saving, 50) / unit,
        "saving_p90": _quantile(saving, 90) / unit,
    }
    known = held[:, None] >= 0
    return {
        "bill_mean": total.sum(axis=1) / (total.shape[1] * unit),
        "bill_p10": _quantile(bills, 10) / unit,
        "bill_p90": _quantile(bills, 90) / unit,
    } | {name: np.where(known, values, np.nan) for name, values in against_held.items()}


def chances(total: np.ndarray, bills: np.ndarray) -> np.ndarray:
    """P(bill < b) and P(bill <= b) of each plan, shape (n, J, 2), for `bills` b of shape (n, J)."""
    return np.stack([(total < bills[:, None]).mean(axis=1), (total <= bills[:, None]).mean(axis=1)], axis=2)


def _quantile(in_order: np.ndarray, percent: int) -> np.ndarray:
    """The smallest draw that at least `percent` of the draws do not exceed; sorted along axis 1."""
    return in_order[:, (in_order.shape[1] * percent + 99) // 100 - 1]
