"""Contract of every model: difficult tables and repeatable results. Every YAML in conf/model/ is tested."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from pydantic import TypeAdapter, ValidationError
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from planrec.config.conf_folder import inherited
from planrec.contracts import (
    BillCorrector,
    BillForecaster,
    Blend,
    BlendModel,
    Explainable,
    Model,
    RoundsModel,
)
from planrec.cv import Grouped
from planrec.errors import ConfigError
from planrec.model import TRUSTED_TYPES, ModelConfig
from planrec.model.estimator import ALLOWED
from planrec.model.fold_proof import FoldProof
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable
from tests.catalogue.catalogues import shipped
from tests.trained_runs import model_option

pytestmark = pytest.mark.usefixtures("one_thread")

CONF = Path(__file__).parents[2] / "conf" / "model"
CLASSES = np.array([0, 2, 5])
QUICK: dict[str, dict[str, object]] = {
    "sklearn.neural_network.MLPClassifier": {"hidden_layer_sizes": [4], "tol": 1.0},
    "sklearn.ensemble.ExtraTreesClassifier": {"n_estimators": 10},
    "sklearn.ensemble.RandomForestClassifier": {"n_estimators": 10},
    "sklearn.ensemble.AdaBoostClassifier": {"n_estimators": 10},
    "sklearn.ensemble.GradientBoostingClassifier": {"n_estimators": 10},
    "sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 10},
}


def model_of(tree: dict[str, object]) -> Model:
    return TypeAdapter(ModelConfig).validate_python(tree)


def estimator(class_path: str, **parameters: object) -> Model:
    return model_of({"kind": "estimator", "class_path": class_path, "parameters": parameters})


MODELS = {path.stem: model_option(path.stem) for path in sorted(CONF.glob("*.yaml"))} | {
    class_path.rpartition(".")[2]: estimator(class_path, **QUICK.get(class_path, {}))
    for class_path in ALLOWED
}
every_model = pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=name)
        for name, model in MODELS.items()
        # Models of bills and blends need more than a matrix to be fitted: test_inner_choices.py.
        if model.traits.reads == "features" and model.traits.takes_calibration
    ],
)


def untidy(n: int = 90, n_features: int = 6, seed: int = 0) -> np.ndarray:
    """Draw columns like usage; the second is empty, the third constant, the fourth has gaps."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(2.0, 100.0, size=(n, n_features))
    X[:, 1], X[:, 2] = np.nan, 7.0
    X[rng.random(n) < 0.3, 3] = np.nan
    return X


def labels(X: np.ndarray) -> np.ndarray:
    label: np.ndarray = CLASSES[np.digitize(X[:, 0], np.nanquantile(X[:, 0], [0.4, 0.8]))]
    return label


def fitted(model: Model, X: np.ndarray, y: np.ndarray, seed: int = 3, threads: int = 1) -> Pipeline:
    """Fit a clone as a run does: set every n_jobs for fitting, and set it back."""
    pipeline = clone(Pipeline([("features", "passthrough"), ("model", model.build(seed, None))]))
    set_threads(pipeline, threads)
    with threadpool_limits(threads):
        pipeline.fit(X, y)
    set_threads(pipeline, 1)
    return pipeline


def set_threads(pipeline: BaseEstimator, threads: int) -> None:
    names = [name for name in pipeline.get_params() if name.endswith("n_jobs")]
    pipeline.set_params(**dict.fromkeys(names, threads))


