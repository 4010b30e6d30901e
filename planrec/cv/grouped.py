"""Split by subscriber."""

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge
from pydantic import PositiveInt

from planrec.contracts import Fold, Splitter
from planrec.cv.fold_assignment import complements, folds_of_subscribers, repeated
from planrec.schema.tables import DecisionTable


class Grouped(Splitter):
    """Folds of subscribers, each with all its rows; every fold has the same shares of the plans."""

    kind: Literal["grouped"]
    n_folds: Annotated[int, Ge(2)]
    n_repeats: PositiveInt
    "Times that all subscribers are assigned to folds."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """True: subscribers are assigned, not rows."""
        return True

    @property
    def needs_time(self) -> bool:
        """False."""
        return False

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield n_folds folds per repeat.

        Raises:
            DataError: no plan has n_folds subscribers.
        """
        return complements(repeated(folds_of_subscribers, table, self.n_folds, self.n_repeats, seed))
