"""Reweighing: weights under which the group of a protected column and the label are independent."""

import numpy as np

from planrec.config.run_config import RunConfig
from planrec.contracts import Model
from planrec.schema.tables import DecisionTable


def sample_weights(config: RunConfig, model: Model, train: DecisionTable) -> np.ndarray | None:
    """Compute the weights of training rows, shape (n,); None if all rows count alike."""
    column = config.fairness.reweigh_by
    if column is None or not model.takes_weights:
        return None
    return balancing_weights(train.segments[column], train.labels)


def balancing_weights(group: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute P(group) P(label) / P(group, label) of each row, shape (n,).

    Source: Kamiran and Calders, "Data preprocessing techniques for classification without discrimination",
    Knowledge and Information Systems 33 (2012). Under these weights group and label are independent, and both
    keep their shares. The weights sum to n if every group has every label, and to less if a pair is missing.

    Args:
        group: shape (n,), text.
        y: shape (n,), ints.

    Examples:
        >>> balancing_weights(np.array(["f", "f", "f", "m"]), np.array([0, 0, 1, 1])).tolist()
        [0.75, 0.75, 1.5, 0.5]
    """
    groups, of_group = np.unique(group.astype(str), return_inverse=True)
    labels, of_label = np.unique(y, return_inverse=True)
    pair = of_group * len(labels) + of_label
    count = np.bincount(pair, minlength=len(groups) * len(labels))
    n_group, n_label = np.bincount(of_group), np.bincount(of_label)
    weights: np.ndarray = n_group[of_group] * n_label[of_label] / (len(y) * count[pair])
    return weights
