"""Split by row."""

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge
from pydantic import PositiveInt

from planrec.contracts import Fold, Splitter
from planrec.cv.fold_assignment import complements, folds_of_rows, repeated
from planrec.schema.tables import DecisionTable


class Stratified(Splitter):
    """Folds of single rows; every fold has the same shares of the plans.

    Metrics are too good if subscribers have several rows: training has other rows of a tested subscriber.
    """

    kind: Literal["stratified"]
    n_folds: Annotated[int, Ge(2)]
    n_repeats: PositiveInt
    "Times that all rows are assigned to folds."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """False: rows are assigned."""
        return False

    @property
    def needs_time(self) -> bool:
        """False."""
        return False

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield n_folds folds per repeat.

        Raises:
            DataError: no plan has n_folds rows.
        """
        return complements(repeated(folds_of_rows, table, self.n_folds, self.n_repeats, seed))
