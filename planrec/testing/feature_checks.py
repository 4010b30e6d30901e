"""Contract of feature sets: a float64 matrix in which no row depends on another row."""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.base import BaseEstimator, clone

from planrec.catalogue import Catalogue
from planrec.contracts import FeatureSet
from planrec.schema.columns import Columns, frame_of, take_rows


def check_features(features: FeatureSet, columns: Columns, catalogue: Catalogue | None = None) -> None:
    """Run every check of `FEATURE_CHECKS`.

    Args:
        features: the option.
        columns: a table that it can read, with at least four rows.
        catalogue: the plans, if it needs them.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    for name, check in FEATURE_CHECKS.items():
        try:
            check(features.build(catalogue), columns)
        except AssertionError as error:
            error.add_note(f"in the check {name} of features={features.kind}")
            raise


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    """Return whether two matrices are equal to the last bit; NaN equals NaN, and 0.0 differs from -0.0."""
    if left.shape != right.shape or not np.array_equal(np.isnan(left), np.isnan(right)):
        return False
    return left[~np.isnan(left)].tobytes() == right[~np.isnan(right)].tobytes()


def the_matrix_is_contiguous_float64_with_one_name_per_column(
    transformer: BaseEstimator, columns: Columns
) -> None:
    """Check dtype, memory order, shape and distinct feature names; no value is infinite."""
    matrix = transformer.fit(columns).transform(columns)
    names = transformer.get_feature_names_out().tolist()
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.shape == (_n_rows(columns), len(names))
    assert len(set(names)) == len(names)
    assert not np.isinf(matrix).any()


def a_row_does_not_depend_on_the_other_rows(transformer: BaseEstimator, columns: Columns) -> None:
    """Check that a row alone, and rows in another order, give the same bits as the batch."""
    matrix = transformer.fit(take_rows(columns, slice(0, 2))).transform(columns)
    for row in range(_n_rows(columns)):
        assert same_bits(transformer.transform(take_rows(columns, np.array([row]))), matrix[[row]])
    backwards = np.arange(_n_rows(columns))[::-1]
    assert same_bits(transformer.transform(take_rows(columns, backwards)), matrix[backwards])


def inputs_stay_unchanged(transformer: BaseEstimator, columns: Columns) -> None:
    """Check that `fit` and `transform` do not write into the table."""
    before = {name: array.copy() for name, array in columns.items()}
    transformer.fit(columns).transform(columns)
    assert all(_equal(before[name], array) for name, array in columns.items())


def a_clone_learns_the_same(transformer: BaseEstimator, columns: Columns) -> None:
    """Check that a clone of a fitted transformer has no state and learns the same."""
    matrix = transformer.fit(columns).transform(columns)
    copy = clone(transformer)
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert same_bits(copy.fit(columns).transform(columns), matrix)


def a_dataframe_gives_the_same_bits(transformer: BaseEstimator, columns: Columns) -> None:
    """Check that a DataFrame, and columns in another order, give the same matrix."""
    matrix = transformer.fit(columns).transform(columns)
    assert same_bits(transformer.transform(frame_of(columns)), matrix)
    assert same_bits(transformer.transform(dict(reversed(columns.items()))), matrix)


def no_rows_give_no_rows(transformer: BaseEstimator, columns: Columns) -> None:
    """Check an empty table."""
    transformer.fit(columns)
    nothing = take_rows(columns, np.array([], dtype=np.int64))
    assert transformer.transform(nothing).shape == (0, len(transformer.get_feature_names_out()))


FEATURE_CHECKS: Mapping[str, Callable[[BaseEstimator, Columns], None]] = {
    check.__name__: check
    for check in (
        the_matrix_is_contiguous_float64_with_one_name_per_column,
        a_row_does_not_depend_on_the_other_rows,
        inputs_stay_unchanged,
        a_clone_learns_the_same,
        a_dataframe_gives_the_same_bits,
        no_rows_give_no_rows,
    )
}
"Checks by name; each takes an unfitted transformer and a table, and raises AssertionError."


def _n_rows(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    if left.dtype == object:
        return left.tolist() == right.tolist()
    return np.array_equal(left, right, equal_nan=True)
