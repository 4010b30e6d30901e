"""Whole runs: results of every combination, and checks of the evaluation."""

import numpy as np
import pytest

import planrec
from planrec.config.conf_folder import options
from planrec.errors import CheckError
from planrec.schema.columns import frame_of
from planrec.schema.predictions import OutOfFold
from planrec.training.experiment import run
from planrec.training.fitting import build_pipeline
from tests.conftest import SMALL, SMALL_BILLS
from tests.quick_configs import composed
from tests.trained_runs import quick

LEARN_BILLS = {"lgbm_bills", "ensemble"}
"Models that need later bills to learn from, which target=held does not give."


@pytest.fixture(scope="module")
def result():
    return run(composed(*SMALL))


@pytest.mark.parametrize("model", options("model"))
def test_every_model_trains_on_the_default_data(model):
    learns_bills = model in LEARN_BILLS
    result = run(composed(*(SMALL_BILLS if learns_bills else SMALL), f"model={model}", *quick(model)))
    kind = result.config.model.kind
    expected = {"regret", "log_loss"} if learns_bills else {"accuracy", "macro_f1"}
    assert {value.metric for value in result.metrics if value.model == kind} >= expected


@pytest.mark.parametrize("features", options("features"))
@pytest.mark.parametrize("model", ["logistic", "lgbm"])
def test_every_feature_set_trains(features, model):
    result = run(composed(*SMALL, f"features={features}", f"model={model}", *quick(model)))
    assert np.isfinite([value.value for value in result.metrics if value.metric == "log_loss"]).all()


@pytest.mark.parametrize("cv", options("cv"))
def test_every_splitter_trains(cv):
    small = [override for override in SMALL if not override.startswith("cv.")]
    nested = ["search=lgbm", "search.n_trials=2", "cv.outer.n_folds=2", "cv.inner.n_folds=2"]
    needed = nested if cv.startswith("nested") else ["cv.n_folds=2"]
    assert len(run(composed(*small, f"cv={cv}", *needed)).out_of_fold) > 0


def test_every_decision_is_evaluated_once_per_model(result):
    for _, rows in result.out_of_fold.groupby(OutOfFold.MODEL):
        assert sorted(rows[OutOfFold.DECISION_ID]) == list(range(len(result.table)))


def test_the_baselines_are_evaluated_on_the_same_folds(result):
    folds = {
        model: rows.set_index(OutOfFold.DECISION_ID)[OutOfFold.FOLD].sort_index().tolist()
        for model, rows in result.out_of_fold.groupby(OutOfFold.MODEL)
    }
    assert set(folds) == {"lgbm", "popular"}
    assert folds["lgbm"] == folds["popular"]


def test_no_subscriber_is_on_both_sides_of_a_grouped_fold(result):
    subscribers_by_fold = result.out_of_fold.groupby(OutOfFold.SUBSCRIBER)[OutOfFold.FOLD].nunique()
    assert (subscribers_by_fold == 1).all()


def test_a_model_is_better_than_the_most_popular_plan(result):
    accuracy = {value.model: value for value in result.metrics if value.metric == "accuracy"}
    assert accuracy["lgbm"].value > accuracy["popular"].value


def test_a_baseline_of_the_models_own_kind_is_evaluated_beside_it():
    result = run(composed(*SMALL, "model=lgbm", "model.n_estimators=1", "baselines=[popular,lgbm]"))
    accuracy = {value.model: value.value for value in result.metrics if value.metric == "accuracy"}
    assert set(accuracy) == {"lgbm", "popular", "lgbm (baseline)"}
    assert accuracy["lgbm"] != accuracy["lgbm (baseline)"]


def test_a_rule_that_names_one_plan_shows_no_log_loss(result):
    assert {value.model for value in result.metrics if value.metric == "log_loss"} == {"lgbm"}


def test_the_seed_changes_the_folds(result):
    def fold_of(result):
        return result.out_of_fold.groupby(OutOfFold.SUBSCRIBER)[OutOfFold.FOLD].first().to_dict()

    assert fold_of(run(composed(*SMALL, "seed=0"))) == fold_of(result)
    assert fold_of(run(composed(*SMALL, "seed=1"))) != fold_of(result)


def test_scikit_learn_tools_work_on_the_pipeline(result):
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    pipeline = build_pipeline(result.config, result.config.model, None)
    scores = cross_val_score(clone(pipeline), frame_of(result.table.X), result.table.y, cv=2)
    assert np.isfinite(scores).all()
    assert clone(pipeline).get_params().keys() == pipeline.get_params().keys()


def write_leaky_table(file):
    generator = np.random.default_rng(0)
    plan = generator.integers(0, 2, 400)
    lines = ["minutes,fee,plan"]
    fee = 9.99 + 30 * plan + generator.normal(size=400)
    minutes = generator.gamma(2, 200, 400)
    lines += [f"{minutes[row]:.6f},{fee[row]:.6f},plan {plan[row]}" for row in range(400)]
    file.write_text("\n".join(lines), "utf-8")
    return ["data=table", f"data.path={file}", "data.plan_column=plan", "cv.n_folds=2", "n_bootstrap=20"]


def test_a_planted_leak_stops_the_run_until_its_column_is_dropped(tmp_path):
    leaky = write_leaky_table(tmp_path / "leaky.csv")
    with pytest.raises(CheckError, match="'fee'") as caught:
        run(composed(*leaky))
    assert "data.drop_columns" in str(caught.value)
    assert list(run(composed(*leaky, "data.drop_columns=[fee]")).table.X) == ["minutes"]


def test_a_waived_check_is_written_into_the_run(tmp_path):
    leaky = write_leaky_table(tmp_path / "leaky.csv")
    result = run(composed(*leaky, "waivers.leakage_screen='the fee is known before the plan'"))
    assert any("the fee is known before the plan" in note for note in result.notes)


def test_stratified_folds_on_data_with_subscribers_are_a_recorded_warning():
    small = [override for override in SMALL if not override.startswith("cv.")]
    result = run(composed(*small, "cv=stratified", "cv.n_folds=2"))
    assert any(note.startswith("overlap: ") and "cv=grouped" in note for note in result.notes)


@pytest.mark.parametrize(
    ("cv", "accuracy", "auc"),
    [("stratified", (0.78, 0.84), (0.79, 0.85)), ("grouped", (0.76, 0.81), (0.75, 0.82))],
)
def test_megaline_ru_reaches_the_published_level(shared_data, monkeypatch, cv, accuracy, auc):
    monkeypatch.setenv("PLANREC_DATA", str(shared_data))
    result = run(composed("data=megaline_ru", f"cv={cv}", "n_bootstrap=200"))
    found = {value.metric: value for value in result.metrics if value.model == "lgbm"}
    assert accuracy[0] < found["accuracy"].value < accuracy[1]
    assert auc[0] < found["auc"].value < auc[1]


def test_the_public_names_are_complete():
    assert all(getattr(planrec, name) is not None for name in planrec.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = planrec.nothing
