"""The contract checks pass for PlanRec's own options, and fail for options that break the contract."""

from typing import Any, Literal

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn.base import BaseEstimator, ClassifierMixin

from planrec.calibration import CalibrationConfig
from planrec.config.conf_folder import inherited, options
from planrec.contracts import Calibration, FeatureSet, Fold, Model, Policy, Splitter
from planrec.features import FeaturesConfig
from planrec.metrics import METRICS, Metric
from planrec.model import ModelConfig
from planrec.policy import PolicyConfig
from planrec.testing import (
    check_calibration,
    check_features,
    check_metric,
    check_model,
    check_option,
    check_policy,
    check_splitter,
)
from planrec.testing.policy_checks import predicted_decisions
from planrec.testing.splitter_checks import decisions
from tests.catalogue.catalogues import shipped

GROUPS: dict[str, Any] = {
    "model": ModelConfig,
    "features": FeaturesConfig,
    "calibration": CalibrationConfig,
    "policy": PolicyConfig,
}
NAMED = [(group, name) for group in GROUPS for name in options(group)]


def option(group: str, name: str) -> Any:
    return TypeAdapter(GROUPS[group]).validate_python(inherited(group, name))


@pytest.mark.parametrize(("group", "name"), NAMED)
def test_every_shipped_option_is_closed_frozen_and_without_defaults(group, name):
    check_option(option(group, name))


@pytest.mark.parametrize("name", options("features"))
def test_every_shipped_feature_set_keeps_the_contract(name):
    _, table = predicted_decisions()
    check_features(option("features", name), table.X, shipped("ladder"))


@pytest.mark.parametrize("name", options("policy"))
def test_every_shipped_policy_keeps_the_contract(name):
    check_policy(option("policy", name))


@pytest.mark.parametrize(
    "name", [n for n, m in METRICS.items() if not m.needs_bills and m.left_out_without is None]
)
def test_every_metric_without_bills_keeps_the_contract(name):
    check_metric(METRICS[name])


class LeakyEstimator(ClassifierMixin, BaseEstimator):
    """Predicts from the mean of the batch, so that rows depend on each other."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        first = np.full(len(X), 1 / (1 + np.exp(-np.nan_to_num(X[:, 0]).sum() / 1e5)))
        rest = (1 - first) / max(len(self.classes_) - 1, 1)
        if len(self.classes_) == 1:
            return np.ones((len(X), 1))
        return np.column_stack([first, *[rest] * (len(self.classes_) - 1)])


class Leaky(Model):
    """A model whose rows depend on each other."""

    kind: Literal["leaky"]

    def build(self, seed, catalogue):
        return LeakyEstimator()


class Overlapping(Splitter):
    """A splitter that tests on training rows."""

    kind: Literal["overlapping"]

    @property
    def keeps_subscribers_whole(self):
        return True

    @property
    def needs_time(self):
        return False

    def split(self, table, seed):
        rows = np.arange(len(table))
        yield Fold(rows[: len(rows) // 2 + 1], rows[len(rows) // 2 :])


class OffMenu(Policy):
    """A policy that ignores the menu."""

    kind: Literal["off_menu"]
    needs_bills = False

    def decide(self, prediction, table):
        decided = option("policy", "most_probable").decide(prediction, table)
        decided.recommended[:] = len(table.plans) - 1
        return decided


class Unscaled(BaseEstimator):
    """A calibrator whose rows do not sum to 1."""

    def fit(self, probability, y):
        return self

    def transform(self, probability):
        return probability / 2


class Halving(Calibration):
    """A calibration that breaks its contract."""

    kind: Literal["halving"]

    def build(self):
        return Unscaled()


class Careless(FeatureSet):
    """An option with a default in Python."""

    kind: Literal["careless"]
    n_months: int = 3

    def build(self, catalogue):
        raise AssertionError("never built")


def test_a_model_whose_rows_depend_on_each_other_fails():
    with pytest.raises(AssertionError) as raised:
        check_model(Leaky(kind="leaky"))
    assert "a_row_does_not_depend_on_the_other_rows of model=leaky" in str(raised.value.__notes__)


def test_a_splitter_that_tests_on_training_rows_fails():
    with pytest.raises(AssertionError) as raised:
        check_splitter(Overlapping(kind="overlapping"))
    assert "folds_are_sorted_positions_that_never_overlap" in str(raised.value.__notes__)
    assert len(decisions()) == 360


def test_a_policy_that_ignores_the_menu_fails():
    with pytest.raises(AssertionError) as raised:
        check_policy(OffMenu(kind="off_menu"))
    assert "advice_is_on_the_menu" in str(raised.value.__notes__)


def test_a_calibration_whose_rows_do_not_sum_to_one_fails():
    with pytest.raises(AssertionError) as raised:
        check_calibration(Halving(kind="halving"))
    assert "outputs_are_probabilities" in str(raised.value.__notes__)


def test_a_default_in_python_fails():
    with pytest.raises(AssertionError, match="n_months"):
        check_option(Careless(kind="careless"))


def test_a_metric_that_depends_on_the_order_of_rows_fails():
    def first_row(rows, weights):
        return np.full(weights.shape[1], rows.probability[0, 0])

    with pytest.raises(AssertionError) as raised:
        check_metric(Metric(first_row, higher_is_better=True, unit="share"))
    assert "the_order_of_rows_does_not_matter" in str(raised.value.__notes__)
