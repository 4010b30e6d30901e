"""How often a probability comes true: the bins of `ece`, one by one."""

from dataclasses import dataclass

import numpy as np

from planrec.metrics.bill_forecast import cheaper_pairs
from planrec.metrics.judged_rows import JudgedRows
from planrec.metrics.probability import N_BINS, top_label


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of similar confidence; for P(cheaper), pairs of a decision and a plan."""

    confidence: float
    "Mean predicted probability, in [0, 1]."
    hit_rate: float
    "Share of them that came true, in [0, 1]."
    n: int
    "Decisions or pairs, each counted once per repeat."


def reliability(judged: JudgedRows) -> tuple[ReliabilityBin, ...]:
    """Find the non-empty bins of `ece`, least confident first; their weighted gaps add up to the ECE."""
    return _bins_of(*top_label(judged))


def reliability_of_cheaper(judged: JudgedRows) -> tuple[ReliabilityBin, ...]:
    """Find the non-empty bins of `ece_cheaper`: the predicted P(cheaper) and how often it came true.

    There are no bins if the model does not predict P(cheaper).
    """
    if judged.cheaper is None or judged.costs is None:
        return ()
    chance, came_true, bins = cheaper_pairs(judged)
    is_pair = bins >= 0
    return _bins_of(chance[is_pair], came_true[is_pair], bins[is_pair])


def _bins_of(confidence: np.ndarray, hit: np.ndarray, bins: np.ndarray) -> tuple[ReliabilityBin, ...]:
    counts = np.bincount(bins, minlength=N_BINS)
    confidences, hits = (np.bincount(bins, value, N_BINS) for value in (confidence, hit))
    return tuple(
        ReliabilityBin(float(confidences[at] / counts[at]), float(hits[at] / counts[at]), int(counts[at]))
        for at in np.flatnonzero(counts)
    )
