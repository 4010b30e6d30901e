"""The out-of-fold rows of one model as arrays, and the weighted sums that all metrics use."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from planrec.catalogue.monthly_cost import monthly_cost
from planrec.errors import DataError
from planrec.metrics.costs import Costs
from planrec.schema.predictions import OutOfFold
from planrec.wording import shown

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

N_DECILES = 10

_FEW_GROUPS = 32
"Up to this number of groups a dense matrix product is faster than a sparse one."


@dataclass(frozen=True)
class Subscribers:
    """The subscriber of each out-of-fold row, numbered alike for every model, so that draws are paired."""

    codes: np.ndarray
    "Shape (n,), int32: 0 ... count - 1, in the order of the sorted ids, independent of the row order."
    count: int


@dataclass(frozen=True)
class Segment:
    """The groups of one protected column."""

    column: str
    groups: tuple[str, ...]
    "In the order of the first number in their names."
    codes: np.ndarray
    "Shape (n,), int64: the group of each row."
    n_decisions: np.ndarray
    "Shape (groups,), int64: distinct decisions of each group."


@dataclass(frozen=True)
class JudgedRows:
    """Predictions and advice of one model for n decisions over J plans, with the outcomes."""

    plans: tuple[str, ...]
    y: np.ndarray
    "Shape (n,), int64: index of the right plan."
    probability: np.ndarray
    "Shape (n, J), float64."
    recommended: np.ndarray
    "Shape (n,), int64: index of the first recommendation; -1 for abstain."
    menu: np.ndarray | None
    "Shape (n, J), bool: plans that could be recommended; None if all plans could."
    subscribers: Subscribers
    n_decisions: int
    "Distinct decisions; n is this number times the repeats."
    n_subscribers: int
    "Distinct subscribers of this model's rows."
    costs: Costs | None = None
    "By realised bills; None if the table has no bills."
    hidden_costs: Costs | None = None
    "By the simulator's true expected bills; None if the source does not know them."
    decile: np.ndarray | None = None
    "Shape (n,), int64: decile of usage, 0 to 9; None if the table has no usage."
    cheaper: np.ndarray | None = None
    "Shape (n, J), float64: probability of costing less than the plan held; None if the model gives none."
    chances: np.ndarray | None = None
    "Shape (n, J, 2): P(bill < realised), P(bill <= realised); None if the model gives no distribution."
    previous: np.ndarray | None = None
    """Shape (n,), int64: row of the subscriber's previous advice in the same repeat; -1 for first and
    abstained decisions. None if no subscriber was advised twice."""
    segments: tuple[Segment, ...] | None = None
    "The protected columns; None if there are none."

    def sums(
        self, weights: np.ndarray, value: np.ndarray, group: np.ndarray | None = None, n_groups: int = 1
    ) -> np.ndarray:
        """Compute the weighted sum of one value per row by group, shape (n_groups, B).

        Args:
            weights: how often each subscriber counts in each draw, shape (n_subscribers, B), C-contiguous.
            value: one value per row, shape (n,).
            group: group of each row, shape (n,), ints below `n_groups`; rows with a negative group are left
                out. None puts all rows into one group.
            n_groups: number of groups.
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

        # Sparse times dense adds whole contiguous rows of `weights`: memory speed for any number of groups.
        summed: np.ndarray = csr_array((value, (group, codes)), shape=(n_groups, count)) @ weights
        return summed

    def mean(self, weights: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Compute the weighted mean over decisions of one value per row, shape (B,)."""
        codes, count = self.subscribers.codes, self.subscribers.count
        total, n_rows = (
            np.stack([np.bincount(codes, value, count), np.bincount(codes, None, count)]) @ weights
        )
        mean: np.ndarray = total / n_rows
        return mean

    def means(self, weights: np.ndarray, value: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
        """Compute the weighted mean of one value per row by group, shape (n_groups, B); NaN for empty groups.

        The arguments are those of `sums`.
        """
        total = self.sums(weights, value, group, n_groups)
        n_rows = self.sums(weights, np.ones(len(value)), group, n_groups)
        return np.divide(total, n_rows, out=np.full_like(total, np.nan), where=n_rows > 0)


def required(part: T | None) -> T:
    """Return a part of JudgedRows that a metric measures; `evaluate` leaves out metrics without theirs.

    Raises:
        ValueError: the part is missing, because the metric does not declare that it needs it.

    Examples:
        >>> required((1, 2))
        (1, 2)
    """
    if part is None:
        raise ValueError("a metric that measures an optional part must set needs_bills or left_out_without")
    return part


def subscribers_of(out_of_fold: "pd.DataFrame") -> Subscribers:
    """Assign numbers to the subscribers of all models' rows.

    Raises:
        DataError: A row has no subscriber.
    """
    import pandas as pd

    codes, ids = pd.factorize(out_of_fold[OutOfFold.SUBSCRIBER], sort=True)
    if (codes < 0).any():
        raise DataError(
            f"every out-of-fold row must have a subscriber, {(codes < 0).sum()} of {len(codes)} have none"
        )
    return Subscribers(codes.astype(np.int32), len(ids))


def judged_rows_of(out_of_fold: "pd.DataFrame", model: str) -> JudgedRows:
    """Read one model's rows of an out-of-fold table.

    Raises:
        DataError: as for `read_judged_rows`.
    """
    return read_judged_rows(out_of_fold, (out_of_fold[OutOfFold.MODEL] == model).to_numpy(dtype=bool))


def read_judged_rows(
    out_of_fold: "pd.DataFrame", mine: np.ndarray | None = None, subscribers: Subscribers | None = None
) -> JudgedRows:
    """Read the rows of one model.

    Args:
        out_of_fold: the columns of `OutOfFold`.
        mine: which rows are the model's, shape (n_rows,), bool; None for all.
        subscribers: numbers of the subscribers of all rows; None numbers them here.

    Raises:
        DataError: A probability is not a number, a plan has no probability column, bills come without the
            columns that belong to them, or a plan held or recommended is not on the menu.
    """
    mine = np.ones(len(out_of_fold), bool) if mine is None else mine
    subscribers = subscribers or subscribers_of(out_of_fold)
    rows, codes = out_of_fold[mine], subscribers.codes[mine]
    prefix = OutOfFold.PROBABILITY
    plans = tuple(name.removeprefix(prefix) for name in rows.columns if name.startswith(prefix))
    recommended = _positions(rows, OutOfFold.RECOMMENDED, plans, missing_is_fine=True)
    has_menu = any(OutOfFold.MENU + plan in rows.columns for plan in plans)
    menu = _by_plan(rows, OutOfFold.MENU, plans).astype(bool) if has_menu else None
    return JudgedRows(
        plans=plans,
        y=_positions(rows, OutOfFold.Y, plans, missing_is_fine=False),
        probability=_probability(rows, plans),
        recommended=recommended,
        menu=menu,
        subscribers=Subscribers(codes, subscribers.count),
        n_decisions=int(rows[OutOfFold.DECISION_ID].nunique()),
        n_subscribers=len(np.unique(codes)),
        costs=_costs(rows, OutOfFold.FUTURE, plans, menu, recommended),
        hidden_costs=_costs(rows, OutOfFold.HIDDEN, plans, menu, recommended),
        decile=_deciles(rows),
        cheaper=_columns_with_values(rows, OutOfFold.CHEAPER, plans),
        chances=_chances(rows, plans),
        previous=_previous(rows, codes, recommended),
        segments=_segments(rows),
    )


def _by_plan(rows: "pd.DataFrame", prefix: str, plans: tuple[str, ...]) -> np.ndarray:
    """Read one column per plan as a C-contiguous float64 matrix, shape (n, J)."""
    if missing := [prefix + plan for plan in plans if prefix + plan not in rows.columns]:
        raise DataError(f"every plan must have a column {prefix}PLAN, missing: {', '.join(missing)}")
    return np.ascontiguousarray(rows[[prefix + plan for plan in plans]].to_numpy(np.float64))


def _probability(rows: "pd.DataFrame", plans: tuple[str, ...]) -> np.ndarray:
    probability = _by_plan(rows, OutOfFold.PROBABILITY, plans)
    if not np.isfinite(probability).all():
        bad = np.flatnonzero(~np.isfinite(probability).all(axis=1))
        raise DataError(
            f"probabilities must be numbers, missing or infinite in {len(bad)} rows: {shown(bad.tolist())}"
        )
    return probability


def _costs(
    rows: "pd.DataFrame",
    prefix: str,
    plans: tuple[str, ...],
    menu: np.ndarray | None,
    recommended: np.ndarray,
) -> Costs | None:
    """Compute the costs by the bills in these columns; None if there are no such columns."""
    if not any(prefix + plan in rows.columns for plan in plans):
        return None
    bills, switching = _by_plan(rows, prefix, plans), _by_plan(rows, OutOfFold.SWITCHING, plans)
    if missing := [name for name in (OutOfFold.HELD, OutOfFold.HORIZON) if name not in rows.columns]:
        raise DataError(f"a table with {prefix}PLAN must have {', '.join(missing)} as well")
    held = _positions(rows, OutOfFold.HELD, plans, missing_is_fine=False)
    horizon = rows[OutOfFold.HORIZON].to_numpy(np.float64)
    if not (horizon >= 1).all():
        raise DataError(f"{OutOfFold.HORIZON} must be at least 1 month, got {horizon.min():g}")
    monthly = monthly_cost(bills, switching, horizon[:, np.newaxis])
    if menu is not None:
        monthly = np.where(menu, monthly, np.inf)
    costs = Costs(monthly, held, np.where(recommended < 0, held, recommended))
    wrong = np.isnan(monthly).any(axis=1) | ~np.isfinite(costs.of_held) | ~np.isfinite(costs.of_advised)
    if wrong.any():
        raise DataError(
            f"every plan on the menu must have a number in {prefix}PLAN and {OutOfFold.SWITCHING}PLAN, and"
            f" the plans held and recommended must be on the menu; not so in {int(wrong.sum())} rows:"
            f" {shown(np.flatnonzero(wrong).tolist())}"
        )
    return costs


def _columns_with_values(rows: "pd.DataFrame", prefix: str, plans: tuple[str, ...]) -> np.ndarray | None:
    """Read one column per plan, shape (n, J); None if this model, unlike others, has no values."""
    if not any(prefix + plan in rows.columns for plan in plans):
        return None
    values = _by_plan(rows, prefix, plans)
    return None if np.isnan(values).all() else values


def _chances(rows: "pd.DataFrame", plans: tuple[str, ...]) -> np.ndarray | None:
    below, upto = (_columns_with_values(rows, prefix, plans) for prefix in (OutOfFold.BELOW, OutOfFold.UPTO))
    return None if below is None or upto is None else np.stack([below, upto], axis=2)


def _deciles(rows: "pd.DataFrame") -> np.ndarray | None:
    if OutOfFold.USAGE_DECILE not in rows.columns:
        return None
    decile = rows[OutOfFold.USAGE_DECILE].to_numpy(np.int64)
    if not ((decile >= 1) & (decile <= N_DECILES)).all():
        raise DataError(
            f"{OutOfFold.USAGE_DECILE} must be 1 to {N_DECILES}, got {decile.min()} to {decile.max()}"
        )
    return decile - 1


def _segments(rows: "pd.DataFrame") -> tuple[Segment, ...] | None:
    import pandas as pd

    columns = [name for name in rows.columns if name.startswith(OutOfFold.SEGMENT)]
    once = ~rows[OutOfFold.DECISION_ID].duplicated().to_numpy()
    found = []
    for column in columns:
        groups = sorted(rows[column].astype(str).unique(), key=_by_number)
        codes = pd.Index(groups).get_indexer(pd.Index(rows[column].astype(str))).astype(np.int64)
        size = np.bincount(codes[once], minlength=len(groups))
        found.append(Segment(column.removeprefix(OutOfFold.SEGMENT), tuple(groups), codes, size))
    return tuple(found) or None


def _by_number(group: str) -> tuple[float, bool, str]:
    """Return the sort key of a group: its first number, `<30` before `30`, text last.

    Examples:
        >>> sorted(["60+", "other", "30 to <60", "<30"], key=_by_number)
        ['<30', '30 to <60', '60+', 'other']
    """
    number = re.match(r"<?(-?\d+(\.\d+)?)", group)
    return (float(number[1]) if number else np.inf, not group.startswith("<"), group)


def _previous(rows: "pd.DataFrame", codes: np.ndarray, recommended: np.ndarray) -> np.ndarray | None:
    """Find the row of the previous advice by as_of; decisions of one day are ordered by their number."""
    if OutOfFold.AS_OF not in rows.columns:
        return None
    kept = np.flatnonzero(recommended >= 0)
    keys = (OutOfFold.DECISION_ID, OutOfFold.AS_OF, OutOfFold.REPEAT)
    decision, as_of, repeat = (rows[name].to_numpy()[kept] for name in keys)
    order = np.lexsort((decision, as_of, repeat, codes[kept]))
    earlier, later = order[:-1], order[1:]
    same = (codes[kept][earlier] == codes[kept][later]) & (repeat[earlier] == repeat[later])
    if not same.any():
        return None
    previous = np.full(len(rows), -1)
    previous[kept[later[same]]] = kept[earlier[same]]
    return previous


def _positions(
    rows: "pd.DataFrame", column: str, plans: tuple[str, ...], *, missing_is_fine: bool
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
