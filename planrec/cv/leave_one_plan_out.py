"""Split by plan: train without a plan and its takers, test on its takers."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from planrec.commands.advice import typed
from planrec.contracts import Fold, Splitter
from planrec.errors import DataError
from planrec.schema.tables import DecisionTable


class LeaveOnePlanOut(Splitter):
    """One fold per plan, as if the plan were new: no training row chose it.

    Its takers are tested, so that ranks of unseen plans are judged, such as top 2. Shares of new plans cannot
    be: everybody who is tested took the plan. Only models that know plans by their attributes alone can rank
    a plan that they never saw.
    """

    kind: Literal["leave_one_plan_out"]

    @property
    def keeps_subscribers_whole(self) -> bool:
        """True: all rows of the takers are left out of training."""
        return True

    @property
    def needs_time(self) -> bool:
        """False."""
        return False

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield a fold for each plan that a row has; nothing is random.

        Raises:
            DataError: without a plan and its takers, fewer than two plans are left to learn from.
        """
        label = table.labels
        for plan in np.unique(label):
            is_tested = label == plan
            is_left = ~np.isin(table.subscriber, table.subscriber[is_tested])
            if len(np.unique(label[is_left])) < 2:
                raise DataError(
                    "cv=leave_one_plan_out needs two plans or more in the rows of other subscribers than the"
                    f" takers of a plan, got fewer without {table.plans[plan]!r}: type {typed(cv='grouped')}"
                )
            yield Fold(np.flatnonzero(is_left), np.flatnonzero(is_tested))
