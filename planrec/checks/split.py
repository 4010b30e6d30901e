"""Checks of the rows: that no decision stands twice, and that nobody is on both sides of a fold."""

import numpy as np

from planrec.checks.evidence import Evidence, Found, subscriber_codes
from planrec.wording import counted, shown


def repeated_month(evidence: Evidence) -> Found:
    """A (subscriber, as_of) pair on two rows: the same month counted twice, perhaps with two plans."""
    table = evidence.table
    if not table.has_subscribers or table.as_of is None or len(table) == 0:
        return Found()
    months = np.unique(table.as_of, return_inverse=True)[1]
    pair = subscriber_codes(evidence) * (months.max() + 1) + months
    _, first, inverse, count = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(count > 1)
    if len(repeated) == 0:
        return Found()
    example = repeated[np.argmin(first[repeated])]
    rows = np.flatnonzero(inverse == example)
    subscriber, as_of = table.subscriber[rows[0]], table.as_of[rows[0]]
    stand = "stands" if len(repeated) == 1 else "stand"
    return Found(
        (
            f"every (subscriber, month) must stand once, {len(repeated):,} {stand} on"
            f" {count[repeated].sum():,} rows; first: subscriber {subscriber} at {as_of} on rows"
            f" {shown(rows.tolist())}",
        )
    )


def overlap(evidence: Evidence) -> Found:
    """A subscriber whose rows are learned from and judged in the same fold: the model knows the answer.

    An error where the splitter promises whole subscribers, else a note on what the scores are worth.
    """
    codes = subscriber_codes(evidence)
    both_sides = [_on_both_sides(codes, fold.train, fold.test) for fold in evidence.folds]
    split = [number for number, rows in enumerate(both_sides) if len(rows)]
    if not split:
        return Found()
    subscriber = evidence.table.subscriber
    if evidence.keeps_subscribers_whole:
        return Found(
            tuple(
                f"fold {number} must keep subscribers whole,"
                f" {counted(len(both_sides[number]), 'subscriber')} in train and test:"
                f" {shown(subscriber[both_sides[number]].tolist())}"
                for number in split
            )
        )
    share = max(
        len(rows) / len(np.unique(codes[fold.test]))
        for rows, fold in zip(both_sides, evidence.folds, strict=True)
    )
    return Found(
        notes=(
            f"up to {share:.0%} of the subscribers judged in a fold were also learned from (cv splits rows,"
            " not subscribers): the scores flatter; cv=grouped keeps subscribers whole",
        )
    )


def _on_both_sides(codes: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """One test row of each subscriber that is on both sides."""
    learned = np.zeros(codes.max() + 1, bool)
    learned[codes[train]] = True
    judged, rows = np.unique(codes[test], return_index=True)
    return test[rows[learned[judged]]]
