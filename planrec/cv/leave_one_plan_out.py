"""Split by subscriber, once per plan, and train without the rows that chose the plan."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from planrec.commands.advice import typed
from planrec.contracts import Fold, Splitter
from planrec.cv.fold_assignment import folds_of_subscribers
from planrec.errors import DataError
from planrec.schema.tables import DecisionTable


class LeaveOnePlanOut(Splitter):
    """Folds of subscribers, as if one plan were new: no training row chose it.

    Each plan is new in one repeat. All decisions are tested in every repeat, those for other plans too: a
    model that always names the new plan would otherwise be perfect. Only models that know plans by their
    attributes can rank a new one.
    """

    kind: Literal["leave_one_plan_out"]
    n_folds: Annotated[int, Ge(2)]

    @property
    def keeps_subscribers_whole(self) -> bool:
        """True: subscribers are assigned, not rows."""
        return True

    @property
    def needs_time(self) -> bool:
        """False."""
        return False

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield n_folds folds per plan that a row has.

        Raises:
            DataError: no plan has n_folds subscribers, or fewer than two other plans are left to learn from.
        """
        rng = np.random.default_rng(seed)
        for repeat, plan in enumerate(np.unique(table.labels)):
            fold_of_row = folds_of_subscribers(table, self.n_folds, rng)
            for fold in range(self.n_folds):
                is_tested = fold_of_row == fold
                is_learned = ~is_tested & (table.labels != plan)
                if len(np.unique(table.labels[is_learned])) < 2:
                    raise DataError(
                        "cv=leave_one_plan_out needs two other plans in the training rows of every fold, got"
                        f" fewer without {table.plans[plan]!r}: type {typed(cv='grouped')}"
                    )
                yield Fold(np.flatnonzero(is_learned), np.flatnonzero(is_tested), repeat)
