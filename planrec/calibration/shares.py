"""Weights as probabilities."""

import numpy as np


def renormalised(weight: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Divide each row of weights by its sum; rows of zeros are replaced by the rows of `otherwise`.

    Args:
        weight: shape (n, n_classes), >= 0.
        otherwise: same shape.

    Returns:
        Same shape; rows sum to 1 if those of `otherwise` do.

    Examples:
        >>> renormalised(np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[0.5, 0.5], [0.9, 0.1]])).tolist()
        [[0.25, 0.75], [0.9, 0.1]]
    """
    total = weight.sum(axis=1, keepdims=True)
    return np.divide(weight, total, out=otherwise.copy(), where=total > 0)
