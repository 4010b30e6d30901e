"""Laws of choice probabilities, and of the search for the coefficients."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from planrec.choice import ConditionalLogitClassifier
from planrec.choice.likelihood import Cases, Nesting, log_likelihood, probabilities, scores
from planrec.errors import DataError
from tests.choice.choices import PLAIN, drawn_choices

J = 4
utilities = arrays(float, (6, J), elements=st.floats(-30, 30))
menus = arrays(bool, (6, J)).map(lambda menu: menu | (np.arange(J) == 0))
scales = st.floats(1, 5)


def nested(first: float, second: float) -> tuple[Nesting, np.ndarray]:
    """Return nests of two plans and of one, with scales; the last plan is alone."""
    return Nesting(np.array([0, 0, 1, 2]), 2, is_equal=False), np.array([first, second])


def chances(utility: np.ndarray, menu: np.ndarray, nesting: Nesting | None, scale: np.ndarray) -> np.ndarray:
    """Compute probabilities of given utilities: one term with the coefficient 1."""
    cases = Cases(np.where(menu, utility, 0.0)[np.newaxis], menu, np.zeros(len(utility), np.int64))
    return probabilities(cases, np.append(1.0, scale), nesting)


@given(utilities, menus, scales, scales, st.floats(-20, 20))
def test_shares_sum_to_1_and_ignore_what_all_plans_have(utility, menu, first, second, constant):
    for nesting, scale in (nested(first, second), (None, np.array([]))):
        found = chances(utility, menu, nesting, scale)
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        assert (found[~menu] == 0).all()
        np.testing.assert_allclose(chances(utility + constant, menu, nesting, scale), found, atol=1e-9)


@given(utilities, menus)
def test_nests_of_scale_1_are_a_logit(utility, menu):
    nesting, scale = nested(1.0, 1.0)
    logit = chances(utility, menu, None, np.array([]))
    np.testing.assert_allclose(chances(utility, menu, nesting, scale), logit, rtol=0, atol=1e-12)


@given(utilities, menus)
def test_the_odds_of_two_plans_ignore_other_plans(utility, menu):
    both = menu.copy()
    both[:, 1] = True
    logit = chances(utility, both, None, np.array([]))
    fewer = both & (np.arange(J) < 2)
    alone = chances(utility, fewer, None, np.array([]))
    np.testing.assert_allclose(logit[:, 0] * alone[:, 1], logit[:, 1] * alone[:, 0], rtol=1e-9, atol=1e-15)


@given(utilities, menus, scales, scales)
def test_a_dearer_plan_never_gains(utility, menu, first, second):
    worse = utility - np.eye(J)[0]
    for nesting, scale in (nested(first, second), (None, np.array([]))):
        before, after = (chances(one, menu, nesting, scale)[:, 0] for one in (utility, worse))
        assert (after <= before + 1e-12).all()


def test_nests_mend_the_red_bus_and_the_blue_bus():
    # A red bus, a blue bus, a car, all equally good: the twins should share one half.
    utility, menu = np.zeros((1, 4)), np.array([[True, True, True, False]])
    logit = chances(utility, menu, None, np.array([]))
    assert logit[0, :3] == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    nesting, scale = nested(1e6, 1.0)
    assert chances(utility, menu, nesting, scale)[0, :3] == pytest.approx([1 / 4, 1 / 4, 1 / 2], abs=1e-6)


@given(st.integers(0, 2**32 - 1), menus, st.sampled_from([None, False, True]))
def test_the_gradient_is_that_of_the_complex_step(seed, menu, is_equal):
    rng = np.random.default_rng(seed)
    chosen = np.array([rng.choice(np.flatnonzero(row)) for row in menu])
    cases = Cases(rng.normal(size=(2, 6, J)) * menu, menu, chosen)
    nesting = None if is_equal is None else Nesting(np.array([0, 0, 1, 1]), 2, is_equal=is_equal)
    n_scales = 0 if nesting is None else nesting.n_scales
    parameters = np.append(rng.normal(size=2), rng.uniform(1, 3, n_scales))
    steps = 1e-30j * np.eye(len(parameters))
    expected = [log_likelihood(cases, parameters + step, nesting).imag / 1e-30 for step in steps]
    np.testing.assert_allclose(scores(cases, parameters, nesting).sum(axis=0), expected, atol=1e-8)


LEARNED = replace(PLAIN, reference=None, groups={})


def test_planted_coefficients_are_found_within_two_errors():
    found = ConditionalLogitClassifier(LEARNED).fit(*drawn_choices(4_000)).coefficients_
    assert found.names == ("cost", "constant B", "constant C")
    off = (found.estimates - [-0.5, 0.5, -0.5]) / np.sqrt(np.diag(found.covariance))
    assert (np.abs(off) < 2).all()


def test_repeated_subscribers_widen_the_robust_errors():
    X, y = drawn_choices(300)
    twice = {name: np.tile(values, 2) for name, values in X.items()}
    alone, clustered = (
        ConditionalLogitClassifier(LEARNED).fit(twice, np.tile(y, 2), owner).coefficients_
        for owner in (None, np.tile(np.arange(300), 2))
    )
    once = ConditionalLogitClassifier(LEARNED).fit(X, y).coefficients_
    np.testing.assert_allclose(clustered.robust_covariance, once.robust_covariance, rtol=1e-6)
    np.testing.assert_allclose(alone.robust_covariance, once.robust_covariance / 2, rtol=1e-6)


def test_units_of_the_data_change_the_coefficient_only():
    X, y = drawn_choices(300)
    cents = {name: 100 * values for name, values in X.items()}
    major, minor = (ConditionalLogitClassifier(LEARNED).fit(one, y).coefficients_ for one in (X, cents))
    assert minor.estimates[0] == pytest.approx(major.estimates[0] / 100, rel=1e-8)
    assert minor.log_likelihood == pytest.approx(major.log_likelihood, rel=1e-12)


def test_a_plan_available_to_no_one_changes_nothing():
    X, y = drawn_choices(300)
    more = X | {"cost@D": np.full(300, np.nan)}
    model = ConditionalLogitClassifier(LEARNED).fit(X, y)
    wider = ConditionalLogitClassifier(LEARNED).fit(more, y)
    np.testing.assert_allclose(wider.predict_proba(more)[:, :3], model.predict_proba(X), atol=1e-9)
    assert (wider.predict_proba(more)[:, 3] == 0).all()


def test_a_plan_that_no_case_chose_has_no_constant_and_is_named():
    X, y = drawn_choices(300)
    rows = y != 2
    kept = {name: values[rows] for name, values in X.items()}
    model = ConditionalLogitClassifier(LEARNED).fit(kept, y[rows])
    assert model.coefficients_.undetermined == "constant C"
    assert model.coefficients_.covariance is None
    assert model.coefficients_.estimates[2] == model.coefficients_.estimates[1:].min()
    assert np.isfinite(model.predict_proba(X)).all()


def test_twin_attributes_are_named_together():
    X, y = drawn_choices(300)
    twins = X | {f"twin@{plan}": X[f"cost@{plan}"] for plan in "ABC"}
    both = replace(LEARNED, attributes={"cost": "linear", "twin": "linear"})
    assert ConditionalLogitClassifier(both).fit(twins, y).coefficients_.undetermined == "cost and twin"


def test_a_row_alone_gets_the_chances_of_the_batch():
    X, y = drawn_choices(50)
    model = ConditionalLogitClassifier(LEARNED).fit(X, y)
    alone = [model.predict_proba({name: values[[row]] for name, values in X.items()})[0] for row in range(50)]
    np.testing.assert_array_equal(alone, model.predict_proba(X))


def test_every_name_that_the_data_lacks_is_reported_at_once():
    X, y = drawn_choices(20)
    wrong = replace(LEARNED, attributes={"price": "linear"}, reference="Z", interactions={"users": ()})
    with pytest.raises(DataError) as caught:
        ConditionalLogitClassifier(wrong).fit(X, y)
    text = str(caught.value)
    for key in ("model.attributes", "model.price", "model.reference", "model.interactions"):
        assert key in text
    with pytest.raises(DataError, match=r"model\.attributes\.cost=log needs values above 0, got -"):
        ConditionalLogitClassifier(replace(LEARNED, attributes={"cost": "log"})).fit(
            X | {"cost@A": X["cost@A"] - 20}, y
        )
