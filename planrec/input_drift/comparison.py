"""The distance of other data from a profile: effect sizes beside the noise that they have anyway."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planrec.input_drift.column_profile import ColumnProfile, known_values, typical_size
from planrec.input_drift.profile import Profile
from planrec.input_drift.watched import ADVICE

LEAST_IN_CELL = 5
"Rows that a cell of a chi-square test needs; smaller cells are pooled."


@dataclass(frozen=True)
class ColumnDrift:
    """One column of other data beside its profile."""

    name: str
    n: int
    "Rows compared."
    missing: float
    "Share of the rows without a value, in [0, 1]."
    missing_in_training: float
    psi: float
    "Population stability index."
    psi_expected: float
    "Index to expect from this number of rows without any drift."
    p_value: float
    """Chi-square test of both samples. It treats rows as independent draws, and days of a real operator are
    not, so it is shown as information and decides nothing."""
    typical_ratio: float | None
    "Median magnitude here over that of training; None without magnitudes."


def column_drift(profile: Profile, columns: Mapping[str, np.ndarray]) -> tuple[ColumnDrift, ...]:
    """Compare other data with a profile, column by column.

    Columns that the profile lacks are ignored, as is the advice if the data has none; all values of any other
    column that the data lacks are missing.
    """
    n = max((len(values) for values in columns.values()), default=0)
    missing = np.full(n, np.nan)
    return tuple(
        _drift_of(column, columns.get(column.name, missing))
        for column in profile.columns
        if column.name in columns or column.name not in ADVICE
    )


def stability_index(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the PSI of two rows of counts; half a row is added to each cell.

    >>> round(stability_index(np.array([50, 50]), np.array([60, 40])), 3)
    0.04
    """
    shares = [(counts + 0.5) / (counts + 0.5).sum() for counts in (first, second)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def expected_index(n_cells: int, n_first: float, n_second: float) -> float:
    """Compute the PSI to expect from two samples of one population.

    >>> expected_index(10, 20_000, 1_000)
    0.00945
    """
    return (n_cells - 1) * (1 / max(n_first, 1) + 1 / max(n_second, 1))


def _drift_of(column: ColumnProfile, values: np.ndarray) -> ColumnDrift:
    typical = typical_size(known_values(values)) if column.typical is not None else None
    ratio = None if typical is None or column.typical is None else typical / column.typical
    return drift_of_counts(column, column.count(values), ratio)


def drift_of_counts(column: ColumnProfile, counts: np.ndarray, typical_ratio: float | None) -> ColumnDrift:
    """Compare the counts of other data with one column of a profile."""
    reference, n = np.array(column.counts), int(counts.sum())
    n_cells = max(int(((reference + counts) > 0).sum()), 1)
    return ColumnDrift(
        name=column.name,
        n=n,
        missing=int(counts[-1]) / max(n, 1),
        missing_in_training=column.missing,
        psi=stability_index(reference, counts) if n else 0.0,
        psi_expected=expected_index(n_cells, column.n, n) if n else 0.0,
        p_value=two_sample_p(reference, counts),
        typical_ratio=typical_ratio,
    )


def two_sample_p(first: np.ndarray, second: np.ndarray) -> float:
    """Compute the p-value of the chi-square test that two rows of counts come from one population.

    >>> round(two_sample_p(np.array([50, 50]), np.array([60, 40])), 3)
    0.155
    """
    from scipy.special import chdtrc

    table = np.stack([first, second]).astype(np.float64)
    small = table.sum(axis=0) < LEAST_IN_CELL
    table = np.column_stack([table[:, ~small], table[:, small].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(chdtrc(table.shape[1] - 1, ((table - expected) ** 2 / expected).sum()))