def assert_probabilities(probability: np.ndarray, shape: tuple[int, int]) -> None:
    assert probability.shape == shape
    assert probability.dtype == np.float64
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_option_is_a_file_of_its_kind(path: Path) -> None:
    assert type(model_option(path.stem)).__module__ == f"planrec.model.{model_option(path.stem).kind}"
    with pytest.raises(ValidationError, match="nonsense"):
        model_of(inherited("model", path.stem) | {"nonsense": 1})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_traits_agree_with_the_protocols_of_the_estimator(model: Model) -> None:
    built, traits = model.build(0, shipped("ladder")), model.traits
    assert isinstance(built, BillForecaster | BillCorrector) == traits.forecasts_bills
    assert isinstance(built, BillCorrector) == traits.needs_bills
    assert isinstance(built, Blend) == isinstance(model, BlendModel)
    assert isinstance(built, Explainable) or not traits.importance_meaning
    assert hasattr(built, "staged") or not isinstance(model, RoundsModel)


@pytest.mark.parametrize(
    "model", [pytest.param(m, id=name) for name, m in MODELS.items() if m.traits.needs_catalogue]
)
def test_a_model_that_needs_a_catalogue_is_not_built_without_one(model: Model) -> None:
    with pytest.raises(ConfigError, match=f"model={model.kind} needs a plan catalogue: type catalogue="):
        model.build(0, None)


@every_model
def test_gaps_and_empty_and_constant_columns_are_accepted(model: Model) -> None:
    X = untidy()
    before = X.copy()
    pipeline = fitted(model, X, labels(X))
    assert_probabilities(pipeline.predict_proba(X), (90, 3))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(pipeline.classes_, CLASSES)
    assert set(pipeline.predict(X)) <= set(CLASSES)


@every_model
def test_a_column_may_be_missing_or_appear_after_training(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, labels(X))
    later = np.where(np.isnan(X), 1.0, np.nan)
    assert_probabilities(pipeline.predict_proba(later), (90, 3))


@every_model
def test_a_column_that_training_never_saw_does_not_matter(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, labels(X))
    appeared = X.copy()
    appeared[:, 1] = 1e6
    np.testing.assert_array_equal(pipeline.predict_proba(appeared), pipeline.predict_proba(X))


@every_model
@pytest.mark.parametrize("only", [0, 2])
def test_a_fold_with_one_class_predicts_that_class(model: Model, only: int) -> None:
    X = untidy(30)
    pipeline = fitted(model, X, np.full(30, only))
    np.testing.assert_array_equal(pipeline.classes_, [only])
    np.testing.assert_array_equal(pipeline.predict_proba(X), np.ones((30, 1)))
    np.testing.assert_array_equal(pipeline.predict(X), np.full(30, only))


@every_model
def test_two_classes_with_a_gap_between_them_are_two_columns(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, np.where(X[:, 0] > np.median(X[:, 0]), 5, 2))
    np.testing.assert_array_equal(pipeline.classes_, [2, 5])
    assert_probabilities(pipeline.predict_proba(X), (90, 2))


@every_model
def test_one_feature_is_enough(model: Model) -> None:
    X = untidy()[:, :1]
    assert_probabilities(fitted(model, X, labels(X)).predict_proba(X), (90, 3))


@every_model
def test_a_class_with_one_row_is_learned(model: Model) -> None:
    X = untidy()
    y = np.where(np.arange(90) == 17, 5, 0)
    assert_probabilities(fitted(model, X, y).predict_proba(X), (90, 2))


@every_model
def test_thousands_of_features_are_accepted(model: Model) -> None:
    X = untidy(40, 2_000)
    assert_probabilities(fitted(model, X, labels(X)).predict_proba(X), (40, 3))


@every_model
def test_a_row_does_not_depend_on_the_other_rows(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, labels(X))
    one_by_one = np.concatenate([pipeline.predict_proba(X[[row]]) for row in range(8)])
    np.testing.assert_allclose(one_by_one, pipeline.predict_proba(X)[:8], rtol=0, atol=1e-12)


@every_model
def test_the_same_fit_twice_and_with_two_threads_gives_the_same_bits(model: Model) -> None:
    # Unseen rows: fully grown trees repeat the training labels for any seed.
    X, unseen = untidy(300), untidy(300, seed=1)
    first, again, threaded = (fitted(model, X, labels(X), threads=threads) for threads in (1, 1, 2))
    for other in (again, threaded):
        np.testing.assert_array_equal(first.predict_proba(unseen), other.predict_proba(unseen))


