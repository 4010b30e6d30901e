"""Split by row."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge
from pydantic import PositiveInt

from planrec.contracts import Fold, Splitter
from planrec.cv.fold_assignment import folds_of_rows
from planrec.schema.tables import DecisionTable


class Stratified(Splitter):
    """Each row is tested once per repeat; folds keep the shares of the plans.

    It flatters where subscribers have several rows: a tested row has siblings in training.
    """

    kind: Literal["stratified"]
    n_folds: Annotated[int, Ge(2)]
    n_repeats: PositiveInt
    "Times that all rows are dealt anew."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """No: rows are dealt."""
        return False

    @property
    def needs_time(self) -> bool:
        """No."""
        return False

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield n_folds folds per repeat. Raises DataError where no plan has n_folds rows."""
        rng = np.random.default_rng(seed)
        for repeat in range(self.n_repeats):
            fold_of_row = folds_of_rows(table, self.n_folds, rng)
            for fold in range(self.n_folds):
                tested = fold_of_row == fold
                yield Fold(np.flatnonzero(~tested), np.flatnonzero(tested), repeat)
