"""How often a probability comes true: the bins behind `ece`, one by one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planrec.metrics.probability import N_BINS, top_label
from planrec.metrics.scored import Scored, scored, subscribers_of
from planrec.schema import OutOfFold

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of about the same confidence."""

    confidence: float
    "Mean probability of the most probable plan, in [0, 1]."
    hit_rate: float
    "Share of them for which that plan was right, in [0, 1]."
    n: int
    "Decisions, each counted once per repeat."


def reliability(judged: Scored) -> tuple[ReliabilityBin, ...]:
    """The bins of `ece` that hold decisions, the least confident first: their gaps, weighted, are the ECE."""
    confidence, hit, bins = top_label(judged)
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
