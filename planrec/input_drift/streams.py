"""The counts of one day as an array, and the streams of evidence that are computed from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from planrec.input_drift.column_profile import ColumnProfile
from planrec.input_drift.profile import Profile
from planrec.input_drift.watched import PLAN_HELD

ALL_COLUMNS = "all_columns"
"The stream of all columns together: it finds a change that is small in each of several columns."


class CountedRow(NamedTuple):
    """One row of the array: a column, of all decisions or of a segment."""

    column: ColumnProfile
    segment: str | None


@dataclass(frozen=True)
class Streams:
    """Streams of evidence about the days of one profile.

    There is one stream per column, one of all columns together, and one per segment, the holders of a plan. A
    third of the weight belongs to each of these kinds.
    """

    profile: Profile

    @cached_property
    def rows(self) -> tuple[CountedRow, ...]:
        """Rows of the array of a day: the columns, then the columns of numbers of each segment."""
        columns = self.profile.columns
        inside = [column for column in columns if column.edges]
        return (
            *(CountedRow(column, None) for column in columns),
            *(CountedRow(column, segment) for segment in self._segments if inside for column in inside),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the streams, such as `data_mib.1`, `all_columns`, `plan_held=max`."""
        columns = [column.name for column in self.profile.columns]
        return (*columns, ALL_COLUMNS, *(f"{PLAN_HELD}={segment}" for segment in self._segments))

    @cached_property
    def members(self) -> np.ndarray:
        """Whether a row belongs to a stream, shape (streams, rows), float64."""
        segments = [row.segment for row in self.rows]
        n = len(self.profile.columns)
        together = [float(segment is None) for segment in segments]
        inside = [[float(own == segment) for own in segments] for segment in self._segments]
        return np.vstack([np.eye(n, len(segments)), [together], *inside])

    @cached_property
    def weights(self) -> np.ndarray:
        """Weights of the streams in the evidence of all, shape (streams,); they sum to 1."""
        sizes = [size for size in (len(self.profile.columns), 1, len(self._segments)) if size]
        return np.concatenate([np.full(size, 1 / size / len(sizes)) for size in sizes])

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Shape of the array of a day: rows, and cells of the longest one."""
        return len(self.rows), max(len(row.column.counts) for row in self.rows)

    def count(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Count the decisions of one day, shape `shape`, int64; cells that a row does not have are 0.

        Args:
            columns: name -> values, shape (n,), as `watched_columns` returns them, with the advice.
        """
        counts = np.zeros(self.shape, np.int64)
        n = max((len(values) for values in columns.values()), default=0)
        missing = np.full(n, np.nan)
        cells = {
            column.name: column.cells_of(columns.get(column.name, missing)) for column in self.profile.columns
        }
        held = columns.get(PLAN_HELD, np.full(n, None, object))
        of_segment = {segment: np.flatnonzero(held == segment) for segment in self._segments}
        for number, (column, segment) in enumerate(self.rows):
            of_row = cells[column.name] if segment is None else cells[column.name][of_segment[segment]]
            counts[number] = np.bincount(of_row, minlength=self.shape[1])
        return counts

    @cached_property
    def _segments(self) -> tuple[str, ...]:
        held = [column for column in self.profile.columns if column.name == PLAN_HELD]
        has_numbers = any(column.edges for column in self.profile.columns)
        return tuple(str(value) for column in held for value in column.values) if has_numbers else ()