@every_model
def test_a_fitted_model_predicts_in_one_thread(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, labels(X), threads=2)
    step = pipeline[-1]
    for part in (step, getattr(step, "classifier_", step)):
        assert {value for name, value in part.get_params().items() if name.endswith("n_jobs")} <= {1}


@every_model
def test_a_saved_model_loads_with_our_own_list_and_gives_the_same_bits(model: Model) -> None:
    X = untidy()
    pipeline = fitted(model, X, labels(X))
    loaded = skops.io.loads(skops.io.dumps(pipeline), trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), pipeline.predict(X))


@every_model
def test_each_model_names_the_types_that_its_file_holds(model: Model) -> None:
    X = untidy()
    held = skops.io.get_untrusted_types(data=skops.io.dumps(fitted(model, X, labels(X))))
    assert set(held) <= set(model.traits.trusted_types)


def test_every_trusted_type_is_one_class_of_known_origin() -> None:
    allowed = ("planrec.", "sklearn.", "lightgbm.", "numpy.dtype", "collections.OrderedDict")
    assert [name for name in TRUSTED_TYPES if not name.startswith(allowed)] == []


@pytest.mark.parametrize("name", ["forest", "ExtraTreesClassifier"])
def test_the_seed_reaches_what_is_random(name: str) -> None:
    X, unseen = untidy(), untidy(seed=1)
    one, other = (fitted(MODELS[name], X, labels(X), seed=seed).predict_proba(unseen) for seed in (1, 2))
    assert (one != other).any()


@every_model
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_equal_rows_get_the_shares_or_the_largest_class(model: Model, value: float) -> None:
    X, y = np.full((90, 2), value), np.repeat(CLASSES, [20, 45, 25])
    expected = [20 / 90, 45 / 90, 25 / 90] if model.traits.probabilistic else [0.0, 1.0, 0.0]
    probability = fitted(model, X, y).predict_proba(X)
    np.testing.assert_allclose(probability, np.tile(expected, (90, 1)), rtol=1e-12)


@every_model
def test_a_single_column_may_differ_in_its_gaps_only(model: Model) -> None:
    X = np.where(np.arange(90) % 4, 5.0, np.nan)[:, np.newaxis]
    assert_probabilities(fitted(model, X, np.repeat(CLASSES, 30)).predict_proba(X), (90, 3))


def test_dummy_predicts_the_shares_and_popular_the_largest() -> None:
    X, y = np.zeros((8, 1)), np.array([0, 0, 2, 2, 2, 2, 5, 5])
    np.testing.assert_allclose(
        fitted(MODELS["dummy"], X, y).predict_proba(X[:1]), [[2 / 8, 4 / 8, 2 / 8]], rtol=1e-15
    )
    np.testing.assert_array_equal(fitted(MODELS["popular"], X, y).predict_proba(X[:1]), [[0, 1, 0]])


def test_of_equally_popular_plans_the_first_is_named() -> None:
    pipeline = fitted(MODELS["popular"], np.zeros((4, 1)), np.array([5, 2, 5, 2]))
    np.testing.assert_array_equal(pipeline.predict(np.zeros((1, 1))), [2])


def test_a_class_off_the_list_is_rejected_with_a_suggestion() -> None:
    with pytest.raises(ValidationError) as caught:
        estimator("sklearn.svm.GaussianNb")
    assert "(did you mean 'sklearn.naive_bayes.GaussianNB'?)" in str(caught.value)
    assert all(class_path in str(caught.value) for class_path in ALLOWED)


@pytest.mark.parametrize(
    "class_path", ["os.system", "sklearn.naive_bayes", "planrec.schema.config_model.Config", ""]
)
def test_nothing_off_the_list_is_ever_imported(class_path: str) -> None:
    with pytest.raises(ValidationError, match="not on the allow-list"):
        estimator(class_path)


