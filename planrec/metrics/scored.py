"""The out-of-fold rows of one model as arrays, and the one sum that every metric is made of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.errors import DataError
from planrec.schema import OutOfFold, shown

if TYPE_CHECKING:
    import pandas as pd


_FEW_GROUPS = 32
"Up to here a dense matrix product is faster than a sparse one."


@dataclass(frozen=True)
class Subscribers:
    """Whose row each out-of-fold row is; the same numbering for every model, so that draws are paired."""

    codes: np.ndarray
    "Shape (n,), int32: 0 ... count - 1, in the order of the sorted ids: independent of the row order."
    count: int


@dataclass(frozen=True)
class Scored:
    """What one model said about n decisions over J plans."""

    plans: tuple[str, ...]
    y: np.ndarray
    "Shape (n,), int64: index of the plan that was right."
    probability: np.ndarray
    "Shape (n, J), float64."
    recommended: np.ndarray
    "Shape (n,), int64: index of the first recommendation, -1 for abstain."
    menu: np.ndarray | None
    "Shape (n, J), bool: what could be recommended; None where everything could."
    subscribers: Subscribers
    n_decisions: int
    "Distinct decisions; n is that times the repeats."
    n_subscribers: int
    "Distinct subscribers of this model's rows."

    def sums(
        self, weights: np.ndarray, value: np.ndarray, group: np.ndarray | None = None, n_groups: int = 1
    ) -> np.ndarray:
        """Weighted sum of one value per row, by group. Shape (n_groups, B).

        Args:
            weights: shape (n_subscribers, B), C-contiguous: how often each subscriber counts in each draw.
            value: shape (n,).
            group: shape (n,), ints below `n_groups`; rows with a negative group count nowhere.
        """
        codes, count = self.subscribers.codes, self.subscribers.count
        if group is None:
            return np.bincount(codes, value, count)[np.newaxis] @ weights
        kept = group >= 0
        group, codes, value = group[kept].astype(np.int64), codes[kept], value[kept].astype(np.float64)
        if n_groups <= _FEW_GROUPS:
            return (
                np.bincount(group * count + codes, value, n_groups * count).reshape(n_groups, count) @ weights
            )
        from scipy.sparse import csr_array

        # Sparse times dense adds whole contiguous rows of `weights`: memory speed, however many groups.
        summed: np.ndarray = csr_array((value, (group, codes)), shape=(n_groups, count)) @ weights
        return summed

    def mean(self, weights: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Weighted mean over decisions of one value per row. Shape (B,)."""
        codes, count = self.subscribers.codes, self.subscribers.count
        total, n_rows = (
            np.stack([np.bincount(codes, value, count), np.bincount(codes, None, count)]) @ weights
        )
        mean: np.ndarray = total / n_rows
        return mean


def subscribers_of(out_of_fold: "pd.DataFrame") -> Subscribers:
    """Number the subscribers of all models' rows."""
    import pandas as pd

    codes, ids = pd.factorize(out_of_fold[OutOfFold.SUBSCRIBER], sort=True)
    if (codes < 0).any():
        raise DataError(
            f"every out-of-fold row must have a subscriber, {(codes < 0).sum()} of {len(codes)} have none"
        )
    return Subscribers(codes.astype(np.int32), len(ids))


def scored(out_of_fold: "pd.DataFrame", mine: np.ndarray, subscribers: Subscribers) -> Scored:
    """Read the rows of one model.

    Args:
        mine: shape (n_rows,), bool: which rows are the model's.
        subscribers: of all rows.

    Raises:
        DataError: a probability that is not a number, or a plan that has no probability column.
    """
    rows, codes = out_of_fold[mine], subscribers.codes[mine]
    prefix = OutOfFold.PROBABILITY
    plans = tuple(name.removeprefix(prefix) for name in rows.columns if name.startswith(prefix))
    probability = rows[[prefix + plan for plan in plans]].to_numpy(np.float64)
    if not np.isfinite(probability).all():
        bad = np.flatnonzero(~np.isfinite(probability).all(axis=1))
        raise DataError(
            f"probabilities must be numbers, missing or infinite in {len(bad)} rows: {shown(bad.tolist())}"
        )
    menu_columns = [name for name in (OutOfFold.MENU + plan for plan in plans) if name in rows.columns]
    return Scored(
        plans=plans,
        y=_positions(rows, OutOfFold.Y, plans, missing_is_fine=False),
        probability=np.ascontiguousarray(probability),
        recommended=_positions(rows, OutOfFold.RECOMMENDED, plans, missing_is_fine=True),
        menu=rows[menu_columns].to_numpy(bool) if menu_columns else None,
        subscribers=Subscribers(codes, subscribers.count),
        n_decisions=int(rows[OutOfFold.DECISION_ID].nunique()),
        n_subscribers=len(np.unique(codes)),
    )


def _positions(
    rows: "pd.DataFrame", column: str, plans: tuple[str, ...], missing_is_fine: bool
) -> np.ndarray:
    import pandas as pd

    positions = pd.Index(plans).get_indexer(pd.Index(rows[column].astype(object))).astype(np.int64)
    wrong = positions < 0
    if missing_is_fine:
        wrong &= rows[column].notna().to_numpy()
    if wrong.any():
        found = rows[column][wrong].unique()
        raise DataError(
            f"column {column!r} must name plans with a probability column ({', '.join(plans)}),"
            f" got {shown(found)} in {int(wrong.sum())} rows"
        )
    return positions
