"""Contract of every model: difficult tables and repeatable results. Every YAML in conf/model/ is tested."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from pydantic import TypeAdapter, ValidationError
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import roc_auc_score

from planrec.config.conf_folder import inherited
from planrec.contracts import Explainable, Model
from planrec.cv import Grouped
from planrec.errors import ConfigError
from planrec.model import TRUSTED_TYPES, ModelConfig
from planrec.model.estimator import ALLOWED
from planrec.model.fold_proof import FoldProof
from planrec.schema.columns import InputSchema
from planrec.schema.tables import DecisionTable
from planrec.testing.model_checks import (
    CLASSES,
    MODEL_CHECKS,
    assert_probabilities,
    fit_model,
    labels_of,
    traits_agree_with_the_estimator,
    untidy_matrix,
)
from tests.catalogue.catalogues import shipped
from tests.trained_runs import model_option

pytestmark = pytest.mark.usefixtures("one_thread")

CONF = Path(__file__).parents[2] / "conf" / "model"
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


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_option_is_a_file_of_its_kind(path: Path) -> None:
    assert type(model_option(path.stem)).__module__ == f"planrec.model.{model_option(path.stem).kind}"
    with pytest.raises(ValidationError, match="nonsense"):
        model_of(inherited("model", path.stem) | {"nonsense": 1})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_traits_agree_with_the_protocols_of_the_estimator(model: Model) -> None:
    traits_agree_with_the_estimator(model, shipped("ladder"))


@pytest.mark.parametrize(
    "model", [pytest.param(m, id=name) for name, m in MODELS.items() if m.traits.needs_catalogue]
)
def test_a_model_that_needs_a_catalogue_is_not_built_without_one(model: Model) -> None:
    with pytest.raises(ConfigError, match=f"model={model.kind} needs a plan catalogue: type catalogue="):
        model.build(0, None)


@every_model
@pytest.mark.parametrize("check", MODEL_CHECKS.values(), ids=MODEL_CHECKS)
def test_every_model_keeps_the_contract(model: Model, check: Callable[[Model], None]) -> None:
    check(model)


@every_model
def test_a_column_that_training_never_saw_does_not_matter(model: Model) -> None:
    X = untidy_matrix()
    pipeline = fit_model(model, X, labels_of(X))
    appeared = X.copy()
    appeared[:, 1] = 1e6
    np.testing.assert_array_equal(pipeline.predict_proba(appeared), pipeline.predict_proba(X))


@every_model
def test_thousands_of_features_are_accepted(model: Model) -> None:
    X = untidy_matrix(40, 2_000)
    assert_probabilities(fit_model(model, X, labels_of(X)).predict_proba(X), (40, 3))


@every_model
def test_each_model_names_the_types_that_its_file_holds(model: Model) -> None:
    X = untidy_matrix()
    held = skops.io.get_untrusted_types(data=skops.io.dumps(fit_model(model, X, labels_of(X))))
    assert set(held) <= set(model.traits.trusted_types)


def test_every_trusted_type_is_one_class_of_known_origin() -> None:
    allowed = ("planrec.", "sklearn.", "lightgbm.", "numpy.dtype", "collections.OrderedDict")
    assert [name for name in TRUSTED_TYPES if not name.startswith(allowed)] == []


@pytest.mark.parametrize("name", ["forest", "ExtraTreesClassifier"])
def test_the_seed_reaches_what_is_random(name: str) -> None:
    X, unseen = untidy_matrix(), untidy_matrix(seed=1)
    one, other = (
        fit_model(MODELS[name], X, labels_of(X), seed=seed).predict_proba(unseen) for seed in (1, 2)
    )
    assert (one != other).any()


@every_model
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_equal_rows_get_the_shares_or_the_largest_class(model: Model, value: float) -> None:
    X, y = np.full((90, 2), value), np.repeat(CLASSES, [20, 45, 25])
    expected = [20 / 90, 45 / 90, 25 / 90] if model.traits.probabilistic else [0.0, 1.0, 0.0]
    probability = fit_model(model, X, y).predict_proba(X)
    np.testing.assert_allclose(probability, np.tile(expected, (90, 1)), rtol=1e-12)


@every_model
def test_a_single_column_may_differ_in_its_gaps_only(model: Model) -> None:
    X = np.where(np.arange(90) % 4, 5.0, np.nan)[:, np.newaxis]
    assert_probabilities(fit_model(model, X, np.repeat(CLASSES, 30)).predict_proba(X), (90, 3))


def test_dummy_predicts_the_shares_and_popular_the_largest() -> None:
    X, y = np.zeros((8, 1)), np.array([0, 0, 2, 2, 2, 2, 5, 5])
    np.testing.assert_allclose(
        fit_model(MODELS["dummy"], X, y).predict_proba(X[:1]), [[2 / 8, 4 / 8, 2 / 8]], rtol=1e-15
    )
    np.testing.assert_array_equal(fit_model(MODELS["popular"], X, y).predict_proba(X[:1]), [[0, 1, 0]])


def test_of_equally_popular_plans_the_first_is_named() -> None:
    pipeline = fit_model(MODELS["popular"], np.zeros((4, 1)), np.array([5, 2, 5, 2]))
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
    X = untidy_matrix()
    for y in (labels_of(X), np.where(X[:, 0] > np.median(X[:, 0]), 5, 2)):
        pipeline = fit_model(model, X, y)
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
    X = untidy_matrix(30)
    step = fit_model(model, X, np.full(30, 2))[-1]
    contributions = step.contributions(X) if isinstance(step, Explainable) else None
    assert contributions is None or not contributions.any()


@pytest.mark.parametrize(
    ("n_subscribers", "size"), [(1_999, (100, 7, False)), (2_000, (500, 15, True)), (20_000, (500, 31, True))]
)
def test_lgbm_is_sized_by_the_number_of_subscribers(n_subscribers, size):
    sized = model_option("lgbm").sized(n_subscribers)
    assert (sized.n_estimators, sized.num_leaves, sized.stop_early) == size


def test_a_given_number_of_trees_is_not_stopped_early():
    sized = model_option("lgbm", n_estimators=40).sized(30_000)
    assert (sized.n_estimators, sized.num_leaves, sized.stop_early) == (40, 31, False)
    assert model_option("lgbm", n_estimators=40, stop_early=True).sized(0).stop_early
