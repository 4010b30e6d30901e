"""Inputs of single decisions that are unlike all of training, found with the reference profile.

The profile has counts and no rows. The counts exclude a value that no training row had, and a missing value
of a column that was always filled; the edges of the cells give a range that numbers must be in, or near.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from planrec.input_drift.column_profile import ColumnProfile, known_rows
from planrec.input_drift.profile import Profile
from planrec.schema.columns import Columns, lag
from planrec.schema.decision_rows import lags_in

UNSEEN_VALUE, FAR_OUTSIDE, VALUE_MISSING = "unseen_value", "far_outside_training", "value_missing"
NOTICES = (UNSEEN_VALUE, FAR_OUTSIDE, VALUE_MISSING)
"Codes of the notices, in the order of the columns of `UnlikeTraining.of`."
FAR = 5.0
"""Distance from the middle eight tenths of training, in units of their width, that is far outside. About 1 in
1,000 lognormal values with sigma 1, such as data use on a real network, is that far."""


@dataclass(frozen=True)
class UnlikeTraining:
    """Finds decisions whose inputs are unlike those that a run was trained on."""

    profile: Profile
    names: tuple[str, ...]
    "The columns of the inputs: lag columns and attributes. Those without a profile have no notices."

    def of(self, X: Columns, n: int) -> np.ndarray:
        """Find the notices of decisions, shape (n, number of NOTICES), bool. No row depends on another row.

        Args:
            X: the inputs, shape (n,) each: `DecisionTable.X`.
            n: number of decisions.

        Examples:
            >>> region = ColumnProfile(name="region", values=("north",), counts=(9, 0, 0))
            >>> schema = {"schema": "planrec.profile/1", "catalogue_sha256": None, "plans": ()}
            >>> unlike = UnlikeTraining(Profile(**schema, columns=(region,)), ("region",))
            >>> unlike.of({"region": np.array(["north", "south", None], object)}, 3).tolist()
            [[False, False, False], [True, False, False], [False, False, True]]
        """
        found = np.zeros((n, len(NOTICES)), bool)
        for column in self._closed:
            found[:, 0] |= column.cells_of(X[column.name]) == len(column.values)
        if self._limits:
            numbers = np.array([X[name] for name in self._limits])
            found[:, 1] = ((numbers < self._bounds[0]) | (numbers > self._bounds[1])).any(axis=0)
        for name in self._always_filled:
            found[:, 2] |= ~known_rows(X[name])
        return found

    @cached_property
    def _attributes(self) -> tuple[ColumnProfile, ...]:
        """The profiles of the inputs that are not months."""
        inputs = set(self.names) - set(lags_in(self.names)[1])
        return tuple(column for column in self.profile.columns if column.name in inputs)

    @cached_property
    def _closed(self) -> tuple[ColumnProfile, ...]:
        """The attributes whose values are all named: none was rare in training, or one of too many."""
        return tuple(column for column in self._attributes if column.values and column.counts[-2] == 0)

    @cached_property
    def _always_filled(self) -> tuple[str, ...]:
        """The attributes that no training row lacks."""
        return tuple(column.name for column in self._attributes if column.counts[-1] == 0)

    @cached_property
    def _limits(self) -> dict[str, tuple[float, float]]:
        """The lowest and the highest number of each input that is not far outside.

        All months of a service have the limits of the last one, which is the one that the profile describes.
        """
        ranges = {column.name: limits for column in self.profile.columns if (limits := _range_of(column))}
        months = set(lags_in(self.names)[1])
        latest = {name: lag(name.rpartition(".")[0], 1) if name in months else name for name in self.names}
        return {name: ranges[last] for name, last in latest.items() if last in ranges}

    @cached_property
    def _bounds(self) -> np.ndarray:
        """`_limits` as an array, shape (2, number of columns, 1)."""
        return np.array(list(self._limits.values())).T[..., np.newaxis]


def _range_of(column: ColumnProfile) -> tuple[float, float] | None:
    """Return the numbers beyond which a value is far outside; None for texts, dates and few values."""
    if column.typical is None or len(column.edges) < 2:
        return None
    low, high = column.edges[0], column.edges[-1]
    return low - FAR * (high - low), high + FAR * (high - low)
