"""Target `best_bill`: the plan with the lowest realised bills after the decision and its switching cost."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from planrec.catalogue import Catalogue, rate
from planrec.catalogue.commitments import with_commitments
from planrec.catalogue.menu import menu_of
from planrec.commands.advice import typed
from planrec.contracts import Target
from planrec.errors import DataError
from planrec.schema.columns import InputSchema, take_rows
from planrec.schema.decision_rows import decision_rows
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory
from planrec.wording import did_you_mean, shown


class BestBillTarget(Target):
    """Plan with the lowest mean bill of the months after the decision."""

    needs_history: ClassVar[bool] = True
    needs_catalogue: ClassVar[bool] = True

    kind: Literal["best_bill"]
    window: PositiveInt
    "Months of usage before a decision that features read (W)."
    horizon: PositiveInt
    "Months of bills after a decision that decide the label (H)."
    min_history: PositiveInt
    "Complete months that a subscriber must have before a decision."

    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Make a decision after each month that has enough months before and `horizon` months after it."""
        if not isinstance(loaded, UsageHistory) or catalogue is None:
            raise DataError("target=best_bill needs a usage history and a plan catalogue")
        decisions = decision_rows(loaded, None, self.window)
        rows = self._judgeable(loaded)
        if len(rows) == 0:
            raise DataError(
                f"no subscriber has {self.min_history} months before a decision and {self.horizon} after it:"
                f" type {typed({'target.min_history': 1, 'target.horizon': 1})}, or give longer histories"
            )
        as_of, attributes = decisions.as_of[rows], take_rows(loaded.attributes, rows)
        held = _held(loaded, catalogue)[rows]
        menu = menu_of(catalogue, as_of, attributes, held)
        table = DecisionTable(
            X=take_rows(decisions.columns, rows),
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
            as_of=as_of,
            horizon=self.horizon,
            held=held,
            commitment_ends=None if loaded.commitment_ends is None else loaded.commitment_ends[rows],
            future_bills=self._future_bills(loaded, catalogue, rows),
            minor_units=10**catalogue.exponent,
            segments=take_rows(loaded.segments, rows),
            notes=loaded.notes,
        )
        return with_commitments(table, catalogue)

    def _judgeable(self, history: UsageHistory) -> np.ndarray:
        """Return the position of the last month before each decision that can be labelled."""
        rows = np.arange(len(history))
        first = np.searchsorted(_starts(history.subscriber), rows, side="right") - 1
        starts = np.append(_starts(history.subscriber), len(history))
        before = rows - starts[first] + 1
        after = starts[first + 1] - 1 - rows
        return np.flatnonzero((before >= self.min_history) & (after >= self.horizon))

    def _future_bills(self, history: UsageHistory, catalogue: Catalogue, rows: np.ndarray) -> np.ndarray:
        """Sum the bills of the `horizon` months after each position: (n, J), int64, minor units."""
        total = np.zeros((len(rows), len(catalogue.plans)), np.int64)
        for ahead in range(1, self.horizon + 1):
            total += rate(take_rows(history.usage, rows + ahead), catalogue)
        return total


def _held(history: UsageHistory, catalogue: Catalogue) -> np.ndarray:
    """Look up the index among the catalogue's plans of the plan held in each month, shape (n,), int64."""
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
    """Return the position of each subscriber's first month."""
    return np.flatnonzero(np.concatenate([[True], subscriber[1:] != subscriber[:-1]]))
