"""Properties of every calibrator for any probabilities, and the properties of each one."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pydantic import TypeAdapter

from planrec.calibration import CalibrationConfig
from planrec.config.conf_folder import inherited, options
from planrec.metrics import judged_rows_of
from planrec.metrics.probability import ece
from planrec.testing import CALIBRATION_CHECKS
from tests.metrics.tables import out_of_fold

OPTIONS = [option for option in options("calibration") if option != "none"]
every_option = pytest.mark.parametrize("option", OPTIONS)


def calibration(option):
    return TypeAdapter(CalibrationConfig).validate_python(inherited("calibration", option))


def calibrator(option):
    return calibration(option).build()


@st.composite
def shares(draw, n_plans, min_rows=0):
    """Draw rows that sum to 1: from certain to equal, down to the smallest float, with ties."""
    n = draw(st.integers(min_rows, 12))
    weights = st.sampled_from([0.0, 1.0, 5e-324, 1e-300, 1e-9, 0.5]) | st.floats(0, 1)
    weight = draw(hnp.arrays(np.float64, (n, n_plans), elements=weights))
    empty = weight.sum(axis=1) == 0
    weight[empty, draw(st.integers(0, n_plans - 1))] = 1.0
    return weight / weight.sum(axis=1, keepdims=True)


@st.composite
def learned_and_asked(draw):
    """Draw probabilities and labels to fit on, possibly none, and at least one other row to transform."""
    n_plans = draw(st.integers(1, 5))
    learned = draw(shares(n_plans))
    y = draw(hnp.arrays(np.int64, len(learned), elements=st.integers(0, n_plans - 1)))
    return learned, y, draw(shares(n_plans, min_rows=1))


@every_option
@given(tables=learned_and_asked())
def test_answers_are_probabilities_and_no_row_depends_on_another(option, tables):
    for check in CALIBRATION_CHECKS.values():
        check(calibration(option), *tables)


@every_option
def test_a_batch_of_many_rows_is_its_rows_bit_for_bit(option):
    rng = np.random.default_rng(0)
    learned, asked = rng.dirichlet(np.ones(6), 200), rng.dirichlet(np.full(6, 0.2), 1001)
    fitted = calibrator(option).fit(learned, rng.integers(0, 6, 200))
    alone = np.concatenate([fitted.transform(asked[[row]]) for row in range(len(asked))])
    np.testing.assert_array_equal(alone, fitted.transform(asked))


@given(tables=learned_and_asked())
def test_a_temperature_does_not_change_the_most_probable_plan(tables):
    learned, y, asked = tables
    answer = calibrator("temperature").fit(learned, y).transform(asked)
    of_the_top = answer[np.arange(len(asked)), asked.argmax(axis=1)]
    np.testing.assert_array_equal(of_the_top, answer.max(axis=1))
    assert (answer[asked == 0] == 0).all()


@pytest.mark.parametrize("option", ["isotonic", "sigmoid"])
@given(tables=learned_and_asked())
def test_each_plans_curve_rises(option, tables):
    """Check the curves before normalising, which can reverse the order."""
    learned, y, _ = tables
    fitted = calibrator(option).fit(learned, y)
    rising = np.linspace(0, 1, 23)
    for column in range(learned.shape[1]):
        if option == "isotonic":
            curve = np.interp(rising, *fitted.curves_[column])
            assert (np.diff(curve) >= 0).all()
            assert ((curve >= 0) & (curve <= 1)).all()
        else:
            assert not fitted.slope_[column] < 0


@every_option
def test_without_information_probabilities_are_unchanged(option):
    asked = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    nothing = calibrator(option).fit(np.empty((0, 3)), np.empty(0, np.int64))
    np.testing.assert_allclose(nothing.transform(asked), asked, rtol=0, atol=1e-15)
    one_plan = calibrator(option).fit(np.ones((5, 1)), np.zeros(5, np.int64))
    np.testing.assert_array_equal(one_plan.transform(np.ones((2, 1))), 1)


@pytest.mark.parametrize("option", ["isotonic", "sigmoid"])
def test_a_plan_that_no_row_has_keeps_its_share(option):
    rng = np.random.default_rng(2)
    learned = rng.dirichlet(np.ones(3), 300)
    learned[:, 2], y = 0.2, rng.integers(0, 2, 300)
    learned[:, :2] *= 0.8 / learned[:, :2].sum(axis=1, keepdims=True)
    answer = calibrator(option).fit(learned, y).transform(learned)
    assert ((answer[:, 2] > 0.1) & (answer[:, 2] < 0.3)).all()
    # The labels do not depend on the other probabilities, so these lose their spread.
    assert answer[:, 0].std() < learned[:, 0].std() / 2


def test_equal_probabilities_leave_the_temperature_at_one():
    equal = np.full((40, 4), 0.25)
    assert calibrator("temperature").fit(equal, np.arange(40) % 4).temperature_ == 1.0


def test_a_row_for_which_all_curves_are_zero_keeps_its_probabilities():
    learned = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8]])
    fitted = calibrator("isotonic").fit(learned, np.array([0, 0, 1, 1]))
    fitted.curves_ = [(np.array([0.0, 1.0]), np.array([0.0, 0.0]))] * 2
    np.testing.assert_array_equal(fitted.transform(learned), learned)


def test_a_forest_may_be_certain_and_wrong():
    certain = np.eye(2)[np.arange(40) % 2]
    y = np.where(np.arange(40) < 8, 1 - np.arange(40) % 2, np.arange(40) % 2)
    for option in ("isotonic", "sigmoid"):
        answer = calibrator(option).fit(certain, y).transform(certain)
        np.testing.assert_allclose(answer.max(axis=1), 0.8, atol=0.03)


SHARPENED = 2.5


def sharpened(n=6000, n_plans=4, seed=3):
    """Draw labels from true probabilities, and make those probabilities overconfident by a known power."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(n_plans), n)
    y = (rng.random((n, 1)) > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    power = true**SHARPENED
    return power / power.sum(axis=1, keepdims=True), y


def ece_of(probability, y):
    judged = judged_rows_of(out_of_fold(y.tolist(), probability), "lgbm")
    return float(ece(judged, np.ones((judged.subscribers.count, 1)))[0])


@every_option
def test_overconfident_probabilities_improve_on_unseen_rows(option):
    probability, y = sharpened()
    learned, asked = np.arange(3000), np.arange(3000, 6000)
    fitted = calibrator(option).fit(probability[learned], y[learned])
    before, after = (
        ece_of(probability[asked], y[asked]),
        ece_of(fitted.transform(probability[asked]), y[asked]),
    )
    assert before > 0.15
    assert after < before / 3


def test_the_temperature_of_a_known_power_is_that_power():
    fitted = calibrator("temperature").fit(*sharpened())
    assert fitted.temperature_ == pytest.approx(SHARPENED, rel=0.05)


@every_option
def test_calibrated_probabilities_hardly_change(option):
    probability, y = sharpened()
    true = probability ** (1 / SHARPENED)
    true /= true.sum(axis=1, keepdims=True)
    answer = calibrator(option).fit(true[:3000], y[:3000]).transform(true[3000:])
    assert np.abs(answer - true[3000:]).mean() < 0.03
