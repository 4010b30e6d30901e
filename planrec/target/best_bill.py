"""The plan that turns out best: lowest realised bills after the decision, switching costs included."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from planrec.catalogue import Catalogue, rate
from planrec.catalogue.menu import menu_of, switching_costs
from planrec.contracts import Target
from planrec.errors import DataError
from planrec.schema.columns import InputSchema, take_rows
from planrec.schema.decision_rows import decision_rows
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory
from planrec.wording import did_you_mean, shown


class BestBill(Target):
    """Learn the plan with the lowest mean bill of the months after the decision."""

    needs_history: ClassVar[bool] = True
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["best_bill"]
    window: PositiveInt
    "Months of usage that a decision looks back at (W)."
    horizon: PositiveInt
    "Months of bills that a decision is judged by (H)."
    min_history: PositiveInt
    "Complete months that a subscriber must have before a decision."

    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """One decision after each month with enough months before it and `horizon` months after it."""
        if not isinstance(loaded, UsageHistory) or catalogue is None:
            raise DataError("target=best_bill needs a usage history and a plan catalogue")
        decisions = decision_rows(loaded, None, self.window)
        rows = self._judgeable(loaded)
        if len(rows) == 0:
            raise DataError(
                f"no subscriber has {self.min_history} months before a decision and {self.horizon} after it:"
                f" type target.min_history=1 target.horizon=1, or give longer histories"
            )
        as_of, attributes = (
            decisions.as_of[rows],
            {name: array[rows] for name, array in loaded.attributes.items()},
        )
        held = _held(loaded, catalogue)[rows]
        menu = menu_of(catalogue, as_of, attributes, held)
        cost = switching_costs(catalogue, held)
        future = self._future_bills(loaded, catalogue, rows)
        return DecisionTable(
            X={name: array[rows] for name, array in decisions.columns.items()},
            subscriber=loaded.subscriber[rows],
            plans=tuple(catalogue.plan_ids),
            menu=menu,
            inputs=InputSchema(
                takes="months",
                columns=loaded.inputs,
                usage=tuple(loaded.usage),
                window=self.window,
                asks_held=True,
            ),
            y=best_plan(future + cost, menu, held, catalogue),
            as_of=as_of,
            horizon=self.horizon,
            held=held,
            future_bills=future,
            switching_cost=cost,
            minor_units=10**catalogue.exponent,
            segments=take_rows(loaded.segments, rows),
            notes=loaded.notes,
        )

    def _judgeable(self, history: UsageHistory) -> np.ndarray:
        """Positions of the last month before each decision that has its label."""
        rows = np.arange(len(history))
        first = np.searchsorted(_starts(history.subscriber), rows, side="right") - 1
        starts = np.append(_starts(history.subscriber), len(history))
        before = rows - starts[first] + 1
        after = starts[first + 1] - 1 - rows
        return np.flatnonzero((before >= self.min_history) & (after >= self.horizon))

    def _future_bills(self, history: UsageHistory, catalogue: Catalogue, rows: np.ndarray) -> np.ndarray:
        """Sum of the bills of the `horizon` months after each position: (n, J), int64, minor units."""
        total = np.zeros((len(rows), len(catalogue.plans)), np.int64)
        for ahead in range(1, self.horizon + 1):
            total += rate({name: array[rows + ahead] for name, array in history.usage.items()}, catalogue)
        return total


def best_plan(cost: np.ndarray, menu: np.ndarray, held: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """The cheapest plan of each menu, shape (n,), int64. Ties: the plan held, the lower fee, the plan id.

    `cost`, shape (n, J), int64: bills and switching cost of the same months, so that ties are exact.
    """
    order = sorted(
        range(len(catalogue.plans)), key=lambda j: (catalogue.plans[j].fee.recurring, catalogue.plans[j].id)
    )
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    preference = np.where(np.arange(len(order)) == held[:, None], 0, rank)
    in_menu = np.where(menu, cost, np.iinfo(np.int64).max)
    cheapest = in_menu == in_menu.min(axis=1, keepdims=True)
    return np.where(cheapest, preference, len(order) + 1).argmin(axis=1)


def _held(history: UsageHistory, catalogue: Catalogue) -> np.ndarray:
    """Index among the catalogue's plans of the plan held in each month, shape (n,), int64."""
    known = tuple(catalogue.plan_ids)
    held_codes = np.unique(history.plan_held)
    if unknown := [history.plans[code] for code in held_codes if history.plans[code] not in known]:
        raise DataError(
            "plans in the data must be in the catalogue",
            [f"{name!r}{did_you_mean(name, known)}; the catalogue has {shown(known)}" for name in unknown],
        )
    position = np.array([known.index(name) if name in known else -1 for name in history.plans], np.int64)
    return position[history.plan_held]


def _starts(subscriber: np.ndarray) -> np.ndarray:
    """Position of each subscriber's first month."""
    return np.flatnonzero(np.concatenate([[True], subscriber[1:] != subscriber[:-1]]))
