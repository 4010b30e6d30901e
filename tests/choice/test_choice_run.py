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
from planrec.runs.write import begin_run, save_run
from planrec.training.experiment import run
from tests.choice.test_laws import drawn_choices
from tests.quick_configs import composed

SMALL = (
    "data=choice_table",
    "data.path=choices.csv",
    "data.plan_column=choice",
    "data.attributes={cost: 'cost{plan}'}",
    "data.subscriber_column=person",
    "model.price=cost",
    "cv.n_folds=3",
    "n_bootstrap=50",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on 200 drawn choices of 100 people, and save the run."""
    folder = tmp_path_factory.mktemp("choice")
    X, y = drawn_choices(200)
    cells = [["" if np.isnan(value) else f"{value:.2f}" for value in values] for values in X.values()]
    rows = [
        ",".join([str(row // 2), "ABC"[y[row]], *(column[row] for column in cells)]) for row in range(200)
    ]
    file = folder / "choices.csv"
    file.write_text("\n".join(["person,choice,costA,costB,costC", *rows]) + "\n", "utf-8")
    config = composed(*SMALL[:1], f"data.path={file}", *SMALL[2:])
    result = run(config)
    begin_run(folder / "run", config, "planrec train")
    save_run(result, folder / "run", "planrec train")
    return result, folder / "run"


def test_it_beats_the_shares_of_the_plans_out_of_fold(trained):
    result, _ = trained
    loss = {value.model: value for value in result.metrics if value.metric == "log_loss"}
    assert loss["conditional_logit"].high < loss["dummy"].value
    assert loss["conditional_logit"].low < loss["conditional_logit"].value
    assert loss["conditional_logit"].n_subscribers == 100


def test_unavailable_plans_have_no_chance_in_any_model(trained):
    rows = trained[0].out_of_fold
    off_menu = ~rows["menu@C"].to_numpy(bool)
    assert off_menu.any()
    assert (rows.loc[off_menu, "probability@C"] == 0).all()


def test_the_run_keeps_coefficients_with_errors(trained):
    result, folder = trained
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


def test_the_page_shows_coefficients_and_elasticities(trained):
    html = page_of([trained[1]], trained[1].parent)
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
