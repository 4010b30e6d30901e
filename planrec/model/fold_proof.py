"""A classifier that fits whatever a fold holds."""

import warnings
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

FOLD_PROOF = "planrec.model.fold_proof.FoldProof"
"The name under which a saved pipeline holds `FoldProof`."


class FoldProof(ClassifierMixin, BaseEstimator):
    """Fit `classifier` where it can be fitted, whatever the rows of a fold left of classes and columns.

    Small folds hold one class, rows that are all alike, or columns without any value. Logistic regression
    and boosting refuse the first, naive Bayes the second, histogram boosting the third. With one class or
    rows all alike the answer is the share of each class; a column without any value in training is
    constant, in training and later.

    `fit` uses the threads of the parameter `classifier`; the fitted `classifier_` predicts in one thread,
    because forests add up their trees in the order in which threads finish.
    """

    def __init__(self, classifier: BaseEstimator) -> None:
        self.classifier = classifier

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on a float64 matrix (n, n_features), NaN where a value is missing, and integer classes (n,).

        `sample_weight`, shape (n,), is for classifiers that take it: `Model.takes_weights` says which.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.unique(y)
        self.empty_columns_ = np.flatnonzero(np.isnan(X).all(axis=0))
        unfitted = self.classifier if len(self.classes_) > 1 and _rows_differ(X) else _shares()
        with warnings.catch_warnings():
            # The run sets n_jobs wherever it is a parameter; logistic regression has it without effect.
            warnings.filterwarnings("ignore", "'n_jobs' has no effect", FutureWarning)
            self.classifier_ = clone(unfitted).fit(self.filled(X), y, **_weighted(unfitted, sample_weight))
        self.classifier_.set_params(**_one_thread(self.classifier_))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probability of each of `classes_`, shape (n, n_classes), rows sum to 1."""
        return self.classifier_.predict_proba(self.filled(np.ascontiguousarray(X, dtype=np.float64)))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable class, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def filled(self, X: np.ndarray) -> np.ndarray:
        """The matrix as `classifier_` wants it: columns that were empty in training are constant."""
        if not len(self.empty_columns_):
            return X
        X = X.copy()
        X[:, self.empty_columns_] = 0.0
        return X


def _weighted(estimator: BaseEstimator, sample_weight: np.ndarray | None) -> dict[str, np.ndarray]:
    """Weights as `fit` takes them: a pipeline hands them to its last step."""
    if sample_weight is None:
        return {}
    steps = getattr(estimator, "steps", None)
    return {"sample_weight" if steps is None else f"{steps[-1][0]}__sample_weight": sample_weight}


def _rows_differ(X: np.ndarray) -> bool:
    return bool(((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any())


def _shares() -> BaseEstimator:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _one_thread(estimator: BaseEstimator) -> dict[str, int]:
    return {name: 1 for name in estimator.get_params() if name.split("__")[-1] == "n_jobs"}
