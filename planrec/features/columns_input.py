"""What feature transformers accept: `Columns`, or a DataFrame of the same columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from planrec.errors import DataError
from planrec.schema.columns import Columns, columns_of
from planrec.wording import did_you_mean

KINDS = {"b": "number", "i": "number", "u": "number", "f": "number", "M": "date", "O": "text"}
"""numpy's dtype.kind -> what a column holds."""


class NamedColumns:
    """Mixin: tells scikit-learn that a transformer finds its columns by name, and that NaN is legal."""

    def __sklearn_tags__(self) -> Any:
        tags: Any = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = True
        tags.input_tags.two_d_array = False  # columns must be named
        tags.input_tags.dict = True
        return tags


def is_named(X: Any) -> bool:
    """Whether `X` names its columns: `Columns` or a DataFrame."""
    return is_dict(X) or hasattr(X, "iloc")


def is_dict(X: Any) -> bool:
    """Whether `X` is `Columns` already. One sparse format of scipy is a subclass of dict: it is not."""
    return type(X) is dict


def columns_from(X: Any) -> Columns:
    """`X` as `Columns`; a dict is passed through, not copied.

    Raises:
        DataError: `X` is neither a dict of arrays nor a DataFrame.
    """
    if is_dict(X):
        return X
    if hasattr(X, "iloc"):
        return columns_of(X)
    raise DataError(
        f"features must be given named columns, a dict of arrays or a DataFrame, got {type(X).__name__}"
    )


def check_present(columns: Columns, names: Iterable[str]) -> None:
    """Check that every column a transformer was fitted on is there; others may be there too.

    Raises:
        DataError: names every missing column.
    """
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(
            f"features need columns that the table lacks ({len(missing)})",
            [f"{name!r} is missing{did_you_mean(name, columns)}" for name in missing],
        )


def kind_of(array: np.ndarray) -> str:
    """What a column holds: number, date or text; the dtype itself where it is none of these."""
    return KINDS.get(array.dtype.kind) or str(array.dtype)


def all_missing(array: np.ndarray) -> bool:
    """Whether nothing is known, so that the column's kind says nothing: a blank column of a file."""
    if array.dtype.kind == "O":
        return all(value is None for value in array.tolist())
    return array.dtype.kind in "fM" and bool(np.isnan(array).all())  # True for NaT, too


def wrong_kinds(columns: Columns, kinds: dict[str, str]) -> list[str]:
    """One sentence per column that does not hold what it held in fit, unless nothing in it is known."""
    return [
        f"{name!r} must be {kind}, as in fit, got {kind_of(columns[name])}"
        for name, kind in kinds.items()
        if kind_of(columns[name]) != kind and not all_missing(columns[name])
    ]


def numbers_of(array: np.ndarray) -> np.ndarray:
    """Numbers as float64; NaN for a blank column that was read as text or dates."""
    if array.dtype.kind == "M":
        return np.full(len(array), np.nan)
    return array.astype(np.float64, copy=False)
