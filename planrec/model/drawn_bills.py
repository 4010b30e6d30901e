"""Statistics of drawn bills: probabilities, means and ranges.

`total` is the sum of the bills of the months drawn: shape (J, n, D), int64, minor units; J plans, n
subscribers, D equally likely draws. `cost` adds the cost of changing plans. `held`, shape (n,), int64, is the
index of the plan held, -1 if unknown.
"""

from functools import lru_cache

import numpy as np

from planrec.catalogue import Catalogue
from planrec.catalogue.menu import exit_fees, switching_costs, tie_ranks


def costs_of(
    total: np.ndarray, catalogue: Catalogue, held: np.ndarray, exit_fee: np.ndarray | None
) -> np.ndarray:
    """Add the switching costs to a `total`.

    `exit_fee`, shape (n,), minor units, is the fee for leaving the plan held; None if no commitment is over.
    """
    fee = exit_fees(catalogue, held) if exit_fee is None else exit_fee.astype(np.int64)
    return total + switching_costs(catalogue, held, fee).T[..., None]


def shares_best(cost: np.ndarray, catalogue: Catalogue, held: np.ndarray) -> np.ndarray:
    """Compute the share of the draws in which a plan costs least, shape (n, J), ties as in the label.

    One more draw is shared among all plans, because an event in no draw is not impossible.
    """
    n_plans, _, n_draws = cost.shape
    # Costs are whole numbers, so that the rank, at most J, decides between equal costs only.
    ordered = cost * (n_plans + 1) + tie_ranks(catalogue, held).T[..., None]
    wins = (ordered == ordered.min(axis=0)).sum(axis=-1).T
    return (wins + 1 / n_plans) / (n_draws + 1)


def bill_fields(total: np.ndarray, cost: np.ndarray, held: np.ndarray, unit: int) -> dict[str, np.ndarray]:
    """Compute the bill fields of `Prediction`, shape (n, J) each.

    Fields that compare with the plan held are NaN if it is unknown. `unit` is the divisor that turns a total
    into the mean month in the major unit.
    """
    n_draws = total.shape[2]
    bills = np.sort(total)
    of_held = cost[np.maximum(held, 0), np.arange(len(held))]
    saving = np.sort(of_held - cost)
    bill_ranges = bills[..., _places(n_draws, (10, 90))] / unit
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
    """Compute P(bill < b) and P(bill <= b) of each plan, shape (n, J, 2), for `bills` b of shape (n, J).

    Examples:
        >>> chances(total=np.array([[[10, 20, 20, 30]]]), bills=np.array([[20]])).tolist()
        [[[0.25, 0.75]]]
    """
    came = bills.T[..., None]
    return np.stack([(total < came).mean(axis=-1).T, (total <= came).mean(axis=-1).T], axis=2)


@lru_cache(maxsize=64)
def _places(n_draws: int, percents: tuple[int, ...]) -> np.ndarray:
    """Find positions in the sorted draws: the first draw that at least `percent` of them do not exceed."""
    return np.array([(n_draws * percent + 99) // 100 - 1 for percent in percents])
