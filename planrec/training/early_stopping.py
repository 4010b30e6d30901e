"""Early stopping: rounds of boosting, chosen on inner folds of the training rows."""

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from planrec.config.run_config import RunConfig
from planrec.contracts import Model, RoundsModel, StagedClassifier
from planrec.model.estimator_parameters import set_everywhere
from planrec.recommending.recommender import model_input
from planrec.schema.tables import DecisionTable
from planrec.training.cross_fit import inner_folds
from planrec.training.reweighing import sample_weights

N_STAGES = 20
"Numbers of rounds that are compared, in equal ratios from 1 to the model's own."


def stopped_early(config: RunConfig, model: Model, train: DecisionTable) -> Model:
    """Choose the rounds of lowest log-loss on subscribers that it was not fitted on.

    The model is returned unchanged if it does not stop early, or if the subscribers cannot fill two folds.
    """
    if not isinstance(model, RoundsModel) or not model.stop_early:
        return model
    folds = inner_folds(train, config.seed)
    if folds is None:
        return model
    stages = np.unique(np.geomspace(1, model.most_rounds, N_STAGES).round().astype(np.int64))
    features = config.features.build(config.catalogue.open())
    set_everywhere(features, "encoding", model.traits.encoding)
    matrix = features.fit_transform(model_input(config.features, model, train), train.labels)
    unfitted = model.build(config.seed, None)
    set_everywhere(unfitted, "n_jobs", config.threads)
    weights = sample_weights(config, model, train)
    loss = np.zeros(len(stages))
    for fold in np.unique(folds):
        learned, tested = folds != fold, folds == fold
        with threadpool_limits(config.threads):
            weighed = {} if weights is None else {"sample_weight": weights[learned]}
            estimator = clone(unfitted).fit(matrix[learned], train.labels[learned], **weighed)
        column = _columns_of(train.labels[tested], estimator.classes_)
        loss += _staged_loss(estimator, matrix[tested], column, stages)
    return model.with_rounds(int(stages[loss.argmin()]))


def _columns_of(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Look up the column of each label among ascending classes, shape (n,); -1 if training never had it."""
    return np.where(np.isin(y, classes), np.searchsorted(classes, y), -1)


def _staged_loss(
    estimator: StagedClassifier, matrix: np.ndarray, column: np.ndarray, stages: np.ndarray
) -> np.ndarray:
    """Sum the log-loss after each number of rounds, shape (n_stages,)."""
    loss = np.zeros(len(stages))
    for stage, probability in enumerate(estimator.staged(matrix, stages)):
        # A label that training never had counts as the smallest probability.
        of_label = np.where(column >= 0, probability[np.arange(len(column)), column], 0.0)
        loss[stage] = -np.log(np.clip(of_label, np.finfo(np.float64).eps, 1.0)).sum()
    return loss
