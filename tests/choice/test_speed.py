"""A million pairs of a case and a plan are learned in seconds."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest

from planrec.choice import ConditionalLogitClassifier
from planrec.schema.columns import Columns
from tests.choice.choices import PLAIN

N, PLANS = 200_000, "ABCDE"


def million_pairs() -> tuple[Columns, np.ndarray]:
    """Draw choices by six attributes; each plan but A is unavailable to a fifth of the cases."""
    rng = np.random.default_rng(0)
    off = (rng.random((N, 5)) < 0.2) & (np.arange(5) > 0)
    utility = np.where(off, -np.inf, rng.gumbel(size=(N, 5)))
    X: Columns = {}
    for attribute, weight in enumerate((-0.7, -0.4, -0.1, 0.2, 0.5, 0.8)):
        values = np.where(off, np.nan, rng.normal(size=(N, 5)))
        utility += weight * np.nan_to_num(values)
        X |= {f"a{attribute}@{plan}": values[:, at] for at, plan in enumerate(PLANS)}
    return X, utility.argmax(axis=1)


@pytest.mark.slow
def test_a_million_pairs_with_ten_coefficients_take_less_than_ten_seconds():
    X, y = million_pairs()
    specification = replace(PLAIN, attributes=None, reference=None, groups={}, price=None)
    start = perf_counter()
    model = ConditionalLogitClassifier(specification).fit(X, y)
    assert perf_counter() - start < 10
    assert len(model.coefficients_.names) == 10
    np.testing.assert_allclose(
        model.coefficients_.estimates[:6], [-0.7, -0.4, -0.1, 0.2, 0.5, 0.8], atol=0.02
    )
    start = perf_counter()
    model.predict_proba(X)
    assert perf_counter() - start < 2
