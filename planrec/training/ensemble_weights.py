"""Weights of an ensemble, chosen greedily on out-of-fold predictions of its members.

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
    """Fit every member on all of `train`, and keep the members with a weight.

    If all members forecast bills, the weights minimise the cost of the plan with the lowest blended bill;
    else they minimise the log-loss of the blended probabilities. If the subscribers cannot fill two folds,
    all weights are equal.
    """
    weights = [1 / len(fits)] * len(fits)
    folds = inner_folds(train, seed)
    if folds is not None:
        held_out = [held_out_prediction(train, folds, fit) for fit in fits.values()]
        weights = greedy_weights(held_out, train, n_picks)
    kept = {name: weight for name, weight in zip(fits, weights, strict=True) if weight > 0}
    pipelines = [fits[name](train).pipeline for name in kept]
    return Pipeline([("model", Members(list(kept), pipelines, list(kept.values())))])


def greedy_weights(predictions: Sequence[Prediction], table: DecisionTable, n_picks: int) -> list[float]:
    """Choose the weight of each member, its share of the picks; each pick lowers the loss most.

    Of equally good members the first is picked.
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
    """Compute the mean monthly cost of the plans picked, or the mean log-loss of the label."""
    rows = np.arange(len(table))
    if prediction.ranks_by_bill and prediction.bill_mean is not None and table.future_bills is not None:
        cost = expected_cost(prediction.bill_mean, table)
        picked = np.where(table.menu, cost, np.inf).argmin(axis=1)
        return float(realised_cost(table)[rows, picked].mean())
    chance = np.clip(prediction.probability[rows, table.labels], np.finfo(np.float64).eps, 1.0)
    return float(-np.log(chance).mean())
