"""Target `held`: the plan held in the row's month, for comparison with published results."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from planrec.catalogue import Catalogue
from planrec.contracts import Target
from planrec.errors import DataError
from planrec.schema.columns import InputSchema, take_rows
from planrec.schema.decision_rows import decision_rows
from planrec.schema.shown_name import name_problem
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory
from planrec.wording import did_you_mean, shown


class Held(Target):
    """Plan held in the month of the row.

    A model of it reproduces past mistakes: use it for comparison, not for advice.
    """

    needs_history: ClassVar[bool] = False
    needs_catalogue: ClassVar[bool] = False

    kind: Literal["held"]
    window: PositiveInt
    "Months of usage before a decision that features read; rows without a history have one."

    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Label each row, or each month of each subscriber, with the plan held in it."""
        if isinstance(loaded, UsageHistory):
            return self._label_history(loaded, catalogue)
        return self._label_rows(loaded, catalogue)

    def _label_rows(self, rows: RowTable, catalogue: Catalogue | None) -> DecisionTable:
        n = len(rows.label)
        plans, y = _index_plans(rows.label, catalogue)
        return DecisionTable(
            X=rows.columns,
            subscriber=np.arange(n) if rows.subscriber is None else rows.subscriber,
            has_subscribers=rows.subscriber is not None,
            plans=plans,
            # Any plan of the list can be held, also one that is no longer sold: the menu has all of them.
            menu=np.ones((n, len(plans)), bool),
            inputs=InputSchema(takes="attributes", columns=rows.inputs, usage=(), window=1, asks_held=False),
            y=y,
            as_of=rows.as_of,
            segments=rows.segments,
            notes=rows.notes,
        )

    def _label_history(self, history: UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        decisions = decision_rows(history, None, self.window)
        held = np.asarray(history.plans, dtype=object)[history.plan_held]
        plans, y = _index_plans(held, catalogue)
        return DecisionTable(
            X=decisions.columns,
            subscriber=history.subscriber[decisions.last_month],
            plans=plans,
            menu=np.ones((len(y), len(plans)), bool),
            inputs=InputSchema(
                takes="months",
                columns=history.inputs,
                usage=tuple(history.usage),
                window=self.window,
                asks_held=False,
            ),
            y=y[decisions.last_month],
            as_of=decisions.as_of,
            segments=take_rows(history.segments, decisions.last_month),
            notes=history.notes,
        )


def _index_plans(label: np.ndarray, catalogue: Catalogue | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the plans in order, and the index of each label among them."""
    found, inverse = np.unique(label.astype(str), return_inverse=True)
    names = [str(name) for name in found]
    plans = tuple(sorted(names, key=_numbers_by_value)) if catalogue is None else tuple(catalogue.plan_ids)
    if unknown := [name for name in names if name not in plans]:
        raise DataError(
            "plans in the data must be in the catalogue",
            [
                f"{name!r} in {int((label == name).sum())} rows{did_you_mean(name, plans)};"
                f" the catalogue has {shown(plans)}"
                for name in unknown
            ],
        )
    if problems := [problem for problem in map(name_problem, plans) if problem]:
        raise DataError("the names of plans in the data cannot be shown", problems)
    position = {plan: index for index, plan in enumerate(plans)}
    return plans, np.array([position[name] for name in names], np.int64)[inverse]


def _numbers_by_value(name: str) -> tuple[float, str]:
    """Return a sort key that puts `2` before `10`, and both before text.

    Examples:
        >>> sorted(["b", "10", "2", "a"], key=_numbers_by_value)
        ['2', '10', 'a', 'b']
    """
    return (float(name), name) if name.isdecimal() else (float("inf"), name)
