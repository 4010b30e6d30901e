"""Several models as one: weights chosen greedily on predictions of rows that no member saw.

Source: Caruana et al., Ensemble selection from libraries of models, ICML 2004 (selection with replacement).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from planrec.catalogue.monthly_cost import expected_cost, realised_cost
from planrec.model.ensemble import Members
from planrec.recommending.recommender import blended
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable
from planrec.training.cross_fit import FitRecommender, held_out_prediction, inner_folds


def weighted_members(
    n_picks: int, train: DecisionTable, fits: Mapping[str, FitRecommender], seed: int
) -> Pipeline:
    """Fit every member on all of `train`, and keep those with a weight.

    Where all forecast bills the plan with the lowest blended bill should cost least; else the blended
    probability of the label should be high (log-loss). With too few subscribers for two folds all weights are
    equal.
    """
    weights = [1 / len(fits)] * len(fits)
    if inner_folds(train, seed) is not None:
        held_out = [held_out_prediction(train, fit, seed) for fit in fits.values()]
        weights = greedy_weights(held_out, train, n_picks)
    kept = {name: weight for name, weight in zip(fits, weights, strict=True) if weight > 0}
    pipelines = [fits[name](train).pipeline for name in kept]
    return Pipeline([("model", Members(list(kept), pipelines, list(kept.values())))])


def greedy_weights(predictions: Sequence[Prediction], table: DecisionTable, n_picks: int) -> list[float]:
    """The weight of each member: how often it was picked, each time the one that helps most; sum 1.

    Of equally good ones the first is picked.
    """
    counts = np.zeros(len(predictions))
    for _ in range(n_picks):
        losses = []
        for member in range(len(predictions)):
            tried = counts.copy()
            tried[member] += 1
            losses.append(_loss(blended(predictions, tried / tried.sum()), table))
        counts[int(np.argmin(losses))] += 1
    return [float(weight) for weight in counts / counts.sum()]


def _loss(prediction: Prediction, table: DecisionTable) -> float:
    """Return the mean monthly cost of the plans picked, or the mean log-loss of the label."""
    assert table.y is not None
    rows = np.arange(len(table))
    if prediction.ranks_by_bill and prediction.bill_mean is not None and table.future_bills is not None:
        cost = expected_cost(prediction.bill_mean, table)
        picked = np.where(table.menu, cost, np.inf).argmin(axis=1)
        return float(realised_cost(table)[rows, picked].mean())
    chance = np.clip(prediction.probability[rows, table.y], np.finfo(np.float64).eps, 1.0)
    return float(-np.log(chance).mean())
