"""Calibrators are fitted on out-of-fold predictions, and a calibrated run is saved, loaded and served."""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.calibration import Calibrated
from planrec.config.conf_folder import options
from planrec.contracts import Model, ModelTraits
from planrec.errors import ConfigError
from planrec.recommending.recommender import model_input
from planrec.reports.cards.model_card import card_of
from planrec.reports.page.run_view import importances
from planrec.runs.model_file import canonical_skops, read_skops
from planrec.runs.read import load_run, replay_golden
from planrec.schema.predictions import OutOfFold
from planrec.training.cross_fit import calibrated, calibration_notes, n_folds_of
from planrec.training.experiment import load_decisions, predict_out_of_fold, run
from planrec.training.fitting import build_pipeline, fitted_recommender
from tests.conftest import SMALL, SMALL_BILLS
from tests.quick_configs import composed
from tests.trained_runs import train_into

OPTIONS = [option for option in options("calibration") if option != "none"]
QUICK = ("model=lgbm", "model.n_estimators=15", "baselines=[popular]")


def config_of(*overrides, small=SMALL):
    return composed(*small, *QUICK, *overrides)


@pytest.fixture(scope="module")
def table():
    return load_decisions(config_of("calibration=temperature")).table


@pytest.fixture(scope="module", params=OPTIONS)
def saved(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-abc123"
    return train_into(folder, *QUICK, f"calibration={request.param}", "calibration.n_folds=3")


class Remembering:
    """Fits pipelines, and records the rows that each was fitted on and predicted."""

    def __init__(self, config):
        self.config, self.fitted_on, self.asked_for = config, [], []

    def __call__(self, rows):
        pipeline = build_pipeline(self.config, self.config.model, self.config.catalogue.open())
        pipeline.fit(model_input(self.config.features, self.config.model, rows), rows.y)
        number, predict_proba, classes = len(self.fitted_on), pipeline.predict_proba, pipeline.classes_
        self.fitted_on.append(rows)
        self.asked_for.append([])

        class Listening(type(pipeline)):
            def predict_proba(listening, X):
                self.asked_for[number].append(X)
                return predict_proba(X)

            classes_ = classes

        return Listening(pipeline.steps)


def test_rows_are_predicted_once_by_a_pipeline_of_others(table):
    config = config_of("calibration=temperature", "calibration.n_folds=4")
    # A column with the number of the row; this feature set does not read it.
    marked = replace(table, X=table.X | {"row": np.arange(len(table), dtype=np.float64)})
    fit = Remembering(config)
    calibrated(config, config.model, marked, fit)
    assert len(fit.fitted_on) == 5
    assert len(fit.fitted_on[0]) == len(table)
    assert fit.asked_for[0] == []
    predicted = []
    for rows, asked in zip(fit.fitted_on[1:], fit.asked_for[1:], strict=True):
        (X,) = asked
        positions = X["row"].astype(np.int64)
        predicted += positions.tolist()
        assert not set(rows.subscriber) & set(table.subscriber[positions])
        assert set(rows.subscriber) | set(table.subscriber[positions]) == set(table.subscriber)
    assert sorted(predicted) == list(range(len(table)))


@pytest.mark.parametrize("small", [SMALL, SMALL_BILLS], ids=["held", "best_bill"])
@pytest.mark.parametrize("option", OPTIONS)
def test_labels_of_a_test_fold_do_not_change_its_predictions(option, small):
    config = config_of(f"calibration={option}", "calibration.n_folds=2", small=small)
    clean = load_decisions(config).table
    models = {config.model.kind: [config.model]}
    for fold in list(config.cv.split(clean, config.seed))[:1]:
        y = clean.y.copy()
        y[fold.test] = (y[fold.test] + 1) % len(clean.plans)
        probability = [
            predict_out_of_fold(config, models, rows, [fold]).filter(like=OutOfFold.PROBABILITY)
            for rows in (clean, replace(clean, y=y))
        ]
        assert_frame_equal(*probability)
        # The changed labels do change a fit that includes them.
        kinds = [
            fitted_recommender(config, config.model, rows, rows, 1) for rows in (clean, replace(clean, y=y))
        ]
        assert not np.array_equal(*(kind.predict(clean).probability for kind in kinds))


@pytest.mark.parametrize("small", [SMALL, SMALL_BILLS], ids=["held", "best_bill"])
def test_calibration_keeps_decisions_and_changes_probabilities(small):
    plain, mended = (
        run(config_of(*overrides, small=small))
        for overrides in ([], ["calibration=temperature", "calibration.n_folds=2"])
    )
    assert plain.folds_fingerprint == mended.folds_fingerprint
    assert {value.metric for value in plain.metrics} == {value.metric for value in mended.metrics}
    probability = [
        result.out_of_fold[result.out_of_fold[OutOfFold.MODEL] == "lgbm"].filter(like=OutOfFold.PROBABILITY)
        for result in (plain, mended)
    ]
    assert not np.allclose(*probability)
    np.testing.assert_allclose(probability[1].sum(axis=1), 1, atol=1e-12)


def test_calibration_none_leaves_the_pipeline_unchanged(history_run):
    assert not isinstance(load_run(history_run).recommender.pipeline[-1], Calibrated)


def test_baselines_are_calibrated_unless_they_are_rules(table):
    config = config_of("calibration=sigmoid", "calibration.n_folds=2", "baselines=[popular,logistic]")
    for name, is_calibrated in (("popular", False), ("logistic", True)):
        recommender = fitted_recommender(config, config.baselines[name], table, table, 1)
        assert isinstance(recommender.pipeline[-1], Calibrated) == is_calibrated


@pytest.mark.parametrize("option", OPTIONS)
def test_calibrating_a_rule_is_rejected_with_a_remedy(option):
    with pytest.raises(ConfigError) as caught:
        composed(*SMALL, "model=popular", f"calibration={option}")
    (problem,) = caught.value.problems
    assert problem.startswith(f"calibration={option} needs probabilities and model=popular is a rule")
    assert problem.endswith("type calibration=none")
    assert composed(*SMALL, "model=popular", "calibration=none").calibration.kind == "none"


def test_a_loaded_calibrated_run_gives_the_same_answers(saved):
    loaded = load_run(saved)
    assert isinstance(loaded.recommender.pipeline[-1], Calibrated)
    assert replay_golden(loaded) is None


def test_the_model_file_is_canonical_with_trusted_types_only(saved):
    content = (saved / "model.skops").read_bytes()
    assert canonical_skops(read_skops(content)) == content


def test_one_row_equals_the_batch_bit_for_bit(saved):
    loaded = load_run(saved)
    catalogue = loaded.recommender.catalogue
    decisions = loaded.config.target.label(loaded.config.data.load(catalogue), catalogue)
    together = loaded.recommender.predict(decisions).probability
    for row in (0, len(decisions) // 2, len(decisions) - 1):
        alone = loaded.recommender.predict(decisions.take(np.array([row]))).probability[0]
        np.testing.assert_array_equal(alone, together[row])


def test_importances_are_those_of_the_model_inside(saved, history_run):
    shares = importances(load_run(saved).recommender)
    assert shares is not None
    assert {name for name, _ in shares} == {
        name for name, _ in importances(load_run(history_run).recommender)
    }


def test_the_card_names_the_calibration(saved, history_run):
    kind = load_run(saved).config.calibration.kind
    assert f"`calibration={kind}`" in card_of(saved)
    assert "not calibrated" not in card_of(saved)
    assert "The probabilities are not calibrated after training." in card_of(history_run)


def test_runs_do_not_depend_on_the_number_of_threads(table):
    config = config_of("calibration=isotonic", "calibration.n_folds=2")
    one, two = (fitted_recommender(config, config.model, table, table, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.predict(table).probability, two.predict(table).probability)


@pytest.mark.parametrize(("n_subscribers", "n_used", "said"), [(3, 3, "used 3 folds"), (1, 1, "left out")])
def test_few_subscribers_give_fewer_folds_or_none(table, n_subscribers, n_used, said):
    config = config_of("calibration=sigmoid")
    of_each_plan = [
        np.unique(table.subscriber[table.y == plan])[:n_subscribers] for plan in np.unique(table.y)[:2]
    ]
    few = table.take(np.flatnonzero(np.isin(table.subscriber, np.concatenate(of_each_plan))))
    few = replace(few, y=np.isin(few.subscriber, of_each_plan[1]).astype(np.int64))
    assert n_folds_of(config.calibration, few) == n_used
    pipeline = fitted_recommender(config, config.model, few, few, 1)
    assert isinstance(pipeline.pipeline[-1], Calibrated) == (n_used > 1)
    assert np.isfinite(pipeline.predict(table).probability).all()
    (note,) = calibration_notes(config.calibration, few)
    assert said in note
    assert list(calibration_notes(config.calibration, table)) == []


def test_one_plan_only_is_calibrated_to_itself(table):
    config = config_of("calibration=isotonic")
    same = replace(table, y=np.zeros(len(table), np.int64))
    probability = fitted_recommender(config, config.model, same, same, 1).predict(same).probability
    np.testing.assert_array_equal(probability[:, 0], 1)


def test_a_plan_of_one_subscriber_is_calibrated(table):
    for option in OPTIONS:
        config = config_of(f"calibration={option}", "calibration.n_folds=2")
        y = np.where(table.subscriber == table.subscriber[0], 2, np.minimum(table.y, 1))
        lonely = replace(table, y=y)
        recommender = fitted_recommender(config, config.model, lonely, lonely, 1)
        probability, scaler = recommender.predict(lonely).probability, recommender.pipeline[-1].calibrator
        # Folds without that plan give no information about it.
        assert option != "isotonic" or scaler.curves_[2][1].tolist() == [0, 1]
        assert option != "sigmoid" or np.isnan(scaler.slope_[2])
        assert np.isfinite(probability).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)


class Forecasting(Model):
    """A model with probabilities and bills."""

    traits: ClassVar[ModelTraits] = ModelTraits(forecasts_bills=True, reads="history")

    kind: Literal["forecasting"] = "forecasting"

    def build(self, seed, catalogue):
        return Forecaster(n_plans=len(catalogue.plans))


class Forecaster(ClassifierMixin, BaseEstimator):
    def __init__(self, n_plans):
        self.n_plans = n_plans

    def fit(self, X, y):
        self.classes_ = np.arange(self.n_plans)
        return self

    def predict_proba(self, X):
        weight = 1 / (1 + self.predict_bills(X)["bill_mean"])
        return weight / weight.sum(axis=1, keepdims=True)

    def predict_bills(self, X):
        return {"bill_mean": np.outer(np.nan_to_num(X["data_mib.1"]), np.arange(1.0, self.n_plans + 1))}


def test_bills_pass_through_and_probabilities_are_calibrated():
    config = config_of("calibration=temperature", small=SMALL_BILLS)
    decisions = load_decisions(config).table
    mended, plain = (
        fitted_recommender(kept, Forecasting(), decisions, decisions, 1).predict(decisions)
        for kept in (config, config_of(small=SMALL_BILLS))
    )
    np.testing.assert_array_equal(mended.bill_mean, plain.bill_mean)
    assert mended.ranks_by_bill
    assert not np.allclose(mended.probability, plain.probability)
