"""A calibrated forecast keeps its bills, their distribution and its plans."""

import numpy as np
import pytest

from planrec.errors import DataError
from planrec.training.experiment import load_decisions
from planrec.training.fitting import fitted_recommender
from tests.conftest import SMALL_BILLS
from tests.quick_configs import composed


@pytest.fixture(scope="module")
def both():
    """Return the decisions, and a forecast without and with calibration."""
    configs = [
        composed(*SMALL_BILLS, "model=forecast", "policy=best_bill", f"calibration={name}")
        for name in ("none", "temperature")
    ]
    table = load_decisions(configs[0]).table
    return table, *(fitted_recommender(config, config.model, table, table, 1) for config in configs)


def test_calibration_changes_probabilities_and_no_bill(both):
    table, plain, calibrated = both
    before, after = plain.predict(table), calibrated.predict(table)
    np.testing.assert_array_equal(before.bill_mean, after.bill_mean)
    np.testing.assert_array_equal(before.prob_cheaper, after.prob_cheaper)
    np.testing.assert_array_equal(plain.bill_chances(table), calibrated.bill_chances(table))
    assert not np.array_equal(before.probability, after.probability)
    np.testing.assert_allclose(after.probability.sum(axis=1), 1)


def test_a_calibration_is_not_used_for_unseen_plans(both):
    _, plain, calibrated = both
    assert plain.with_catalogue(plain.catalogue).plans == plain.plans
    with pytest.raises(DataError, match="a calibration knows only the plans that it was fitted on"):
        calibrated.with_catalogue(plain.catalogue)
