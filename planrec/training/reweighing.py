"""Weights under which the group of a protected column does not tell the label."""

import numpy as np

from planrec.config.run_config import RunConfig
from planrec.contracts import Model
from planrec.schema.tables import DecisionTable


def sample_weights(config: RunConfig, model: Model, train: DecisionTable) -> np.ndarray | None:
    """Weights of the rows that a model learns from, shape (n,); None where rows count as they are."""
    column = config.fairness.reweigh_by
    if column is None or not model.takes_weights or train.y is None:
        return None
    return balancing_weights(train.segments[column], train.y)


def balancing_weights(group: np.ndarray, y: np.ndarray) -> np.ndarray:
    """P(group) P(label) / P(group, label) of each row, shape (n,): Kamiran and Calders' reweighing.

    "Data preprocessing techniques for classification without discrimination", Knowledge and Information
    Systems 33 (2012). Under these weights group and label are independent, and both keep their shares; the
    weights sum to n where every group has every label, to less where a pair does not occur.

    Args:
        group: shape (n,), text.
        y: shape (n,), ints.

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
