"""Weights as probabilities."""

import numpy as np


def renormalised(weight: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Each row of weights >= 0 over its sum; a row without any weight is the row of `otherwise`.

    Shape (n, n_classes) for all three.
    """
    total = weight.sum(axis=1, keepdims=True)
    return np.divide(weight, total, out=otherwise.copy(), where=total > 0)
