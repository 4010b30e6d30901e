"""One column as cells and counts: a few numbers that describe it without any of its rows."""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from planrec.schema.config_model import Config

N_CELLS = 10
"Cells of a column of numbers with many values, equally full in training."
MOST_VALUES = 12
"Different values that become cells of their own."
LEAST_ROWS = 5
"Rows behind a value that is named, and in a cell: a profile must not show the value of one person."
DIGITS = 5
"Significant digits of edges: days since 1970 stay exact."


class ColumnProfile(Config):
    """Cells of one column, and the number of training rows in each."""

    name: str
    edges: tuple[float, ...] = ()
    "Upper edges of the cells of a column of numbers; the last cell has none."
    values: tuple[float | str, ...] = ()
    "Values with a cell each; one more cell counts all other values."
    counts: tuple[int, ...] = Field(min_length=1)
    "Rows in each cell; the last entry counts the rows without a value."
    typical: float | None = None
    "Median of the magnitudes other than 0 in a column of numbers; None for texts and dates."

    @model_validator(mode="after")
    def _every_cell_has_its_count(self) -> Self:
        n_cells = len(self.values or self.edges) + 2
        if len(self.counts) != n_cells or min(self.counts) < 0:
            raise ValueError(f"counts of {self.name!r} must be {n_cells} numbers, 0 or more")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"edges of {self.name!r} must ascend")
        return self

    @property
    def n(self) -> int:
        """Number of training rows."""
        return sum(self.counts)

    @property
    def missing(self) -> float:
        """Share of the training rows without a value, in [0, 1]."""
        return self.counts[-1] / max(self.n, 1)

    @property
    def cells(self) -> tuple[str, ...]:
        """Names of the cells, in the order of `counts`.

        >>> ColumnProfile(name="sms", edges=(0.0, 8.0), counts=(5, 5, 5, 0)).cells
        ('up to 0', 'up to 8', 'more', 'missing')
        """
        if self.edges:
            return (*(f"up to {edge:g}" for edge in self.edges), "more", "missing")
        return (*(str(value) for value in self.values), "other", "missing")

    def count(self, values: np.ndarray) -> np.ndarray:
        """Count the rows of other data in these cells, shape (number of cells,), int64.

        >>> ColumnProfile(name="sms", edges=(0.0, 8.0), counts=(5, 5, 5, 0)).count(np.array([0, 9.0, np.nan]))
        array([1, 0, 1, 1])
        """
        return np.bincount(self.cells_of(values), minlength=len(self.counts))

    def cells_of(self, values: np.ndarray) -> np.ndarray:
        """Find the cell of each value of other data, shape (n,), int64."""
        is_known, missing = known_rows(values), len(self.counts) - 1
        if self.edges:
            found = np.searchsorted(np.array(self.edges), _as_numbers(values))
            return np.where(is_known, found, missing)
        cell = {value: number for number, value in enumerate(self.values)}
        found = np.array([cell.get(value, missing - 1) for value in values.tolist()], np.int64)
        return np.where(is_known, found, missing)


def profile_of_column(name: str, values: np.ndarray) -> ColumnProfile:
    """Choose the cells of a column, and count its rows in them.

    Values of fewer than LEAST_ROWS rows are counted among the others, and never named.

    >>> profile_of_column("plan", np.array(["s"] * 6 + ["l"] * 5 + [None], object)).counts
    (5, 6, 0, 1)
    """
    known = known_values(values)
    named = _frequent(known) if values.dtype == object else _few(known)
    edges = () if named or values.dtype == object else _edges(_as_numbers(known))
    has_size = values.dtype.kind == "f" and np.count_nonzero(known) >= LEAST_ROWS
    typical = typical_size(known) if has_size else None
    n_cells = len(named or edges) + 2
    blank = ColumnProfile(name=name, edges=edges, values=named, counts=(0,) * n_cells, typical=typical)
    return blank.model_copy(update={"counts": tuple(blank.count(values).tolist())})


def known_values(values: np.ndarray) -> np.ndarray:
    """Return the values of a column that are not missing."""
    return values[known_rows(values)]


def known_rows(values: np.ndarray) -> np.ndarray:
    """Return whether each value of a column is there, shape (n,), bool."""
    if values.dtype == object:
        return np.array([value is not None for value in values.tolist()], bool)
    return ~(np.isnat(values) if values.dtype.kind == "M" else np.isnan(values))


def typical_size(known: np.ndarray) -> float | None:
    """Return the median of the magnitudes other than 0, or None if there are none.

    >>> typical_size(np.array([0.0, 2.0, -4.0, 6.0]))
    4.0
    """
    sizes = np.abs(known[known != 0])
    return float(f"{np.median(sizes):.{DIGITS}g}") if len(sizes) else None


def _as_numbers(known: np.ndarray) -> np.ndarray:
    """Return numbers; dates become days since 1970."""
    return known.astype("datetime64[D]").astype(np.float64) if known.dtype.kind == "M" else known


def _few(known: np.ndarray) -> tuple[float, ...]:
    """Return the values of a column of numbers that has few different ones."""
    distinct, counts = np.unique(known, return_counts=True)
    if known.dtype.kind != "f" or len(distinct) > MOST_VALUES:
        return ()
    return tuple(float(value) for value in distinct[counts >= LEAST_ROWS])


def _edges(known: np.ndarray) -> tuple[float, ...]:
    """Return the edges of cells that hold enough rows each; the last one may be empty."""
    if not len(known):
        return ()
    quantiles = np.quantile(known, np.linspace(0, 1, N_CELLS + 1)[1:-1])
    kept, below = [], 0
    for edge in sorted({float(f"{edge:.{DIGITS}g}") for edge in quantiles.tolist()}):
        until = int(np.count_nonzero(known <= edge))
        if until - below >= LEAST_ROWS and (until == len(known) or len(known) - until >= LEAST_ROWS):
            kept.append(edge)
            below = until
    return tuple(kept)


def _frequent(known: np.ndarray) -> tuple[str, ...]:
    """Return the most frequent texts, in the order of the alphabet."""
    texts, counts = np.unique(known.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    return tuple(sorted(texts[order][counts[order] >= LEAST_ROWS].tolist()))
