"""`planrec what-if`: published answers, laws, and refusals."""

import json
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import planrec as pr
from planrec.choice import ConditionalLogitClassifier
from planrec.choice.price_change import PriceChange, drawn_estimates, market, with_price
from planrec.cli import main
from planrec.errors import ConfigError, DataError
from planrec.schema.columns import Columns
from tests.choice.choices import PLAIN, drawn_choices, fitted, households
from tests.choice.test_laws import LEARNED

TENTH = PriceChange(10.0, is_percent=True)
PUBLISHED = {
    "log": (
        {"attributes": {"cost": "log"}},
        [0.16820, 0.28341, 0.41014, 0.00691, 0.13134],
        [0.17969, 0.30441, 0.36975, 0.00734, 0.13881],
        (5100.40, 5257.72),
    ),
    "linear": ({}, [None, None, 0.41014], [None, None, 0.37249], (5045.83, 5197.05)),
    "nested": (
        {"attributes": {"cost": "log"}, "nests": ("measured", "flat")},
        [0.17051, 0.28111, 0.42076, 0.00652, 0.12111],
        [None, None, 0.38059],
        (4994.07, 5193.85),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_answers_to_a_dearer_plan_are_reproduced(shared_data, name):
    changes, before, after, revenue = PUBLISHED[name]
    table = households(shared_data)
    model = fitted(replace(PLAIN, **changes), table)
    for X, shares, total in (
        (table.X, before, revenue[0]),
        (with_price(model, table.X, "LF", TENTH), after, revenue[1]),
    ):
        found = market(model, X, model.coefficients_.estimates)
        known = [(one, share) for one, share in zip(found.shares, shares, strict=False) if share is not None]
        assert [round(float(one), 5) for one, _ in known] == [share for _, share in known]
        assert round(float(found.revenue.sum()), 2) == total


@pytest.fixture(scope="module")
def model() -> tuple[ConditionalLogitClassifier, Columns]:
    X, y = drawn_choices(400)
    return ConditionalLogitClassifier(LEARNED).fit(X, y), X


@given(st.floats(0.1, 200), st.sampled_from("ABC"))
def test_a_dearer_plan_loses_all_others_gain_and_people_lose(model, percent, plan):
    choices, X = model
    estimates = choices.coefficients_.estimates
    now, then = (
        market(choices, columns, estimates)
        for columns in (X, with_price(choices, X, plan, PriceChange(percent, is_percent=True)))
    )
    at = "ABC".index(plan)
    assert then.shares.sum() == pytest.approx(1, abs=1e-12)
    assert then.shares[at] < now.shares[at]
    assert (np.delete(then.shares - now.shares, at) >= 0).all()
    assert then.surplus < now.surplus


def test_a_rise_for_all_plans_costs_people_exactly_the_rise(model):
    choices, X = model
    estimates = choices.coefficients_.estimates
    dearer = {name: values + 2.0 for name, values in X.items()}
    now, then = (market(choices, columns, estimates) for columns in (X, dearer))
    np.testing.assert_allclose(then.shares, now.shares, atol=1e-12)
    assert then.surplus - now.surplus == pytest.approx(-2.0 * 400)


def test_draws_have_the_robust_errors_of_the_coefficients(model):
    found = model[0].coefficients_
    drawn = drawn_estimates(model[0], 20_000, seed=0)
    np.testing.assert_allclose(
        np.cov(drawn.T), found.robust_covariance, atol=0.05 * np.abs(found.robust_covariance).max()
    )


def test_changes_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="must be a change with its sign"):
        PriceChange.parse("10%")
    with pytest.raises(DataError, match="must stay above 0, got -1 with -3"):
        PriceChange.parse("-3").apply(np.array([2.0, 5.0, np.nan]))


@pytest.fixture(scope="module")
def run_folder(trained_choices) -> Path:
    return trained_choices[1]


def test_the_command_prints_every_plan_and_the_same_as_json(run_folder, capsys):
    assert main(["what-if", str(run_folder), "--plan", "B", "--price=+10%"]) == 0
    text = capsys.readouterr().out
    for part in ("B +10%", "consumer surplus changes by -", "200 cases", "without nests"):
        assert part in text
    assert main(["what-if", str(run_folder), "--plan", "B", "--price=+10%", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["change"]) == ("planrec.what_if/1", "+10%")
    share = answer["shares"]["B"]["change"]
    assert share["low"] <= share["value"] <= share["high"] < 0
    table = pr.what_if(run_folder, plan="B", price="+10%").set_index(["figure", "plan"])
    assert dict(table.loc[("share", "B"), ["change", "low", "high"]]) == pytest.approx(
        {"change": share["value"], "low": share["low"], "high": share["high"]}
    )


def test_an_unknown_plan_is_refused_with_the_known_ones(run_folder, capsys):
    assert main(["what-if", str(run_folder), "--plan", "b", "--price=+10%"]) == 2
    assert "no plan 'b'; the run has 'A', 'B', 'C'" in capsys.readouterr().err


def test_a_run_without_choices_is_refused(row_run, capsys):
    assert main(["what-if", str(row_run), "--plan", "A", "--price=+10%"]) == 1
    assert "does not model choices by prices" in capsys.readouterr().err
