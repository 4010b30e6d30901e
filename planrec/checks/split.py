"""Checks of the rows: no repeated decision, and no subscriber on both sides of a fold."""

import numpy as np

from planrec.checks.evidence import Evidence, Findings, subscriber_codes
from planrec.commands.advice import typed
from planrec.wording import counted, shown


def repeated_month(evidence: Evidence) -> Findings:
    """Check that no (subscriber, as_of) pair has two rows: a month counted twice, perhaps with two plans."""
    table = evidence.table
    if not table.has_subscribers or table.as_of is None or len(table) == 0:
        return Findings()
    months = np.unique(table.as_of, return_inverse=True)[1]
    pair = subscriber_codes(evidence) * (months.max() + 1) + months
    _, first, inverse, count = np.unique(pair, return_index=True, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(count > 1)
    if len(repeated) == 0:
        return Findings()
    example = repeated[np.argmin(first[repeated])]
    rows = np.flatnonzero(inverse == example)
    subscriber, as_of = table.subscriber[rows[0]], table.as_of[rows[0]]
    return Findings(
        (
            f"every (subscriber, month) must have one row, {len(repeated):,} repeated in"
            f" {count[repeated].sum():,} rows; first: subscriber {subscriber} at {as_of} on rows"
            f" {shown(rows.tolist())}",
        )
    )


def overlap(evidence: Evidence) -> Findings:
    """Check that no subscriber is in the training and the test rows of a fold, which gives answers away.

    This is an error if the splitter keeps subscribers whole, else a note that the scores are too optimistic.
    """
    codes = subscriber_codes(evidence)
    both_sides = [_on_both_sides(codes, fold.train, fold.test) for fold in evidence.folds]
    split = [number for number, rows in enumerate(both_sides) if len(rows)]
    if not split:
        return Findings()
    subscriber = evidence.table.subscriber
    if evidence.keeps_subscribers_whole:
        return Findings(
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
    return Findings(
        notes=(
            f"up to {share:.0%} of the test subscribers of a fold are also in its training rows (cv splits"
            f" rows, not subscribers): the scores are too optimistic; {typed(cv='grouped')} keeps subscribers"
            " whole",
        )
    )


def _on_both_sides(codes: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return one test row of each subscriber on both sides."""
    is_trained = np.zeros(codes.max() + 1, bool)
    is_trained[codes[train]] = True
    tested, rows = np.unique(codes[test], return_index=True)
    return test[rows[is_trained[tested]]]
