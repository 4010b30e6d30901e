"""The telephone choices of Train, McFadden and Ben-Akiva (1987): published figures, to every digit."""

from dataclasses import replace

import numpy as np
import pytest

from planrec.choice import facts_of
from planrec.choice.summary import price_elasticities
from tests.choice.choices import PLAIN, fitted, households

LOG = {"cost": "log"}
NULL = -560.24958
PUBLISHED = {
    "constants only": (
        {"attributes": {}, "price": None},
        -536.03550,
        {
            "constant BM": -0.521725,
            "constant LF": 0.369599,
            "constant EF": 0.138487,
            "constant MF": -0.238505,
        },
    ),
    "linear cost": (
        {},
        -482.71912,
        {
            "constant BM": (-0.527043, 0.148245, 0.145871),
            "constant LF": (0.893099, 0.140845, 0.152122),
            "constant EF": (0.758755, 0.719616, 0.711885),
            "constant MF": (1.831050, 0.338112, 0.392497),
            "cost": (-0.149087, 0.019434, 0.023724),
        },
    ),
    "linear cost by kind": (
        {"by_group": ("cost",)},
        -476.03955,
        {
            "constant LF": -0.095756,
            "cost x flat": (-0.106590, 0.020472, 0.021723),
            "cost x measured": (-0.213529, 0.029789, 0.042489),
        },
    ),
    "users of flat rates": (
        {"by_group": ("cost",), "interactions": {"users": ("flat",)}},
        -467.80432,
        {"constant EF": -0.909040, "users x flat": (0.402947, 0.104522, 0.110135)},
    ),
    "log cost": (
        {"attributes": LOG},
        -477.55689,
        {"constant EF": 0.999199, "log cost": (-2.026204, 0.213864, 0.212202)},
    ),
    "two nests": (
        {"attributes": LOG, "nests": ("measured", "flat")},
        -473.21933,
        {
            "constant BM": (-0.378246, 0.118318, 0.117381),
            "constant LF": (0.893446, 0.172150, 0.158363),
            "constant EF": (0.847294, 0.386047, 0.390636),
            "constant MF": (1.405503, 0.259750, 0.238370),
            "log cost": (-1.490024, 0.257043, 0.243304),
            "scale of measured": (2.062715, 0.574744, 0.572860),
            "scale of flat": (2.292440, 0.639837, 0.763576),
        },
    ),
    "one scale": (
        {"attributes": LOG, "nests": ("measured", "flat"), "nest_scale": "equal"},
        -473.28774,
        {"constant EF": 0.833039, "scale of nests": 2.164972},
    ),
    "no constants": (
        {"attributes": LOG, "constants": "by_group"},
        -491.44686,
        {"log cost": (-1.640709, 0.173522), "constant flat": (1.378525, 0.142143)},
    ),
}


@pytest.fixture(scope="module")
def table(shared_data):
    return households(shared_data)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_likelihoods_coefficients_and_errors_are_reproduced(table, name):
    changes, log_likelihood, coefficients = PUBLISHED[name]
    found = facts_of(fitted(replace(PLAIN, **changes), table), table.X, table.labels)
    assert round(found.log_likelihood, 5) == log_likelihood
    assert round(found.null_log_likelihood, 5) == NULL
    by_name = {one.name: one for one in found.coefficients}
    for term, published in coefficients.items():
        one = by_name[term]
        three = (one.estimate, one.standard_error, one.robust_standard_error)
        values = published if isinstance(published, tuple) else (published,)
        # The published digits, and one unit of the last for the optimum that they stopped at.
        np.testing.assert_allclose(three[: len(values)], values, rtol=0, atol=6e-6)


def test_the_choices_are_those_of_the_publication(table):
    assert dict(zip(table.plans, np.bincount(table.labels).tolist(), strict=True)) == {
        "BM": 73, "SM": 123, "LF": 178, "EF": 3, "MF": 57,
    }  # fmt: skip
    assert table.menu.mean(axis=0).round(3).tolist() == [1, 1, 1, 0.030, 0.645]


@pytest.mark.parametrize(
    ("form", "own"),
    [
        ("log", [-1.5436, -1.3647, -1.0532, -1.3748, -1.2452]),
        ("linear", [-0.8775, -0.8028, -0.9467, -1.3811, -2.1478]),
    ],
)
def test_published_elasticities_are_reproduced(table, form, own):
    model = fitted(replace(PLAIN, attributes={"cost": form}), table)
    elasticities = price_elasticities(model, table.X)
    assert np.diag(elasticities).round(4).tolist() == own
    if form == "log":
        of_lf = elasticities[:, table.plans.index("LF")]
        assert np.delete(of_lf, 2).round(4).tolist() == [0.7320, 0.7888, 0.6745, 0.6140]


def test_the_published_willingness_to_pay_is_reproduced(table):
    found = facts_of(fitted(PLAIN, table), table.X, table.labels)
    paid = next(one for one in found.willingness_to_pay if one.name == "constant LF")
    assert (round(paid.value, 4), round(paid.standard_error, 4)) == (5.9905, 0.8536)


def test_nests_are_tested_against_the_logit(table):
    changed = replace(PLAIN, attributes=LOG, nests=("measured", "flat"))
    test = facts_of(fitted(changed, table), table.X, table.labels).nest_test
    assert (round(test.statistic, 4), test.degrees_of_freedom) == (8.6751, 2)
    assert test.p_value == pytest.approx(np.exp(-8.6751 / 2), rel=1e-4)


@pytest.mark.parametrize(
    ("left_out", "predicted"), [("BM", 0.274), ("SM", 0.163), ("LF", 0.563), ("EF", 0.008), ("MF", 0.119)]
)
def test_published_shares_of_a_plan_left_out_are_reproduced(table, left_out, predicted):
    # The takers of the plan are left out, and with them the plan: no remaining case chose it.
    kept = table.take(np.flatnonzero(table.labels != table.plans.index(left_out)))
    model = fitted(replace(PLAIN, attributes=LOG, constants="by_group"), kept)
    share = model.predict_proba(table.X)[:, table.plans.index(left_out)].mean()
    assert round(share, 3) == predicted


def test_another_library_finds_the_same(table):
    xlogit = pytest.importorskip("xlogit", reason="an oracle that is not part of the development packages")
    n, width = table.menu.shape
    cost = np.nan_to_num(np.stack([table.X[f"cost@{plan}"] for plan in table.plans], axis=1))
    constants = np.tile(np.eye(width)[:, [0, 2, 3, 4]], (n, 1))
    oracle = xlogit.MultinomialLogit()
    oracle.fit(
        X=np.column_stack([cost.ravel(), constants]),
        y=(np.arange(width) == table.labels[:, np.newaxis]).ravel(),
        varnames=["cost", "BM", "LF", "EF", "MF"],
        ids=np.repeat(np.arange(n), width),
        alts=np.tile(np.array(table.plans), n),
        avail=table.menu.ravel().astype(int),
        verbose=0,
    )
    np.testing.assert_allclose(oracle.coeff_, fitted(PLAIN, table).coefficients_.estimates, atol=1e-4)
