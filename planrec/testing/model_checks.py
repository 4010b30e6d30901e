"""Contract of models that read features: probabilities, row independence, repeatability, safe files."""

from collections.abc import Callable, Mapping

import numpy as np
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from planrec.catalogue import Catalogue
from planrec.contracts import (
    BillCorrector,
    BillForecaster,
    Blend,
    BlendModel,
    Explainable,
    Model,
    RoundsModel,
    StagedClassifier,
)
from planrec.runs.model_file import canonical_skops

CLASSES = np.array([0, 2, 5])
"Integer classes with gaps, as folds have them."


def check_model(model: Model) -> None:
    """Run every check of `MODEL_CHECKS`.

    Args:
        model: an option whose traits read features; rules and forecasts over histories have their own tests.

    Raises:
        AssertionError: a check failed; its name is added as a note.
    """
    for name, check in MODEL_CHECKS.items():
        try:
            check(model)
        except AssertionError as error:
            error.add_note(f"in the check {name} of model={model.kind}")
            raise


def untidy_matrix(n: int = 90, n_features: int = 6, seed: int = 0) -> np.ndarray:
    """Return usage-like columns: the second is empty, the third constant, the fourth has gaps."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(2.0, 100.0, size=(n, n_features))
    X[:, 1], X[:, 2] = np.nan, 7.0
    X[rng.random(n) < 0.3, 3] = np.nan
    return X


def labels_of(X: np.ndarray) -> np.ndarray:
    """Return a class of `CLASSES` per row that depends on the first column; shape (n,)."""
    label: np.ndarray = CLASSES[np.digitize(X[:, 0], np.nanquantile(X[:, 0], [0.4, 0.8]))]
    return label


def fit_model(model: Model, X: np.ndarray, y: np.ndarray, seed: int = 3, threads: int = 1) -> Pipeline:
    """Fit as a run does: a clone, with every `n_jobs` set for fitting and set back to 1."""
    pipeline = clone(Pipeline([("features", "passthrough"), ("model", model.build(seed, None))]))
    _set_threads(pipeline, threads)
    with threadpool_limits(threads):
        pipeline.fit(X, y)
    _set_threads(pipeline, 1)
    return pipeline


def assert_probabilities(probability: np.ndarray, shape: tuple[int, int]) -> None:
    """Assert float64 probabilities of this shape whose rows sum to 1."""
    assert probability.shape == shape
    assert probability.dtype == np.float64
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=0, atol=1e-12)


def traits_agree_with_the_estimator(model: Model, catalogue: Catalogue | None = None) -> None:
    """Check that flags about bills, members and importances match the methods of the estimator."""
    built, traits = model.build(0, catalogue), model.traits
    assert isinstance(built, BillForecaster | BillCorrector) == traits.forecasts_bills
    assert isinstance(built, BillCorrector) == traits.needs_bills
    assert isinstance(built, Blend) == isinstance(model, BlendModel)
    assert isinstance(built, Explainable) or not traits.importance_meaning
    assert isinstance(built, StagedClassifier) or not isinstance(model, RoundsModel)


def gaps_empty_and_constant_columns_are_legal(model: Model) -> None:
    """Check that NaN, an empty and a constant column give probabilities and leave the input unchanged."""
    X = untidy_matrix()
    before = X.copy()
    pipeline = fit_model(model, X, labels_of(X))
    assert_probabilities(pipeline.predict_proba(X), (90, 3))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(pipeline.classes_, CLASSES)
    assert set(pipeline.predict(X)) <= set(CLASSES)


def columns_may_disappear_or_appear_after_training(model: Model) -> None:
    """Check that other columns may be missing when predicting than when fitting."""
    X = untidy_matrix()
    pipeline = fit_model(model, X, labels_of(X))
    later = np.where(np.isnan(X), 1.0, np.nan)
    assert_probabilities(pipeline.predict_proba(later), (90, 3))


def a_fold_with_one_class_predicts_that_class(model: Model) -> None:
    """Check a fold whose training rows have one class."""
    X = untidy_matrix(30)
    for only in (0, 2):
        pipeline = fit_model(model, X, np.full(30, only))
        np.testing.assert_array_equal(pipeline.classes_, [only])
        np.testing.assert_array_equal(pipeline.predict_proba(X), np.ones((30, 1)))
        np.testing.assert_array_equal(pipeline.predict(X), np.full(30, only))


def classes_with_gaps_are_columns(model: Model) -> None:
    """Check that two classes with a gap between them give two columns."""
    X = untidy_matrix()
    pipeline = fit_model(model, X, np.where(X[:, 0] > np.median(X[:, 0]), 5, 2))
    np.testing.assert_array_equal(pipeline.classes_, [2, 5])
    assert_probabilities(pipeline.predict_proba(X), (90, 2))


def one_feature_is_enough(model: Model) -> None:
    """Check a matrix with one column."""
    X = untidy_matrix()[:, :1]
    assert_probabilities(fit_model(model, X, labels_of(X)).predict_proba(X), (90, 3))


def a_class_with_one_row_is_learned(model: Model) -> None:
    """Check a class that has a single row."""
    X = untidy_matrix()
    y = np.where(np.arange(90) == 17, 5, 0)
    assert_probabilities(fit_model(model, X, y).predict_proba(X), (90, 2))


def a_row_does_not_depend_on_the_other_rows(model: Model) -> None:
    """Check that a row alone gets the probabilities that it gets in a batch, to 1e-12."""
    X = untidy_matrix()
    pipeline = fit_model(model, X, labels_of(X))
    one_by_one = np.concatenate([pipeline.predict_proba(X[[row]]) for row in range(8)])
    np.testing.assert_allclose(one_by_one, pipeline.predict_proba(X)[:8], rtol=0, atol=1e-12)


def the_same_fit_gives_the_same_bits(model: Model) -> None:
    """Check that a second fit, and one with two threads, give the same probabilities and the same file."""
    # Unseen rows: fully grown trees reproduce the training rows for any seed.
    X, unseen = untidy_matrix(300), untidy_matrix(300, seed=1)
    first, again, threaded = (fit_model(model, X, labels_of(X), threads=threads) for threads in (1, 1, 2))
    # Before predicting: trees of neighbours count their queries.
    assert canonical_skops(first) == canonical_skops(again)
    for other in (again, threaded):
        np.testing.assert_array_equal(first.predict_proba(unseen), other.predict_proba(unseen))


def a_fitted_model_predicts_in_one_thread(model: Model) -> None:
    """Check that no part of a fitted model keeps more threads than one."""
    X = untidy_matrix()
    step = fit_model(model, X, labels_of(X), threads=2)[-1]
    for part in (step, getattr(step, "classifier_", step)):
        assert {value for name, value in part.get_params().items() if name.endswith("n_jobs")} <= {1}


def a_saved_model_is_safe_and_answers_the_same(model: Model) -> None:
    """Check that its file holds only its own or trusted types, and loads to the same probabilities."""
    X = untidy_matrix()
    pipeline = fit_model(model, X, labels_of(X))
    content = skops.io.dumps(pipeline)
    own = f"{type(model).__module__.partition('.')[0]}."
    held = skops.io.get_untrusted_types(data=content)
    trusted = [name for name in held if name in model.traits.trusted_types or name.startswith(own)]
    assert set(held) == set(trusted), f"types that no list trusts: {sorted(set(held) - set(trusted))}"
    loaded = skops.io.loads(content, trusted=trusted)
    np.testing.assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), pipeline.predict(X))


MODEL_CHECKS: Mapping[str, Callable[[Model], None]] = {
    check.__name__: check
    for check in (
        traits_agree_with_the_estimator,
        gaps_empty_and_constant_columns_are_legal,
        columns_may_disappear_or_appear_after_training,
        a_fold_with_one_class_predicts_that_class,
        classes_with_gaps_are_columns,
        one_feature_is_enough,
        a_class_with_one_row_is_learned,
        a_row_does_not_depend_on_the_other_rows,
        the_same_fit_gives_the_same_bits,
        a_fitted_model_predicts_in_one_thread,
        a_saved_model_is_safe_and_answers_the_same,
    )
}
"Checks by name; each takes an option and raises AssertionError."


def _set_threads(pipeline: BaseEstimator, threads: int) -> None:
    names = [name for name in pipeline.get_params() if name.endswith("n_jobs")]
    pipeline.set_params(**dict.fromkeys(names, threads))
