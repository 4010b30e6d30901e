"""A classifier that can be fitted on any fold."""

import warnings
from collections.abc import Iterator
from typing import Protocol, Self, runtime_checkable

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from planrec.model.importances import importances_of

FOLD_PROOF = "planrec.model.fold_proof.FoldProof"
"The name under which a saved pipeline holds `FoldProof`."


class FoldProof(ClassifierMixin, BaseEstimator):
    """A classifier that can be fitted on folds with one class, equal rows or empty columns.

    Small folds hold such rows. Logistic regression and boosting fail on one class, naive Bayes on equal rows,
    histogram boosting on columns without any value. With one class, or with equal rows, the prediction is the
    share of each class. A column without any value in training is constant, in training and later.

    `fit` uses the threads of the parameter `classifier`. The fitted `classifier_` predicts in one thread,
    because forests add up their trees in the order in which threads finish.
    """

    def __init__(self, classifier: BaseEstimator) -> None:
        """Keep the unfitted classifier."""
        self.classifier = classifier

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on a float64 matrix (n, n_features), NaN where a value is missing, and integer classes (n,).

        `sample_weight`, shape (n,), is for classifiers that take it: see `Model.takes_weights`.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.unique(y)
        self.empty_columns_ = np.flatnonzero(np.isnan(X).all(axis=0))
        unfitted = self.classifier if len(self.classes_) > 1 and _rows_differ(X) else _shares()
        with warnings.catch_warnings():
            # The run sets every parameter n_jobs; that of logistic regression has no effect.
            warnings.filterwarnings("ignore", "'n_jobs' has no effect", FutureWarning)
            self.classifier_ = clone(unfitted).fit(self.filled(X), y, **_weighted(unfitted, sample_weight))
        self.classifier_.set_params(**_one_thread(self.classifier_))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Predict the probability of each of `classes_`, shape (n, n_classes), rows sum to 1."""
        return self.classifier_.predict_proba(self.filled(np.ascontiguousarray(X, dtype=np.float64)))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict the most probable class, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def staged(self, X: np.ndarray, rounds: np.ndarray) -> Iterator[np.ndarray]:
        """Yield `predict_proba` after each of these numbers of rounds, which rise.

        A classifier without rounds, such as the shares of one class, yields the same each time.
        """
        classifier, X = self.classifier_, self.filled(X)
        if isinstance(classifier, _ByRounds):
            yield from (classifier.predict_after(X, int(number)) for number in rounds)
        elif isinstance(classifier, _ByStages):
            wanted = set(rounds.tolist())
            stages = enumerate(classifier.staged_predict_proba(X), start=1)
            yield from (probability for number, probability in stages if number in wanted)
        else:
            yield from (classifier.predict_proba(X) for _ in rounds)

    def importance(self) -> np.ndarray | None:
        """Read the classifier's own importances, shape (n_features,); None if it has none."""
        return importances_of(self.classifier_, self.n_features_in_)

    def contributions(self, X: np.ndarray) -> np.ndarray | None:
        """Read the classifier's own contributions; None if it has none, zeros if it saw one class only."""
        if isinstance(self.classifier_, _Contributing):
            # A column without any value in training is in no split, so that it need not be filled.
            return self.classifier_.contributions(X)
        return np.zeros((len(X), 1, X.shape[1] + 1)) if isinstance(self.classifier, _Contributing) else None

    def filled(self, X: np.ndarray) -> np.ndarray:
        """Fill the matrix for `classifier_`: columns that were empty in training are constant."""
        if not len(self.empty_columns_):
            return X
        X = X.copy()
        X[:, self.empty_columns_] = 0.0
        return X


@runtime_checkable
class _ByRounds(Protocol):
    """LightGBM's classifier, as `BoostedTrees` extends it."""

    def predict_after(self, X: np.ndarray, rounds: int) -> np.ndarray: ...


@runtime_checkable
class _ByStages(Protocol):
    """A boosted classifier of scikit-learn."""

    def staged_predict_proba(self, X: np.ndarray) -> Iterator[np.ndarray]: ...


@runtime_checkable
class _Contributing(Protocol):
    def contributions(self, X: np.ndarray) -> np.ndarray: ...


def _weighted(estimator: BaseEstimator, sample_weight: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the weights as arguments of `fit`: a pipeline passes them to its last step."""
    if sample_weight is None:
        return {}
    step = f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""
    return {f"{step}sample_weight": sample_weight}


def _rows_differ(X: np.ndarray) -> bool:
    return bool(((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any())


def _shares() -> BaseEstimator:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _one_thread(estimator: BaseEstimator) -> dict[str, int]:
    return {name: 1 for name in estimator.get_params() if name.split("__")[-1] == "n_jobs"}
