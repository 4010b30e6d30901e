"""What a decision table holds, in figures: for run.json and the cards."""

from typing import Any

import numpy as np

from planrec.schema import DecisionTable


def data_summary(table: DecisionTable) -> dict[str, Any]:
    """Rows, subscribers, time, class shares, and every column with its kind and missing share."""
    n = len(table)
    classes = np.bincount(table.y, minlength=len(table.plans)) if table.y is not None else None
    return {
        "n_decisions": n,
        "n_subscribers": len(np.unique(table.subscriber)) if table.has_subscribers else None,
        "as_of": None if table.as_of is None else [str(table.as_of.min()), str(table.as_of.max())],
        "class_shares": None
        if classes is None
        else dict(zip(table.plans, (classes / n).tolist(), strict=True)),
        "columns": [{"name": name, **_column_summary(array)} for name, array in table.X.items()],
    }


def _column_summary(array: np.ndarray) -> dict[str, Any]:
    if array.dtype == object:
        known = [value for value in array.tolist() if value is not None]
        return {"kind": "text", "missing": 1 - len(known) / len(array), "n_values": len(set(known))}
    missing = np.isnat(array) if array.dtype.kind == "M" else np.isnan(array)
    known = array[~missing]
    kind = "date" if array.dtype.kind == "M" else "number"
    summary: dict[str, Any] = {"kind": kind, "missing": float(missing.mean())}
    if len(known):
        low, middle, high = known.min(), np.sort(known)[len(known) // 2], known.max()
        plain = str if kind == "date" else float
        summary |= {"min": plain(low), "median": plain(middle), "max": plain(high)}
    return summary
