"""Rows that nearly equal others, probably of the same person, in the training and the test rows of a fold."""

import numpy as np

from planrec.checks.evidence import Findings, codes_of
from planrec.checks.suspects.sample import SuspectSample, numbers
from planrec.commands.advice import typed
from planrec.wording import counted

NEIGHBOURS = 5
"The distance to the nearest row is compared with that to this one."
NEAR = 0.1
"Rows nearer than this share of the distance to the neighbour of comparison are twins."
LEAST_SHARE = 0.05
"Share of twins from which the rows are reported."
LEAST_COLUMNS = 2
"Fewer columns of numbers do not show who is who."
MOST_COLUMNS = 12
"Columns of numbers that are compared: bounds the time."
LEAST_CONTRAST = 0.5
"Twins among the rows within three times NEAR; chance alone has a third of them per column, or fewer."
APART = 10.0
"Distance of different texts, in units of the whole range of a column of numbers."


def near_twins(sample: SuspectSample) -> Findings:
    """Look for rows without a subscriber that are much nearer to one row than to all others.

    Exact copies are left to the source, which reports them when it reads the file.
    """
    if sample.evidence.table.has_subscribers:
        return Findings()
    points, first = np.unique(_places(sample), axis=0, return_index=True)
    if points.shape[1] <= LEAST_COLUMNS or len(points) <= NEIGHBOURS:
        return Findings()
    twin, is_twin = _twins(points)
    shared = _across_folds(sample, sample.rows[first[is_twin]], sample.rows[first[twin[is_twin]]])
    if is_twin.mean() < LEAST_SHARE or shared == 0:
        return Findings()
    return Findings(
        notes=(
            f"{counted(int(is_twin.sum()), 'row')} of {len(points):,} nearly equal another row, and up to"
            f" {shared:.0%} of the test rows of a fold have such a twin in its training rows: probably people"
            " with several rows; name the column of the subscriber with"
            f" {typed({'data.subscriber_column': 'COLUMN'})}, or keep one row of each person",
        )
    )


def _places(sample: SuspectSample) -> np.ndarray:
    """Place the rows by the ranks of their numbers, in [0, 1], and far apart if a text differs."""
    ranks = {name: _ranks(values) for name, values in numbers(sample.table.X)}
    # Twins are near in every column, so those with the most values are enough.
    finest = sorted(ranks, key=lambda name: -len(np.unique(ranks[name])))[:MOST_COLUMNS]
    texts = [codes_of(values) for values in sample.table.X.values() if values.dtype == object]
    joint = (
        np.unique(np.column_stack(texts), axis=0, return_inverse=True)[1]
        if texts
        else np.zeros(len(sample.rows))
    )
    return np.column_stack([*(ranks[name] for name in finest), APART * joint.ravel()])


def _ranks(values: np.ndarray) -> np.ndarray:
    codes = codes_of(values)
    count = np.bincount(codes)
    return ((np.cumsum(count) - count / 2) / len(codes))[codes]


def _twins(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest other point of each point, and whether it is a twin; none if chance explains it."""
    from scipy.spatial import cKDTree

    distance, neighbour = cKDTree(points).query(points, NEIGHBOURS + 1)
    ratio = distance[:, 1] / distance[:, NEIGHBOURS]
    is_twin = ratio < NEAR
    if is_twin.sum() < LEAST_CONTRAST * (ratio < 3 * NEAR).sum():
        is_twin[:] = False
    return neighbour[:, 1], is_twin


def _across_folds(sample: SuspectSample, rows: np.ndarray, twins: np.ndarray) -> float:
    """Return the largest share of the test rows of a fold that have their twin in its training rows."""
    n, largest = len(sample.evidence.table), 0.0
    looked_at = np.zeros(n, bool)
    looked_at[sample.rows] = True
    for fold in sample.evidence.folds:
        is_test, is_train = np.zeros(n, bool), np.zeros(n, bool)
        is_test[fold.test], is_train[fold.train] = True, True
        both = (is_test[rows] & is_train[twins]).sum()
        largest = max(largest, both / max(1, (is_test & looked_at).sum()))
    return float(largest)
