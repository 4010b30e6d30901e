"""Predictions of rows that their model never saw: what calibration, thresholds and weights are chosen on."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.pipeline import Pipeline

from planrec.calibration import Calibrated
from planrec.config.run_config import RunConfig
from planrec.contracts import Calibration, Model
from planrec.cv.fold_assignment import folds_of_subscribers, most_folds_of_subscribers
from planrec.recommending.recommender import Recommender, model_input
from planrec.schema.predictions import Prediction
from planrec.schema.tables import DecisionTable

Fit = Callable[[DecisionTable], Pipeline]
"""Fits a new pipeline on these decisions."""

FitRecommender = Callable[[DecisionTable], Recommender]
"""Fits a new recommender on these decisions."""

N_INNER_FOLDS = 5


def calibrated(config: RunConfig, model: Model, train: DecisionTable, fit: Fit) -> Pipeline:
    """Fit on all of `train`, to answer through a calibrator that learned from out-of-fold probabilities.

    A model fitted on the rows that it is calibrated on is too sure of itself there, and its calibrator would
    learn that this is right. So the subscribers of `train` are dealt into folds, each is predicted by a
    pipeline fitted on the others, and the calibrator is fitted on these predictions.

    Rules claim no chances and are left as they are, and so is what has too few subscribers: `n_folds_of`.
    """
    pipeline, calibrator = fit(train), config.calibration.build()
    n_folds = n_folds_of(config.calibration, train)
    if not model.traits.probabilistic or calibrator is None or n_folds < 2:
        return pipeline
    probability, known = _out_of_fold_probability(config, model, train, fit, n_folds)
    # A label that the fold's pipeline could not name says nothing about how sure it should have been.
    column = np.searchsorted(pipeline.classes_, train.labels[known])
    calibrator.fit(probability[np.ix_(known, pipeline.classes_)], column)
    (name, estimator) = pipeline.steps[-1]
    return Pipeline([*pipeline.steps[:-1], (name, Calibrated(estimator, calibrator))])


def inner_folds(train: DecisionTable, seed: int) -> np.ndarray | None:
    """Fold of each row, shape (n,): `N_INNER_FOLDS`, or what the subscribers suffice for; None below 2.

    Subscribers stay whole: who is predicted was not learned from.
    """
    n_folds = min(N_INNER_FOLDS, most_folds_of_subscribers(train))
    if n_folds < 2:
        return None
    return folds_of_subscribers(train, n_folds, np.random.default_rng(seed))


def held_out_prediction(train: DecisionTable, fit: FitRecommender, seed: int) -> Prediction:
    """What recommenders say of rows of `train` that they never saw, in the order of `train`.

    The subscribers must suffice for two folds: `inner_folds` says so.
    """
    folds = inner_folds(train, seed)
    assert folds is not None
    order = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    parts = [
        fit(train.take(np.flatnonzero(folds != fold))).predict(train.take(rows))
        for fold, rows in zip(np.unique(folds), order, strict=True)
    ]
    return Prediction.joined(parts).take(np.argsort(np.concatenate(order), kind="stable"))


def n_folds_of(calibration: Calibration, train: DecisionTable) -> int:
    """Folds that the subscribers suffice for: every fold needs one with the most frequent plan.

    Below 2 nothing is calibrated.
    """
    asked = calibration.cross_fit_folds
    return min(asked, most_folds_of_subscribers(train)) if asked else 0


def calibration_notes(calibration: Calibration, table: DecisionTable) -> Iterator[str]:
    """What a run should say of the calibration of its final fit: that the subscribers did not suffice."""
    asked, used = calibration.cross_fit_folds, n_folds_of(calibration, table)
    if used < asked:
        done = f"learned from {used} folds, not {asked}" if used > 1 else "was left out"
        yield f"calibration={calibration.kind} {done}: no plan has {max(used + 1, 2)} subscribers"


def _out_of_fold_probability(
    config: RunConfig, model: Model, train: DecisionTable, fit: Fit, n_folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probability over all plans, shape (n, J), before any menu; rows whose plan the fold's pipeline knew."""
    probability = np.zeros((len(train), len(train.plans)))
    known = np.zeros(len(train), np.bool_)
    fold_of_row = folds_of_subscribers(train, n_folds, np.random.default_rng(config.seed))
    for fold in range(n_folds):
        rows = np.flatnonzero(fold_of_row == fold)
        pipeline, held_out = fit(train.take(np.flatnonzero(fold_of_row != fold))), train.take(rows)
        X = model_input(config.features, model, held_out)
        probability[np.ix_(rows, pipeline.classes_)] = pipeline.predict_proba(X)
        known[rows] = np.isin(train.labels[rows], pipeline.classes_)
    return probability, np.flatnonzero(known)
