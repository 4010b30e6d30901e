"""Target `choice`: the plan that was picked from the menu of a case."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from planrec.catalogue import Catalogue
from planrec.choice import PlanColumns
from planrec.contracts import Target
from planrec.errors import DataError
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable, RowTable, UsageHistory


class Choice(Target):
    """Plan picked from a menu; unavailable plans have blank attributes and are off the menu.

    It reproduces choices, past mistakes included: use it for shares and prices, not for advice.
    """

    needs_history: ClassVar[bool] = False
    needs_catalogue: ClassVar[bool] = False
    needs_choices: ClassVar[bool] = True

    kind: Literal["choice"]
    window: PositiveInt
    "Always 1: a case has no months."

    def label(self, loaded: RowTable | UsageHistory, catalogue: Catalogue | None) -> DecisionTable:
        """Label each case with its choice, and read its menu from the plans' attributes."""
        if isinstance(loaded, UsageHistory):
            raise DataError("target=choice needs cases with menus, got a usage history")
        columns = PlanColumns.of(loaded.columns)
        position = {plan: index for index, plan in enumerate(columns.plans)}
        return DecisionTable(
            X=loaded.columns,
            subscriber=np.arange(len(loaded.label)) if loaded.subscriber is None else loaded.subscriber,
            has_subscribers=loaded.subscriber is not None,
            plans=columns.plans,
            menu=columns.available(loaded.columns),
            inputs=InputSchema(
                takes="attributes", columns=loaded.inputs, usage=(), window=1, asks_held=False
            ),
            y=np.array([position[plan] for plan in loaded.label], np.int64),
            as_of=loaded.as_of,
            segments=loaded.segments,
            notes=loaded.notes,
        )
