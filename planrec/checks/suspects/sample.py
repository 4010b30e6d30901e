"""One decision per subscriber, which the warnings look at."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from planrec.checks.evidence import Evidence, codes_of, source_name
from planrec.checks.leakage import PlanScreen, screen_of
from planrec.schema.columns import Columns, Usage, lag
from planrec.schema.tables import DecisionTable

MOST_SUBSCRIBERS = 5_000
"Number of randomly drawn subscribers that are looked at: bounds the time."
MOST_CODES = 100
"Columns with more distinct values are cut into bins, or their rare texts are merged."


@dataclass(frozen=True)
class SuspectSample:
    """The last decision of every subscriber, or of `MOST_SUBSCRIBERS` of them."""

    evidence: Evidence
    "All decisions."
    rows: np.ndarray
    "Shape (n,): position of each decision of the sample among all decisions."
    table: DecisionTable
    "Shape (n,) in every column: the decisions of the sample."
    screen: PlanScreen
    "Plans held by the decisions of the sample; its rows are 0 ... n - 1."
    known: frozenset[str]
    "Columns in the source that need no warning, because a check already reported them."

    @property
    def plan(self) -> np.ndarray:
        """The plan held, shape (n,): index into `table.plans`."""
        return self.screen.plan

    @property
    def unreported(self) -> Columns:
        """Columns that no check reported."""
        return {name: values for name, values in self.table.X.items() if self.source(name) not in self.known}

    @property
    def suspects(self) -> Columns:
        """Columns that may be leaks: all but mapped usage and those reported already."""
        usage = usage_names(self.table)
        return {name: values for name, values in self.unreported.items() if name not in usage}

    def source(self, column: str) -> str:
        """Return the name of a column in the source."""
        return source_name(self.table, column)

    def without(self, reported: Collection[str]) -> "SuspectSample":
        """Leave further reported columns out of the suspects."""
        return replace(self, known=self.known | set(map(self.source, reported)))


def sample_of(evidence: Evidence, known: Collection[str]) -> SuspectSample | None:
    """Draw the sample; None if no plan has enough subscribers on both sides."""
    screen = screen_of(evidence)
    if screen is None or len(screen.classes) == 0:
        return None
    drawn = np.sort(np.random.default_rng(0).permutation(len(screen.rows))[:MOST_SUBSCRIBERS])
    rows = screen.rows[drawn]
    table = evidence.table.take(rows)
    of_sample = screen_of(replace(evidence, table=table))
    if of_sample is None or len(of_sample.classes) == 0:
        return None
    return SuspectSample(evidence, rows, table, of_sample, frozenset(known))


def usage_names(table: DecisionTable) -> set[str]:
    """Return the columns of X that the source maps to usage; they are what a plan is chosen by."""
    return {lag(name, month + 1) for name in Usage.ALL for month in range(table.inputs.window)} & set(table.X)


def binned(values: np.ndarray, most: int = MOST_CODES) -> np.ndarray:
    """Assign codes 0 ... K - 1 to bins of equal size, or to frequent texts, shape (n,), int64.

    Args:
        values: a column of any dtype, shape (n,); missing is a value of its own.
        most: largest number of codes.

    Examples:
        >>> binned(np.array([1.0, 2.0, 3.0, 4.0]), most=2).tolist()
        [0, 0, 1, 1]
        >>> binned(np.array(["a", "b", "a", "c"], object), most=2).tolist()
        [0, 1, 0, 1]
    """
    codes = codes_of(values)
    count = np.bincount(codes)
    if len(count) <= most:
        return codes
    if values.dtype == object:
        rank = np.empty(len(count), np.int64)
        rank[np.argsort(-count, kind="stable")] = np.arange(len(count))
        return np.minimum(rank, most - 1)[codes]
    return np.unique(((np.cumsum(count) - 1) * most // len(codes))[codes], return_inverse=True)[1]


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return whether each value of a column is missing, shape (n,), bool; an empty text is missing too."""
    if values.dtype == object:
        return np.array([value is None or not value.strip() for value in values], bool)
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def numbers(columns: Columns) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the columns of numbers and dates that have two values or more; missing becomes the median."""
    for name, values in columns.items():
        if values.dtype == object or is_missing(values).all():
            continue
        number = values.astype("datetime64[s]").astype(float) if values.dtype.kind == "M" else values
        number = np.where(is_missing(values), np.median(number[~is_missing(values)]), number)
        if number.min() < number.max():
            yield name, number
