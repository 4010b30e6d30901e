"""The input and the result of a check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    from planrec.contracts import Fold


@dataclass(frozen=True)
class Evidence:
    """A labelled table and its folds."""

    table: DecisionTable
    folds: "Sequence[Fold]"
    keeps_subscribers_whole: bool
    "Whether the splitter never splits a subscriber."


@dataclass(frozen=True)
class Findings:
    """The findings of one check; empty if all is well."""

    problems: tuple[str, ...] = ()
    "One sentence each, naming the column or the rows; they stop the run unless the check is waived."
    drop: tuple[str, ...] = ()
    "Names of source columns to drop to solve the problems."
    notes: tuple[str, ...] = ()
    "Warnings to record in the run, which do not stop it."


def codes_of(values: np.ndarray) -> np.ndarray:
    """Assign numbers 0 ... K - 1 to the distinct values of a column of any dtype, shape (n,), int64.

    Missing counts as a value. Numbers and dates are numbered in their order, missing first; text is numbered
    in order of appearance.

    Examples:
        >>> codes_of(np.array([2.0, np.nan, 1.0, 2.0])).tolist()
        [2, 0, 1, 2]
    """
    if values.dtype == object:
        import pandas as pd

        return pd.factorize(values, use_na_sentinel=False)[0]
    ordered = (
        values.astype(np.int64) if values.dtype.kind == "M" else np.where(np.isnan(values), -np.inf, values)
    )
    return np.unique(ordered, return_inverse=True)[1]


def subscriber_codes(evidence: Evidence) -> np.ndarray:
    """Assign numbers 0 ... n_subscribers - 1 to the subscribers, shape (n,), int64."""
    subscriber = evidence.table.subscriber
    return (
        codes_of(subscriber) if subscriber.dtype == object else np.unique(subscriber, return_inverse=True)[1]
    )


def source_name(table: DecisionTable, column: str) -> str:
    """Return the name of a column of X in the source, because loading renames usage columns."""
    return next((given.name for given in table.inputs.columns if given.becomes == column), column)
