"""Faults that need no statistics: each is reported the same day, by the name of its column."""

from collections.abc import Iterator, Mapping

import numpy as np

from planrec.input_drift.column_profile import ColumnProfile, known_values, typical_size
from planrec.input_drift.profile import Profile
from planrec.input_drift.watched import ADVICE, PLAN_ADVISED, PLAN_HELD

MOST_MISSING_POINTS = 0.2
"Share of missing values above that of training that counts as a fault; smaller changes need evidence."
MOST_RATIO = 8.0
"A typical size outside 1/8 to 8 of that of training is a wrong unit, such as KiB or days for months."
LEAST_VALUES = 20
"Values or rows below which a median, a missing plan or identical rows prove nothing."


def hard_problems(profile: Profile, columns: Mapping[str, np.ndarray]) -> list[str]:
    """List the faults of other data that are certain at once, in one sentence each; empty if there are none.

    Args:
        profile: the profile of the run that answers.
        columns: name -> values, as in `profile_of`; a column of the profile that is not here is missing. The
            columns of the advice are compared if they are here.
    """
    n = max((len(values) for values in columns.values()), default=0)
    if n == 0:
        return ["there are no rows"]
    problems = [problem for column in profile.columns for problem in _column_problems(column, columns)]
    return [*problems, *_identical_rows(profile, columns, n)]


def _column_problems(column: ColumnProfile, columns: Mapping[str, np.ndarray]) -> Iterator[str]:
    values = columns.get(column.name)
    if values is None:
        if column.name not in ADVICE:
            yield f"{column.name}: the column is missing"
        return
    yield from _missing_problem(column, values)
    yield from _unit_problem(column, values)
    if column.name in (PLAN_HELD, PLAN_ADVISED):
        yield from _vanished_plans(column, values)


def _missing_problem(column: ColumnProfile, values: np.ndarray) -> Iterator[str]:
    missing = 1 - len(known_values(values)) / len(values)
    if missing > min(column.missing + MOST_MISSING_POINTS, 1.0) or (missing == 1.0 > column.missing):
        yield f"{column.name}: {missing:.0%} of the values are missing, {column.missing:.0%} in training"


def _unit_problem(column: ColumnProfile, values: np.ndarray) -> Iterator[str]:
    known = known_values(values)
    if column.typical is None or values.dtype.kind != "f" or np.count_nonzero(known) < LEAST_VALUES:
        return
    size = typical_size(known) or 0.0
    ratio = size / column.typical
    if not 1 / MOST_RATIO <= ratio <= MOST_RATIO:
        yield (
            f"{column.name}: typical value {size:g}, {column.typical:g} in training: {_shown(ratio)} times as"
            f" large, as if the unit had changed; allowed: {1 / MOST_RATIO:g} to {MOST_RATIO:g} times"
        )


def _shown(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 1 else f"{ratio:.3g}"


def _vanished_plans(column: ColumnProfile, values: np.ndarray) -> Iterator[str]:
    """Find the plans of which so many rows were to be expected that none at all is no chance."""
    counts = column.count(values)
    expected = np.array(column.counts) / max(column.n, 1) * counts.sum()
    for value, found, usual in zip(column.values, counts, expected, strict=False):
        if found == 0 and usual >= LEAST_VALUES:
            yield f"{column.name}: {value} has vanished, about {usual:.0f} rows were to be expected"


def _identical_rows(profile: Profile, columns: Mapping[str, np.ndarray], n: int) -> Iterator[str]:
    counted = {column.name: column for column in profile.columns if column.name not in ADVICE}
    varied = [
        columns[name]
        for name, column in counted.items()
        if name in columns and np.count_nonzero(column.counts) > 1
    ]
    if n >= LEAST_VALUES and varied and all(len(set(_plain(values))) == 1 for values in varied):
        yield f"all {n:,} rows are identical"


def _plain(values: np.ndarray) -> list[str]:
    """Return texts that are equal for equal values; NaN equals NaN."""
    return [str(value) for value in values.tolist()]
