"""Feature set `table`: any columns as numbers."""

from collections import Counter
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from planrec.catalogue import Catalogue
from planrec.contracts import FeatureSet
from planrec.errors import DataError
from planrec.features.columns_input import (
    check_present,
    columns_from,
    is_dict,
    is_named,
    kind_of,
    numbers_of,
    wrong_kinds,
)
from planrec.schema.columns import Columns

ENCODINGS = ("one_hot", "codes")
SECONDS_PER_DAY = 86_400.0
OTHER = "<other>"
"Category in feature names for all texts that fit left out or never saw."


class TableFeatures(FeatureSet):
    """Every column: numbers unchanged, dates as days, text in the encoding of the model."""

    needs_usage: ClassVar[bool] = False

    kind: Literal["table"]
    max_categories: Annotated[int, Field(ge=1)]
    "Number of most frequent texts of a column that are separate categories; all others are one."

    def build(self, catalogue: Catalogue | None) -> BaseEstimator:
        """Build an unfitted `TableTransformer`; the catalogue is not read."""
        return TableTransformer(max_categories=self.max_categories)


class TableTransformer(TransformerMixin, BaseEstimator):
    """A transformer of any columns into a float64 matrix.

    Numbers are unchanged, NaN included. Dates become days since 1970-01-01 (with a fraction), NaN if missing.
    The categories of a text column are fixed in fit: the `max_categories` most frequent, sorted. Every other
    text, also one first seen in transform, is in the last category, "other".

    * `encoding="codes"`: one column, the category's position; NaN if the text is missing.
    * `encoding="one_hot"`: one column per category; all of them 0 if the text is missing.

    A plain 2-D array of numbers is accepted too; its columns are named x0, x1 ...

    Attributes:
        columns_: names of the columns, in their order in fit.
        kinds_: column -> number | date | text.
        codes_: text column -> category -> its position.
    """

    def __init__(self, *, max_categories: int, encoding: Literal["one_hot", "codes"] = "one_hot") -> None:
        """Keep the parameters; see `TableFeatures` and the class."""
        self.max_categories = max_categories
        self.encoding = encoding

    def fit(self, X: object, y: object = None) -> Self:
        """Learn the columns, their kinds and the categories of text; `y` is not read.

        Raises:
            DataError: there is no column, or one that is neither number, date nor text.
            ValueError: `encoding` is unknown.
        """
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, got {self.encoding!r}")
        columns = self._remembered(X)
        self.columns_ = list(columns)
        self.kinds_ = {name: kind_of(array) for name, array in columns.items()}
        _check_kinds(self.kinds_)
        self.codes_ = {
            name: _codes(columns[name], self.max_categories)
            for name, kind in self.kinds_.items()
            if kind == "text"
        }
        return self

    def transform(self, X: object) -> np.ndarray:
        """Compute the matrix, shape (n, n_features), C-contiguous float64.

        Raises:
            DataError: columns are missing, or are of another kind than in fit; the message names all of them.
                A column without a known value may be of any kind.
        """
        check_is_fitted(self, "codes_")
        columns = self._given(X)
        widths = self._widths()
        matrix = np.zeros((len(columns[self.columns_[0]]), sum(widths)))
        position = 0
        for name, width in zip(self.columns_, widths, strict=True):
            self._fill(matrix[:, position : position + width], name, columns[name])
            position += width
        return matrix

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """List one distinct name per column of the matrix: `age`, `region=north`, `region=<other>`."""
        check_is_fitted(self, "codes_")
        names: list[str] = []
        for name, column in zip(_check_feature_names_in(self, input_features), self.columns_, strict=True):
            encoded = self.encoding == "one_hot" and column in self.codes_
            categories = [*self.codes_[column], OTHER] if encoded else []
            names += [f"{name}={category}" for category in categories] if encoded else [str(name)]
        return np.array(_distinct(names), dtype=object)

    def __sklearn_tags__(self) -> Tags:
        """Return scikit-learn's tags for columns with NaN."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _remembered(self, X: object) -> Columns:
        """Return `X` as columns, and set scikit-learn's attributes of fitted columns."""
        if not is_named(X):
            return _numbered(validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan"))
        columns = columns_from(X)
        if not columns:
            raise DataError("features=table needs at least one column, got none")
        self.n_features_in_ = len(columns)
        self.feature_names_in_ = np.array(list(columns), dtype=object)
        return columns

    def _given(self, X: object) -> Columns:
        """Return the fitted columns of `X` by name, or by position if fit or `X` has no names."""
        if not is_named(X) or not (is_dict(X) or hasattr(self, "feature_names_in_")):
            array = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
            return dict(zip(self.columns_, array.T, strict=True))
        columns = columns_from(X)
        check_present(columns, self.columns_)
        problems = wrong_kinds(columns, self.kinds_)
        if problems:
            raise DataError("features must be given the kinds of columns they were fitted on", problems)
        return columns

    def _widths(self) -> list[int]:
        """Count the matrix columns of each column of the table."""
        one_hot = self.encoding == "one_hot"
        return [
            len(self.codes_[name]) + 1 if one_hot and name in self.codes_ else 1 for name in self.columns_
        ]

    def _fill(self, block: np.ndarray, name: str, array: np.ndarray) -> None:
        """Write one column of the table into its zeroed block (n, width) of the matrix."""
        if name not in self.codes_:
            dates = self.kinds_[name] == "date" and array.dtype.kind == "M"
            block[:, 0] = _days(array) if dates else numbers_of(array)
            return
        codes = _encoded(array, self.codes_[name])
        if self.encoding == "codes":
            block[:, 0] = codes
        else:
            known = np.flatnonzero(~np.isnan(codes))
            block[known, codes[known].astype(np.intp)] = 1.0


def _codes(texts: np.ndarray, most: int) -> dict[str, int]:
    """Assign codes to the most frequent texts, sorted; ties go to the first in the alphabet."""
    counts = Counter(text for text in texts.tolist() if text is not None)
    frequent = sorted(counts, key=lambda text: (-counts[text], text))[:most]
    return {text: code for code, text in enumerate(sorted(frequent))}


def _encoded(texts: np.ndarray, codes: dict[str, int]) -> np.ndarray:
    """Look up the position of each text, shape (n,), float64; "other" is the last, NaN is missing."""
    if texts.dtype != object:  # a blank column, read as numbers or dates
        return np.full(len(texts), np.nan)
    other = len(codes)
    return np.array([np.nan if text is None else codes.get(text, other) for text in texts.tolist()], float)


def _days(dates: np.ndarray) -> np.ndarray:
    """Convert to days since 1970-01-01; NaN for NaT."""
    days = dates.astype("datetime64[s]").astype(np.int64) / SECONDS_PER_DAY
    days[np.isnat(dates)] = np.nan
    return days


def _numbered(array: np.ndarray) -> Columns:
    return {f"x{position}": column for position, column in enumerate(array.T)}


def _check_kinds(kinds: dict[str, str]) -> None:
    problems = [
        f"{name!r} is {kind}" for name, kind in kinds.items() if kind not in ("number", "date", "text")
    ]
    if problems:
        raise DataError("columns must hold numbers, dates or text", problems)


def _distinct(names: list[str]) -> list[str]:
    """Return the names; a repeated one (column `a=b` beside category `b` of `a`) gets an apostrophe.

    Examples:
        >>> _distinct(["a=b", "a=b", "c"])
        ['a=b', "a=b'", 'c']
    """
    seen: set[str] = set()
    for position, name in enumerate(names):
        while name in seen:
            name += "'"
        seen.add(name)
        names[position] = name
    return names
