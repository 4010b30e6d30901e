"""Input of feature transformers: `Columns`, or a DataFrame of the same columns."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from sklearn.utils import Tags

from planrec.errors import DataError
from planrec.schema.columns import Columns, columns_of
from planrec.wording import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"b": "number", "i": "number", "u": "number", "f": "number", "M": "date", "O": "text"}
"""numpy's dtype.kind -> content of a column."""


class NamedColumns:
    """Mixin for transformers that find their columns by name and accept NaN."""

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags for named columns with NaN."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = False  # columns must be named
        tags.input_tags.dict = True
        return tags


def is_named(X: object) -> bool:
    """Return whether `X` names its columns: `Columns` or a DataFrame.

    Examples:
        >>> is_named({"age": np.array([30.0])}), is_named(np.zeros((1, 1)))
        (True, False)
    """
    return is_dict(X) or is_frame(X)


def is_dict(X: object) -> TypeGuard[Columns]:
    """Return whether `X` is `Columns` already; a sparse format of scipy is a subclass of dict and is not."""
    return type(X) is dict


def is_frame(X: object) -> "TypeGuard[pd.DataFrame]":
    """Return whether `X` is a DataFrame, without loading pandas."""
    return hasattr(X, "iloc")


def columns_from(X: object) -> Columns:
    """Return `X` as `Columns`; a dict is passed through, not copied.

    Raises:
        DataError: `X` is neither a dict of arrays nor a DataFrame.
    """
    if is_dict(X):
        return X
    if is_frame(X):
        return columns_of(X)
    raise DataError(
        f"features must be given named columns, a dict of arrays or a DataFrame, got {type(X).__name__}"
    )


def check_present(columns: Columns, names: Iterable[str]) -> None:
    """Check that every column of the fit is present; other columns may be present too.

    Raises:
        DataError: columns are missing; the message names all of them.
    """
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(
            f"features need columns that the table lacks ({len(missing)})",
            [f"{name!r} is missing{did_you_mean(name, columns)}" for name in missing],
        )


def kind_of(array: np.ndarray) -> str:
    """Return the content of a column: number, date or text; else the name of its dtype.

    Examples:
        >>> kind_of(np.array([1.5])), kind_of(np.array(["a"], dtype=object))
        ('number', 'text')
    """
    return KINDS.get(array.dtype.kind) or str(array.dtype)


def all_missing(array: np.ndarray) -> bool:
    """Return whether no value is known, as in a blank column of a file, whose kind means nothing.

    Examples:
        >>> all_missing(np.array([None, None], dtype=object)), all_missing(np.array([np.nan, 1.0]))
        (True, False)
    """
    if array.dtype.kind == "O":
        return all(value is None for value in array.tolist())
    return array.dtype.kind in "fM" and bool(np.isnan(array).all())  # True for NaT, too


def wrong_kinds(columns: Columns, kinds: dict[str, str]) -> list[str]:
    """Return one sentence per column of another kind than in fit; columns without known values pass."""
    return [
        f"{name!r} must be {kind}, as in fit, got {kind_of(columns[name])}"
        for name, kind in kinds.items()
        if kind_of(columns[name]) != kind and not all_missing(columns[name])
    ]


def numbers_of(array: np.ndarray) -> np.ndarray:
    """Convert numbers to float64; NaN for a blank column that was read as text or dates."""
    if array.dtype.kind == "M":
        return np.full(len(array), np.nan)
    return array.astype(np.float64, copy=False)
