"""A metric: how probable the model finds the right plan."""

import numpy as np

from planrec.metrics import JudgedRows, Metric


def mean_probability_of_right(judged: JudgedRows, weights: np.ndarray) -> np.ndarray:
    """Return the mean probability of the right plan, in [0, 1]; shape (B,)."""
    return judged.mean(weights, judged.probability[np.arange(len(judged.y)), judged.y])


PROBABILITY_OF_RIGHT = Metric(
    mean_probability_of_right, higher_is_better=True, unit="probability", needs_probability=True
)
