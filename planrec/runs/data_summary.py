"""Figures about a decision table, for run.json and the cards."""

import numpy as np

from planrec.schema.columns import Kind
from planrec.schema.config_model import Config
from planrec.schema.tables import DecisionTable


class ColumnSummary(Config):
    """One column of the decisions. Keys that do not apply to its kind are absent in run.json."""

    name: str
    kind: Kind
    missing: float
    "Share of the decisions without a value, in [0, 1]."
    n_values: int | None = None
    "Different values of a text column."
    min: float | str | None = None
    median: float | str | None = None
    max: float | str | None = None


class DataSummary(Config):
    """A decision table in figures."""

    n_decisions: int
    n_subscribers: int | None
    "None if the data names no subscribers."
    as_of: tuple[str, str] | None
    "First and last decision; None if the data has no time."
    class_shares: dict[str, float]
    "Share of the decisions by plan."
    columns: tuple[ColumnSummary, ...]


def data_summary(table: DecisionTable) -> DataSummary:
    """Summarise rows, subscribers, time, class shares, and every column."""
    n = len(table)
    shares = (np.bincount(table.labels, minlength=len(table.plans)) / n).tolist()
    return DataSummary(
        n_decisions=n,
        n_subscribers=len(np.unique(table.subscriber)) if table.has_subscribers else None,
        as_of=None if table.as_of is None else (str(table.as_of.min()), str(table.as_of.max())),
        class_shares=dict(zip(table.plans, shares, strict=True)),
        columns=tuple(_column_summary(name, array) for name, array in table.X.items()),
    )


def _column_summary(name: str, array: np.ndarray) -> ColumnSummary:
    if array.dtype == object:
        known = [value for value in array.tolist() if value is not None]
        missing_share = 1 - len(known) / len(array)
        return ColumnSummary(name=name, kind="text", missing=missing_share, n_values=len(set(known)))
    is_date = array.dtype.kind == "M"
    missing = np.isnat(array) if is_date else np.isnan(array)
    summary = ColumnSummary(name=name, kind="date" if is_date else "number", missing=float(missing.mean()))
    values = np.sort(array[~missing])
    if not len(values):
        return summary
    plain = str if is_date else float
    low, middle, high = (plain(values[place]) for place in (0, len(values) // 2, -1))
    return summary.model_copy(update={"min": low, "median": middle, "max": high})
