"""Columns computed from the label: the share of a plan in a group that includes the row itself."""

import numpy as np

from planrec.checks.evidence import Findings, codes_of
from planrec.checks.suspects.sample import SuspectSample, is_missing

LEAST_VALUES = 7
"Columns with fewer distinct values are no suspects: two of them are needed to fit the line."
LEAST_SUBSCRIBERS = 5
"Values with fewer rows are not compared with the line."
MOST_CHI_SQUARED = 0.05
"Mean squared standardised distance from the line; of shares that chance moves it is about 1."


def encoded_target(sample: SuspectSample) -> Findings:
    """Look for columns with the share of a plan by group, computed from rows that include the row itself.

    Among the rows with one value of such a column, the share of the plan is exactly that value. Shares of
    any other column vary by chance around every line.
    """
    evidence = sample.evidence
    plan = evidence.table.held if evidence.table.held is not None else evidence.table.y
    found = {}
    for name in sample.suspects:
        values = evidence.table.X[name]
        if plan is None or values.dtype.kind != "f" or is_missing(values).any():
            continue
        codes = codes_of(values)
        for one in sample.screen.classes if codes.max() < len(codes) // 2 else ():
            if is_exact_share(values, codes, plan == one):
                found[name] = sample.table.plans[one]
                break
    return Findings(
        notes=tuple(
            f"column {sample.source(name)!r} equals the share of those who hold {plan_name!r} in groups that"
            " include the row itself"
            for name, plan_name in found.items()
        ),
        drop=tuple(found),
    )


def is_exact_share(values: np.ndarray, codes: np.ndarray, is_held: np.ndarray) -> bool:
    """Return whether the share of the plan is a linear function of a column, without the spread of chance.

    Args:
        values: shape (n,), float64.
        codes: shape (n,), the number of each distinct value.
        is_held: shape (n,), bool.

    Examples:
        >>> group, is_held = np.arange(400) // 20, np.random.default_rng(0).random(400) < 0.4
        >>> share = (np.bincount(group, is_held) / 20)[group]
        >>> is_exact_share(share, codes_of(share), is_held)
        True
        >>> is_exact_share(group.astype(float), group, is_held)
        False
    """
    n, held = np.bincount(codes), np.bincount(codes, is_held)
    value = np.bincount(codes, values) / n
    share = held / n
    inside = (n >= LEAST_SUBSCRIBERS) & (share > 0) & (share < 1)
    if inside.sum() < LEAST_VALUES:
        return False
    n, value, share = n[inside], value[inside], share[inside]
    slope, offset = np.polyfit(value, share, 1, w=np.sqrt(n))
    overall = is_held.mean()
    distance = n * (share - offset - slope * value) ** 2 / (overall * (1 - overall))
    is_on_line = distance.sum() / (len(n) - 2) < MOST_CHI_SQUARED
    return bool(is_on_line and abs(slope) * np.ptp(value) > 0.1)
