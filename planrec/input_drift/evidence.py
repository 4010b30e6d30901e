"""Evidence of drift over days: a conformal e-detector.

Days of a real operator are not draws from one pot: weekdays, campaigns and the ends of months move all rows
of a day together, and every test that treats rows as independent takes that for drift. So a day is compared
with days. Its p-value is the rank of its distance among the distances of the reference days, which is exact
for any spread between days as long as days are exchangeable. A Shiryaev-Roberts detector adds up the
evidence, E = e * (1 + E) with an e-value e of the p-value. With independent p-values, quiet days would reach
THRESHOLD once in THRESHOLD days on average or less often. All days are ranked among the same reference days,
so the p-values are not independent: the rate is measured (docs/results/drift.md), not proved.
"""

import numpy as np

from planrec.input_drift.streams import Streams

REFERENCE_DAYS = 63
"Nine whole weeks, so that each weekday is among them equally often."
THRESHOLD = 1_000.0
"Evidence that is an alarm; docs/results/drift.md has the rate at which quiet days reach it, as measured."
MOST_EXCESS = 100.0
"""Weighted evidence of a stream is cut at so many times THRESHOLD: each stream can be an alarm by itself, and
an alarm ends some days after the drift."""


def distances(counts: np.ndarray) -> np.ndarray:
    """Compute how far each day is from all of these days together, in units of the usual distance.

    The distance is the PSI over its expected value: the noise of the day's number of rows, and the spread
    between days, estimated from the median. It treats all days alike, so ranks of it are exact.

    Args:
        counts: shape (days, rows, cells).

    Returns:
        Shape (days, rows); 0 for a row whose decisions are all in one cell.
    """
    pool = counts.sum(axis=0)
    used = pool > 0
    n_cells = used.sum(axis=-1)
    n = counts.sum(axis=-1)
    # Cells that no day uses get the share 1 in both, so that their logarithms are 0.
    shares = np.where(used, (counts + 0.5) / np.maximum(n + 0.5 * n_cells, 0.5)[..., None], 1.0)
    of_pool = np.where(
        used, (pool + 0.5) / np.maximum(pool.sum(axis=-1) + 0.5 * n_cells, 0.5)[..., None], 1.0
    )
    index = ((shares - of_pool) * (np.log(shares) - np.log(of_pool))).sum(axis=-1)
    noise = np.maximum(n_cells - 1, 0) / np.maximum(n, 1)
    spread = np.maximum(np.median(index - noise, axis=0), 0.0)
    return index / np.maximum(noise + spread, 1e-9) * (n_cells > 1)


def day_p_values(streams: Streams, reference: np.ndarray, today: np.ndarray) -> np.ndarray:
    """Rank a day among the reference days, shape (streams,): 1 / (days + 1) if it is the furthest.

    Args:
        streams: the streams of the profile.
        reference: counts of the reference days, shape (days, rows, cells).
        today: counts of the day, shape (rows, cells).
    """
    scores = distances(np.concatenate([reference, today[None]])) @ streams.members.T
    return np.asarray((scores >= scores[-1]).mean(axis=0))


def e_value(p: np.ndarray) -> np.ndarray:
    """Turn p-values into e-values, whose mean without drift is at most 1: a mixture of two calibrators.

    >>> e_value(np.array([1 / 64, 0.5])).round(2).tolist()
    [4.11, 0.45]
    """
    return 0.05 * p**-0.9 + 0.25 * p**-0.5


def most_evidence(streams: Streams) -> np.ndarray:
    """Return the largest evidence of each stream, shape (streams,): e-BH can name any of them alone."""
    return THRESHOLD * np.maximum(MOST_EXCESS / streams.weights, len(streams.names))


def with_day(streams: Streams, evidence: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Add the p-values of one day to the evidence of the streams, shape (streams,)."""
    return np.minimum(e_value(p) * (1 + evidence), most_evidence(streams))


def evidence_of_all(streams: Streams, evidence: np.ndarray) -> float:
    """Compute the evidence of all streams, their weighted mean; an alarm from THRESHOLD on."""
    return float(streams.weights @ evidence)


def named_streams(streams: Streams, evidence: np.ndarray) -> tuple[str, ...]:
    """Name the streams with drift by the e-BH rule, the one with the most evidence first.

    Of K streams the first k are named if the k-th has evidence of THRESHOLD * K / k or more.

    Returns:
        Names; empty if the evidence of all is no alarm. If no stream reaches the rule alone, the first one.
    """
    if evidence_of_all(streams, evidence) < THRESHOLD:
        return ()
    order = np.argsort(-evidence, kind="stable")
    ranks = np.arange(1, len(order) + 1)
    enough = np.flatnonzero(evidence[order] >= THRESHOLD * len(order) / ranks)
    n_named = int(enough[-1]) + 1 if len(enough) else 1
    return tuple(streams.names[number] for number in order[:n_named])
