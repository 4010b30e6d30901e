"""How much each feature counts, read from a fitted scikit-learn classifier."""

from typing import Any

import numpy as np

from planrec.model.fold_proof import FoldProof

IMPURITY = "impurity decrease of the splits"
COEFFICIENTS = "mean absolute coefficient on standardised inputs"


def importances_of(estimator: FoldProof) -> np.ndarray | None:
    """What the classifier says of itself: importances of trees, or coefficients; None where it has neither.

    Shape (n_features,). Behind imputing, what tells gaps from values counts for the feature with the gaps.
    """
    fitted = estimator.classifier_
    steps = getattr(fitted, "steps", [("classifier", fitted)])
    weights = _weights(steps[-1][1])
    if weights is None:
        return None
    importances = weights[: estimator.n_features_in_].copy()
    # SimpleImputer(add_indicator=True) appends one column for each feature with gaps.
    gaps = weights[estimator.n_features_in_ :]
    if len(gaps):
        importances[steps[0][1].indicator_.features_] += gaps
    return importances


def _weights(classifier: Any) -> np.ndarray | None:
    if hasattr(classifier, "feature_importances_"):
        return np.asarray(classifier.feature_importances_, np.float64)
    if hasattr(classifier, "coef_"):
        return np.abs(classifier.coef_).mean(axis=0)
    return None
