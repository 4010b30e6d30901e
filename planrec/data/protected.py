"""Protected columns: traits by which people must not be judged. They become groups, never features."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np

from planrec.commands.advice import typed
from planrec.contracts import Bands
from planrec.data.reading.cells import cells_of
from planrec.data.reading.column_names import tidy_name
from planrec.data.reading.column_types import text_of, without_errors
from planrec.data.reading.raw_table import RawTable
from planrec.schema.columns import Columns
from planrec.wording import counted

FEWEST = 100
"Subscribers of a value below which it is part of OTHER: few people can be identified, and show no rates."
MOST_VALUES = 10
"Different numbers of a column up to which each is a group; more are cut at quartiles, without `bands`."
OTHER, UNKNOWN = "other", "unknown"


@dataclass
class Protected:
    """The protected columns of a raw table, cell by cell; `groups` makes segments of the rows in use."""

    bands: dict[str, Bands] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    "Numbers if the column is cut into bands, else text; NaN and None for blank cells."
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: RawTable, protected_columns: Mapping[str, Bands]) -> Self:
        """Read the protected columns of `raw`; `role_problems` reports those that it lacks."""
        found = cls()
        for option, bands in protected_columns.items():
            name = tidy_name(option)
            if name in raw.columns and raw.is_readable(name):
                found._add(name, bands, raw)
        return found

    def groups(self, rows: np.ndarray, subscriber: np.ndarray) -> tuple[Columns, tuple[str, ...]]:
        """Make the segments of these rows, shape (n,) of text each, and notes about rare values.

        Args:
            rows: shape (n,), positions in the raw table.
            subscriber: shape (n,), the subscriber of each row.
        """
        segments: Columns = {}
        notes: list[str] = []
        for name, cells in self.columns.items():
            if cells.dtype == object:
                segments[name], rare = groups_by_value(cells[rows], subscriber)
                if rare:
                    notes.append(
                        f"protected column {name!r}: {counted(rare, 'value')} of fewer than {FEWEST}"
                        f" subscribers each form the group {OTHER!r}"
                    )
            else:
                segments[name] = banded(cells[rows], self.bands[name] or _quartiles(cells[rows]))
        return segments, tuple(notes)

    def _add(self, name: str, bands: Bands, raw: RawTable) -> None:
        column = without_errors(raw.columns[name])
        cells = cells_of(column, raw.reading.notation(name))
        blank = column.null_count == len(column)
        is_number = cells is not None and cells.kind == "number" and not blank
        if bands is not None and not is_number and not blank:
            self.problems.append(
                f"column {name!r} (data.protected_columns) must hold numbers to be cut into bands: to make"
                f" each value a group, type {typed({'++data.protected_columns': {name: None}})}"
            )
        elif cells is not None and cells.kind == "date":
            self.problems.append(
                f"column {name!r} (data.protected_columns) must hold numbers or text, it holds dates: use a"
                " column of ages or years"
            )
        elif cells is not None and is_number and _is_measured(cells.values, bands):
            self.bands[name], self.columns[name] = bands, cells.values
        else:
            self.bands[name], self.columns[name] = None, text_of(column).to_numpy()


def banded(values: np.ndarray, bands: tuple[float, ...]) -> np.ndarray:
    """Name the band of each number, shape (n,), object of str; each begins with its edge.

    Examples:
        >>> banded(np.array([29.0, 30.0, 60.0, np.nan]), (30.0, 60.0)).tolist()
        ['<30', '30 to <60', '60+', 'unknown']
    """
    edges = [f"{edge:.15g}" for edge in bands]
    between = [f"{low} to <{high}" for low, high in pairwise(edges)]
    names = np.array([f"<{edges[0]}", *between, f"{edges[-1]}+"], object)
    return np.where(np.isnan(values), UNKNOWN, names[np.searchsorted(bands, values, side="right")])


def _is_measured(values: np.ndarray, bands: Bands) -> bool:
    """Decide whether numbers are cut into bands; few different ones, such as 0 and 1, are codes of groups."""
    return bands is not None or len(np.unique(values[~np.isnan(values)])) > MOST_VALUES


def _quartiles(values: np.ndarray) -> tuple[float, ...]:
    """Compute the three quartiles, each a number that occurs; fewer if some are equal."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return (0.0,)
    return tuple(float(edge) for edge in np.unique(np.percentile(known, (25, 50, 75), method="inverted_cdf")))


def groups_by_value(text: np.ndarray, subscriber: np.ndarray) -> tuple[np.ndarray, int]:
    """Make groups of the values, shape (n,), and count those that were too rare to be a group."""
    values, codes = np.unique(np.where(text == None, UNKNOWN, text).astype(str), return_inverse=True)  # noqa: E711
    who = np.unique(subscriber, return_inverse=True)[1]
    pairs = np.unique(np.stack([codes, who]), axis=1)
    count = np.bincount(pairs[0], minlength=len(values))
    rare = (count < FEWEST) & (values != UNKNOWN)
    names = np.where(rare, OTHER, values).astype(object)
    return names[codes], int(rare.sum())
