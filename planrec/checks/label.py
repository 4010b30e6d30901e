"""Checks of the label: that there is something to learn, and that it is not given away."""

import numpy as np

from planrec.checks.evidence import Evidence, Found, codes_of, source_name
from planrec.schema.tables import DecisionTable
from planrec.wording import counted

_ROWS_OF_A_FIRST_LOOK = 256


def constant_label(evidence: Evidence) -> Found:
    """Every row has the same plan: nothing can be learned, and every model is perfect."""
    table = evidence.table
    if table.y is None or len(table.y) == 0 or (table.y != table.y[0]).any():
        return Found()
    plan = table.plans[table.y[0]]
    return Found((f"the label must have two plans or more, it is {plan!r} in {counted(len(table), 'row')}",))


def label_in_features(evidence: Evidence) -> Found:
    """A feature column that is the label, as it is or under other names (1 and 0 for smart and ultra)."""
    table = evidence.table
    if table.y is None or len(np.unique(table.y)) < 2:
        return Found()
    columns = [source_name(table, name) for name, values in table.X.items() if is_the_label(values, table)]
    return Found(
        tuple(f"column {name!r} is the label, value for value" for name in columns), drop=tuple(columns)
    )


def is_the_label(values: np.ndarray, table: DecisionTable) -> bool:
    """Whether a column, shape (n,), is the label as it is or under other names; no label, no such column."""
    return table.y is not None and _is_renaming(values, table.y)


def _is_renaming(values: np.ndarray, label: np.ndarray) -> bool:
    """Whether each value stands for exactly one label and each label for exactly one value."""
    # Nearly every column fails in its first rows, so that thousands of columns cost little.
    for rows in (slice(_ROWS_OF_A_FIRST_LOOK), slice(None)):
        codes, labels = codes_of(values[rows]), np.unique(label[rows], return_inverse=True)[1]
        n_values, n_labels = codes.max() + 1, labels.max() + 1
        if n_values != n_labels or len(np.unique(codes * n_labels + labels)) != n_labels:
            return False
    return True
