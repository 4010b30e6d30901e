"""Split by time and subscriber: train on the past of other subscribers."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge
from pydantic import PositiveInt

from planrec.commands.advice import typed
from planrec.contracts import Fold, Splitter
from planrec.cv.fold_assignment import folds_of_subscribers, repeated
from planrec.errors import DataError
from planrec.schema.tables import DecisionTable


class Rolling(Splitter):
    """Folds of subscribers at each of the latest instants.

    Training has only other subscribers, and only decisions whose label months have ended by the tested as_of.
    Instants without such earlier decisions are not tested.
    """

    kind: Literal["rolling"]
    n_folds: Annotated[int, Ge(2)]
    "Groups of subscribers; there are up to n_folds x n_instants folds."
    n_repeats: PositiveInt
    "Times that all subscribers are assigned to groups."
    n_instants: PositiveInt
    "How many of the latest as_of are tested."

    @property
    def keeps_subscribers_whole(self) -> bool:
        """True: subscribers are assigned, not rows."""
        return True

    @property
    def needs_time(self) -> bool:
        """True: training is the past of the tested rows."""
        return True

    def split(self, table: DecisionTable, seed: int) -> Iterator[Fold]:
        """Yield up to n_folds folds per tested instant and repeat.

        Raises:
            DataError: decisions have no as_of, no plan has n_folds subscribers, or no tested instant has
                earlier decisions to train on.
        """
        as_of = _instants(table)
        label_end = _months_later(as_of, table.horizon)
        tested_instants = np.unique(as_of)[-self.n_instants :]
        _check_past(tested_instants, label_end)
        groups = repeated(folds_of_subscribers, table, self.n_folds, self.n_repeats, seed)
        for repeat, group in enumerate(groups):
            for instant in tested_instants:
                known = label_end <= instant
                for fold in range(self.n_folds):
                    train = np.flatnonzero(known & (group != fold))
                    test = np.flatnonzero((as_of == instant) & (group == fold))
                    if len(train) and len(test):
                        yield Fold(train, test, repeat)


def _instants(table: DecisionTable) -> np.ndarray:
    if table.as_of is None:
        raise DataError(
            f"cv=rolling needs the instant (as_of) of every decision, got none; type {typed(cv='grouped')}"
        )
    return table.as_of.astype("datetime64[D]")


def _months_later(as_of: np.ndarray, n_months: int) -> np.ndarray:
    """Return the same day n_months later; day 31 of a month with 30 days is day 1 of the next one.

    Examples:
        >>> _months_later(np.array(["2018-01-31"], "datetime64[D]"), 1).tolist()
        [datetime.date(2018, 3, 3)]
    """
    month = as_of.astype("datetime64[M]")
    return (month + np.timedelta64(n_months, "M")).astype("datetime64[D]") + (as_of - month)


def _check_past(tested_instants: np.ndarray, label_end: np.ndarray) -> None:
    if len(label_end) and label_end.min() > tested_instants[-1]:
        raise DataError(
            "cv=rolling needs decisions whose label months end by the tested as_of,"
            f" got {label_end.min()} as the first end and {tested_instants[-1]} as the last as_of;"
            f" give longer histories, or type {typed({'target.min_history': 1, 'target.horizon': 1})};"
            f" {typed(cv='grouped')} needs no past, but trains on later months than it tests"
        )
