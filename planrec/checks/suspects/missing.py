"""Columns that give the plan away by being filled, or decide it in the rows in which they are filled."""

from dataclasses import dataclass, replace

import numpy as np

from planrec.checks.evidence import Findings, codes_of
from planrec.checks.leakage import MIN_SUBSCRIBERS, best_separated, plans_to_screen
from planrec.checks.suspects.sample import SuspectSample, is_missing

LEAST_SHARE = 0.9
"Share of one plan, as lower limit, among the filled rows or among the empty rows of a column."
MOST_OVERALL = 0.8
"Columns that are filled for a plan that is held more often than this are no suspects."
LEAST_EMPTY = 0.05
"Share of empty rows from which a column counts as partly filled."
LEAST_DIFFERENCE = 0.5
"Difference, as lower limit, between the filled shares of the subscribers of a plan and of the others."
Z = 2.58
"Standard errors to the lower end of a 99 % interval."


_BLANK = ("is filled", "is empty")
_RARER = ("differs from its most frequent value",)
"No words for the other rows: a value that one plan has most is no missing value."


@dataclass(frozen=True)
class _Filled:
    """The rows in which a column is filled."""

    rows: np.ndarray
    "Shape (n,), bool."
    words: tuple[str, ...]
    "How a note says that the column is filled, and perhaps that it is empty."

    @property
    def is_partial(self) -> bool:
        """Whether enough rows are filled, and enough are empty."""
        return self.rows.mean() <= 1 - LEAST_EMPTY and self.rows.sum() >= MIN_SUBSCRIBERS


def missing_as_signal(sample: SuspectSample) -> Findings:
    """Look for columns that are filled for one plan, or that decide the plan if they are filled.

    A column without missing values counts as empty in the rows with its most frequent value.
    """
    reasons = {name: _reason(values, sample) for name, values in sample.suspects.items()}
    found = {name: reason for name, reason in reasons.items() if reason is not None}
    return Findings(
        notes=tuple(f"column {sample.source(name)!r} {reason}" for name, reason in found.items()),
        drop=tuple(found),
    )


def _reason(values: np.ndarray, sample: SuspectSample) -> str | None:
    """Return the reason to suspect a column, or None."""
    missing = is_missing(values)
    has_missing = bool(missing.any())
    filled = _Filled(~missing, _BLANK) if has_missing else _Filled(_is_rarer(values), _RARER)
    if not filled.is_partial:
        return None
    return (
        _filled_for_one(filled, sample)
        or (_filled_more_often(filled, sample) if has_missing else None)
        or _decides(values, filled, sample)
    )


def _is_rarer(values: np.ndarray) -> np.ndarray:
    codes = codes_of(values)
    return codes != np.bincount(codes).argmax()


def _filled_for_one(filled: _Filled, sample: SuspectSample) -> str | None:
    """Look for a plan that nearly all subscribers with the column filled, or with it empty, hold."""
    overall = np.bincount(sample.plan, minlength=len(sample.table.plans)) / len(sample.plan)
    for rows, words in zip((filled.rows, ~filled.rows), filled.words, strict=False):
        count = np.bincount(sample.plan[rows], minlength=len(overall))
        plan, n = int(count.argmax()), int(rows.sum())
        enough = n >= MIN_SUBSCRIBERS and overall[plan] <= MOST_OVERALL
        if enough and _lower_limit(int(count[plan]), n) >= LEAST_SHARE:
            return (
                f"{words} nearly only for {sample.table.plans[plan]!r} ({count[plan]:,} of {n:,} subscribers)"
            )
    return None


def _filled_more_often(filled: _Filled, sample: SuspectSample) -> str | None:
    """Look for a plan whose subscribers have the column filled, or empty, much more often than the others."""
    for plan in sample.screen.classes:
        mine = sample.plan == plan
        shares = np.array([filled.rows[side].mean() for side in (mine, ~mine)])
        error = np.sqrt((shares * (1 - shares) / [mine.sum(), (~mine).sum()]).sum())
        if abs(shares[0] - shares[1]) - Z * error > LEAST_DIFFERENCE:
            return (
                f"is filled for {shares[0]:.0%} of those who hold {sample.table.plans[plan]!r} and for"
                f" {shares[1]:.0%} of the others"
            )
    return None


def _decides(values: np.ndarray, filled: _Filled, sample: SuspectSample) -> str | None:
    """Apply the leakage screen to the rows in which the column is filled."""
    rows = np.flatnonzero(filled.rows)
    plan = sample.plan[rows]
    screen = replace(
        sample.screen, rows=rows, plan=plan, classes=plans_to_screen(plan), half=sample.screen.half[rows]
    )
    found = best_separated(values, screen)
    if found is None:
        return None
    return (
        f"predicts who holds {sample.table.plans[found[1]]!r} if it {filled.words[0]}"
        f" ({filled.rows.mean():.0%} of the subscribers): AUC above {found[0]:.3f}"
    )


def _lower_limit(count: int, n: int) -> float:
    """Return the lower end of Wilson's interval of a share.

    >>> round(_lower_limit(50, 50), 3)
    0.883
    """
    share, spread = count / n, Z**2 / n
    return (share + spread / 2 - (spread * (share * (1 - share) + spread / 4)) ** 0.5) / (1 + spread)
