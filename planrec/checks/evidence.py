"""What a check looks at and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.schema.tables import DecisionTable

if TYPE_CHECKING:
    from planrec.contracts import Fold


@dataclass(frozen=True)
class Evidence:
    """A labelled table and how it is going to be split."""

    table: DecisionTable
    folds: "Sequence[Fold]"
    keeps_subscribers_whole: bool
    "What the splitter promises."


@dataclass(frozen=True)
class Found:
    """What one check found. Nothing at all is the good answer."""

    problems: tuple[str, ...] = ()
    "Each stops the run unless the check is waived: one sentence that names the column or the rows."
    drop: tuple[str, ...] = ()
    "Names of source columns that, once dropped, mend the problems."
    notes: tuple[str, ...] = ()
    "Worth recording in the run, but no reason to stop it."


def codes_of(values: np.ndarray) -> np.ndarray:
    """Number the distinct values of a column of any dtype. Shape (n,), int64, 0 ... K - 1.

    Missing is a value like any other. Numbers and dates are numbered in their order, missing first; text is
    numbered as it appears.
    """
    if values.dtype == object:
        import pandas as pd

        return pd.factorize(values, use_na_sentinel=False)[0]
    ordered = (
        values.astype(np.int64) if values.dtype.kind == "M" else np.where(np.isnan(values), -np.inf, values)
    )
    return np.unique(ordered, return_inverse=True)[1]


def subscriber_codes(evidence: Evidence) -> np.ndarray:
    """Number the subscribers. Shape (n,), int64, 0 ... n_subscribers - 1."""
    subscriber = evidence.table.subscriber
    return (
        codes_of(subscriber) if subscriber.dtype == object else np.unique(subscriber, return_inverse=True)[1]
    )


def source_name(table: DecisionTable, column: str) -> str:
    """What the source calls a column of X: usage columns are renamed on the way."""
    return next((given.name for given in table.inputs.columns if given.becomes == column), column)
