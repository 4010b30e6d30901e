"""Checks of the label: it has more than one value, and no feature equals it."""

import numpy as np

from planrec.checks.evidence import Evidence, Findings, codes_of, source_name
from planrec.schema.tables import DecisionTable
from planrec.wording import counted

_ROWS_OF_A_FIRST_LOOK = 256


def constant_label(evidence: Evidence) -> Findings:
    """Check that the rows have more than one plan; with one plan every model is perfect."""
    table = evidence.table
    if table.y is None or len(table.y) == 0 or (table.y != table.y[0]).any():
        return Findings()
    plan = table.plans[table.y[0]]
    return Findings(
        (f"the label must have two plans or more, got only {plan!r} in {counted(len(table), 'row')}",)
    )


def label_in_features(evidence: Evidence) -> Findings:
    """Check that no feature column equals the label, perhaps renamed (1 and 0 for smart and ultra)."""
    table = evidence.table
    if table.y is None or len(np.unique(table.y)) < 2:
        return Findings()
    columns = [source_name(table, name) for name, values in table.X.items() if is_the_label(values, table)]
    return Findings(
        tuple(f"column {name!r} equals the label, value for value" for name in columns), drop=tuple(columns)
    )


def is_the_label(values: np.ndarray, table: DecisionTable) -> bool:
    """Return whether a column, shape (n,), equals the label, perhaps renamed; False without a label."""
    return table.y is not None and _is_renaming(values, table.y)


def _is_renaming(values: np.ndarray, label: np.ndarray) -> bool:
    """Return whether values and labels correspond one to one."""
    # Nearly every column fails in its first rows, so thousands of columns take little time.
    for rows in (slice(_ROWS_OF_A_FIRST_LOOK), slice(None)):
        codes, labels = codes_of(values[rows]), np.unique(label[rows], return_inverse=True)[1]
        n_values, n_labels = codes.max() + 1, labels.max() + 1
        if n_values != n_labels or len(np.unique(codes * n_labels + labels)) != n_labels:
            return False
    return True
