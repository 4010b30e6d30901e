"""Runs of choice models: honest folds, facts in the run folder and on the page, refusals."""

import json

import numpy as np
import pytest

from planrec.choice import facts_of
from planrec.cli.report import page_of
from planrec.config.compose import compose
from planrec.errors import ConfigError
from planrec.runs.manifest import CHOICE
from planrec.runs.read import load_run


def test_it_beats_the_shares_of_the_plans_out_of_fold(trained_choices):
    result, _ = trained_choices
    loss = {value.model: value for value in result.metrics if value.metric == "log_loss"}
    assert loss["conditional_logit"].high < loss["dummy"].value
    assert loss["conditional_logit"].low < loss["conditional_logit"].value
    assert loss["conditional_logit"].n_subscribers == 100


def test_unavailable_plans_have_no_chance_in_any_model(trained_choices):
    rows = trained_choices[0].out_of_fold
    off_menu = ~rows["menu@C"].to_numpy(bool)
    assert off_menu.any()
    assert (rows.loc[off_menu, "probability@C"] == 0).all()


def test_the_run_keeps_coefficients_with_errors(trained_choices):
    result, folder = trained_choices
    written = json.loads((folder / CHOICE).read_text("utf-8"))
    facts = facts_of(result.recommender.estimator, result.table.X, result.table.labels)
    assert written == json.loads(facts.model_dump_json())
    assert [one["name"] for one in written["coefficients"]] == ["cost", "constant B", "constant C"]
    assert (written["n_cases"], written["n_subscribers"]) == (200, 100)
    saved = load_run(folder)
    assert CHOICE in saved.manifest.files
    table = result.table
    expected = result.recommender.predict(table).probability
    np.testing.assert_array_equal(saved.recommender.predict(table).probability, expected)


def test_the_page_shows_coefficients_and_elasticities(trained_choices):
    html = page_of([trained_choices[1]], trained_choices[1].parent)
    for text in ("Coefficients of the utility", "constant B", "robust errors by subscriber", "price of A"):
        assert text in html


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["target=choice"], "target=choice needs menus and data=simulator names none"),
        (["data=telephone", "model.nests=[flat]"], "no group"),
        (["data=telephone", "+model.groups={a: [BM], b: [BM]}"], "one group of model.groups only"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_reading(overrides, message):
    with pytest.raises(ConfigError) as caught:
        compose(*overrides)
    assert message in str(caught.value)
