"""How many rounds of boosting, chosen on inner folds of the rows that are learned from."""

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
    """The model with the number of rounds of the lowest log-loss on subscribers it was not fitted on.

    The model as it is where it does not ask for it, or where the subscribers do not suffice for two folds.
    """
    if not isinstance(model, RoundsModel) or not model.stop_early or train.y is None:
        return model
    folds = inner_folds(train, config.seed)
    if folds is None:
        return model
    stages = np.unique(np.geomspace(1, model.most_rounds, N_STAGES).round().astype(np.int64))
    features = config.features.build(config.catalogue.open())
    set_everywhere(features, "encoding", model.traits.encoding)
    matrix = features.fit_transform(model_input(config.features, model, train), train.y)
    unfitted = model.build(config.seed, None)
    set_everywhere(unfitted, "n_jobs", config.threads)
    weights = sample_weights(config, model, train)
    loss = np.zeros(len(stages))
    for fold in np.unique(folds):
        learned, judged = folds != fold, np.flatnonzero(folds == fold)
        with threadpool_limits(config.threads):
            weighed = {} if weights is None else {"sample_weight": weights[learned]}
            estimator: StagedClassifier = clone(unfitted).fit(matrix[learned], train.y[learned], **weighed)
        column = np.searchsorted(estimator.classes_, train.y[judged])
        known = np.isin(train.y[judged], estimator.classes_)
        for stage, probability in enumerate(estimator.staged(matrix[judged], stages)):
            # A label that the fold never showed counts like the smallest chance there is.
            of_label = probability[np.arange(len(judged)), np.where(known, column, 0)]
            chance = np.clip(np.where(known, of_label, 0.0), np.finfo(np.float64).eps, 1.0)
            loss[stage] -= np.log(chance).sum()
    return model.with_rounds(int(stages[loss.argmin()]))
