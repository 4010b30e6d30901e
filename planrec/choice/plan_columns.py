"""Columns that describe plans: `cost@LF` is the attribute `cost` of plan `LF`, blank if LF is unavailable."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from planrec.schema.columns import Columns

MARK = "@"
"Between the attribute and the plan in the name of a column."


def plan_column(attribute: str, plan: str) -> str:
    """Return the name of the column with an attribute of a plan.

    Examples:
        >>> plan_column("cost", "LF")
        'cost@LF'
    """
    return f"{attribute}{MARK}{plan}"


@dataclass(frozen=True)
class PlanColumns:
    """The plans and attributes that the columns of a choice table describe."""

    plans: tuple[str, ...]
    "J plans, in the order of the columns."
    attributes: tuple[str, ...]
    "Attributes that every plan has."

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Find the plans and attributes in names of columns; other columns describe the case.

        Examples:
            >>> PlanColumns.of(["users", "cost@BM", "cost@SM"])
            PlanColumns(plans=('BM', 'SM'), attributes=('cost',))
        """
        split = [name.partition(MARK) for name in names]
        pairs = {(attribute, plan) for attribute, mark, plan in split if mark}
        plans = tuple(dict.fromkeys(plan for _, mark, plan in split if mark))
        attributes = dict.fromkeys(attribute for attribute, mark, _ in split if mark)
        complete = (a for a in attributes if all((a, plan) in pairs for plan in plans))
        return cls(plans, tuple(complete))

    def values(self, X: Columns, attribute: str) -> np.ndarray:
        """Return an attribute of every plan, shape (n, J), float64; NaN if the plan is unavailable."""
        return np.stack([X[plan_column(attribute, plan)] for plan in self.plans], axis=1)

    def available(self, X: Columns) -> np.ndarray:
        """Return which plans have all their attributes, shape (n, J), bool."""
        return ~np.isnan(sum(self.values(X, attribute) for attribute in self.attributes))