def test_all_wrong_parameter_names_are_reported_with_the_allowed() -> None:
    with pytest.raises(ValidationError) as caught:
        estimator("sklearn.neighbors.KNeighborsClassifier", n_neighbours=3, wheight="uniform", n_jobs=2)
    message = str(caught.value)
    assert "'n_neighbours' (did you mean 'n_neighbors'?)" in message
    assert "'wheight' (did you mean 'weights'?)" in message
    assert "'n_jobs' is set by the run: type threads=" in message
    assert "leaf_size" in message


def test_a_wrong_parameter_value_is_rejected_before_data_is_read() -> None:
    with pytest.raises(ValidationError, match=r"'n_neighbors' parameter .* Got -1 instead"):
        estimator("sklearn.neighbors.KNeighborsClassifier", n_neighbors=-1)


def test_parameters_reach_the_classifier() -> None:
    built = estimator("sklearn.neighbors.KNeighborsClassifier", n_neighbors=3).build(0, None)
    assert built.get_params()["classifier__kneighborsclassifier__n_neighbors"] == 3


def test_shipped_lightgbm_beats_its_own_defaults_on_real_data(shared_data: Path) -> None:
    """AUC is 0.785 with small trees and 0.747 with LightGBM's own defaults, split by subscriber."""
    from lightgbm import LGBMClassifier

    frame = pd.read_csv(shared_data / "megaline_ru" / "user_months.csv")
    X = frame[["calls", "minutes", "messages", "mb_used"]].to_numpy(np.float64)
    y = frame["is_ultra"].to_numpy(np.int64)
    table = DecisionTable(
        X={},
        subscriber=frame["user_id"].to_numpy(),
        plans=("smart", "ultra"),
        menu=np.ones((len(y), 2), dtype=bool),
        inputs=InputSchema(takes="attributes", columns=(), usage=(), window=1, asks_held=False),
        y=y,
    )
    own_defaults = FoldProof(LGBMClassifier(verbose=-1, random_state=0))
    shipped = MODELS["lgbm"].build(0, None)
    assert grouped_auc(shipped, X, table) == pytest.approx(0.785, abs=0.012)
    assert grouped_auc(shipped, X, table) > grouped_auc(own_defaults, X, table) + 0.02


def grouped_auc(model: BaseEstimator, X: np.ndarray, table: DecisionTable) -> float:
    assert table.y is not None
    probability = np.empty(len(table))
    for fold in Grouped(kind="grouped", n_folds=5, n_repeats=1).split(table, seed=0):
        classifier = clone(model).set_params(classifier__n_jobs=1).fit(X[fold.train], table.y[fold.train])
        probability[fold.test] = classifier.predict_proba(X[fold.test])[:, 1]
    return float(roc_auc_score(table.y, probability))


@every_model
def test_contributions_add_up_to_the_raw_score(model: Model) -> None:
    X = untidy()
    for y in (labels(X), np.where(X[:, 0] > np.median(X[:, 0]), 5, 2)):
        pipeline = fitted(model, X, y)
        step = pipeline[-1]
        contributions = step.contributions(X) if isinstance(step, Explainable) else None
        if contributions is None:
            assert model.kind != "lgbm"
            return
        raw = pipeline[-1].classifier_.booster_.predict(X, raw_score=True).reshape(len(X), -1)
        np.testing.assert_allclose(contributions.sum(axis=2), raw, rtol=0, atol=1e-9)
        assert contributions.shape == (90, raw.shape[1], 7)
        assert (contributions[:, :, [1, 2]] == 0).all()  # empty and constant: never used


@every_model
def test_one_class_leaves_nothing_to_contribute(model: Model) -> None:
    X = untidy(30)
    step = fitted(model, X, np.full(30, 2))[-1]
    contributions = step.contributions(X) if isinstance(step, Explainable) else None
    assert contributions is None or not contributions.any()
