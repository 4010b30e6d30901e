"""Out-of-fold predictions inside training, on which calibration, thresholds and weights are chosen."""

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
    """Fit on all of `train`, behind a calibrator that is fitted on out-of-fold probabilities.

    A model is too confident on its own training rows, so they would mislead its calibrator. Therefore the
    subscribers of `train` are assigned to folds, each fold is predicted by a pipeline fitted on the others,
    and the calibrator is fitted on these predictions.

    The pipeline is not calibrated if the model is a rule, or if the subscribers are too few: `n_folds_of`.
    """
    pipeline, calibrator = fit(train), config.calibration.build()
    n_folds = n_folds_of(config.calibration, train)
    if not model.traits.probabilistic or calibrator is None or n_folds < 2:
        return pipeline
    probability, known = _out_of_fold_probability(config, model, train, fit, n_folds)
    # A label that the fold's pipeline does not know carries no information about its confidence.
    column = np.searchsorted(pipeline.classes_, train.labels[known])
    calibrator.fit(probability[np.ix_(known, pipeline.classes_)], column)
    (name, estimator) = pipeline.steps[-1]
    return Pipeline([*pipeline.steps[:-1], (name, Calibrated(estimator, calibrator))])


def inner_folds(train: DecisionTable, seed: int) -> np.ndarray | None:
    """Assign the subscribers of training rows to `N_INNER_FOLDS` folds, or to as many as they can fill.

    Returns:
        Fold of each row, shape (n,); None if the subscribers cannot fill two folds.
    """
    n_folds = min(N_INNER_FOLDS, most_folds_of_subscribers(train))
    if n_folds < 2:
        return None
    return folds_of_subscribers(train, n_folds, np.random.default_rng(seed))


def held_out_prediction(train: DecisionTable, folds: np.ndarray, fit: FitRecommender) -> Prediction:
    """Predict each fold of `train` with a recommender that is fitted on the other folds.

    Args:
        train: the decisions.
        folds: fold of each row, shape (n,): `inner_folds`.
        fit: fits a recommender on some of the decisions.

    Returns:
        The predictions in the order of `train`.
    """
    order = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    parts = [
        fit(train.take(np.flatnonzero(folds != fold))).predict(train.take(rows))
        for fold, rows in zip(np.unique(folds), order, strict=True)
    ]
    return Prediction.joined(parts).take(np.argsort(np.concatenate(order), kind="stable"))


def n_folds_of(calibration: Calibration, train: DecisionTable) -> int:
    """Count the folds that the subscribers can fill; below 2 nothing is calibrated.

    Every fold needs a subscriber with the most frequent plan.
    """
    wanted = calibration.cross_fit_folds
    return min(wanted, most_folds_of_subscribers(train)) if wanted else 0


def calibration_notes(calibration: Calibration, table: DecisionTable) -> Iterator[str]:
    """Yield a note for the run if the subscribers could not fill the folds of its calibration."""
    wanted, used = calibration.cross_fit_folds, n_folds_of(calibration, table)
    if used < wanted:
        done = f"used {used} folds, not {wanted}" if used > 1 else "was left out"
        yield f"calibration={calibration.kind} {done}: no plan has {max(used + 1, 2)} subscribers"


def _out_of_fold_probability(
    config: RunConfig, model: Model, train: DecisionTable, fit: Fit, n_folds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities over all plans before any menu, shape (n, J), and rows with a known label.

    A label is known if the fold's pipeline had it in training.
    """
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
