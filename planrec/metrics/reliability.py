"""How often a probability comes true: the bins behind `ece`, one by one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.metrics.forecast import cheaper_pairs
from planrec.metrics.probability import N_BINS, top_label
from planrec.metrics.scored import Scored, scored, subscribers_of
from planrec.schema import OutOfFold

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of about the same confidence; for P(cheaper), pairs of a decision and a plan."""

    confidence: float
    "Mean of the probabilities given, in [0, 1]."
    hit_rate: float
    "Share of them that came true, in [0, 1]."
    n: int
    "Decisions or pairs, each counted once per repeat."


def reliability(judged: Scored) -> tuple[ReliabilityBin, ...]:
    """The bins of `ece` that hold decisions, the least confident first: their gaps, weighted, are the ECE."""
    return _bins_of(*top_label(judged))


def reliability_of_cheaper(judged: Scored) -> tuple[ReliabilityBin, ...]:
    """The bins of `ece_cheaper` that hold pairs: what customers are told, and how often it came true.

    Empty where the model does not say P(cheaper).
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


def scored_model(out_of_fold: "pd.DataFrame", model: str) -> Scored:
    """One model's rows of an out-of-fold table. Raises DataError where they are not what they should be."""
    mine = (out_of_fold[OutOfFold.MODEL] == model).to_numpy(dtype=bool)
    return scored(out_of_fold, mine, subscribers_of(out_of_fold))
