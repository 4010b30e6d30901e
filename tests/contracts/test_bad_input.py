"""Bad input gives every model of conf/ a documented fallback, and never NaN: docs/reference/fallbacks.md.

Every model and feature set of conf/ is tested, so a new one needs no line here.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planrec.config.conf_folder import options
from planrec.config.run_config import RunConfig
from planrec.contracts import Fold
from planrec.errors import CheckError, RequestError
from planrec.recommending.request_table import table_of
from planrec.recommending.table_builder import TableBuilder
from planrec.schema.columns import MAX_USAGE, InputColumn, Usage, lag
from planrec.schema.predictions import OutOfFold
from planrec.schema.request import Request
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import LoadedDecisions, predict_out_of_fold, run
from planrec.training.fitting import fitted_recommender
from planrec.training.out_of_fold import PER_PLAN
from tests.quick_configs import composed, with_options
from tests.trained_runs import model_option

SMALL = ("model=lgbm", "data.n_subscribers=60", "n_bootstrap=10", "cv.n_folds=2", "baselines=[]")
NUMBERS = (*PER_PLAN, OutOfFold.BELOW, OutOfFold.UPTO)
"Beginnings of the columns that a model fills."


def combinations() -> Iterator[tuple[str, str]]:
    for model in options("model"):
        sets = options("features") if model_option(model).traits.reads == "features" else ["usage"]
        yield from ((model, name) for name in sets)


pytestmark = pytest.mark.usefixtures("one_thread")
every_combination = pytest.mark.parametrize(("model", "features"), list(combinations()))


@pytest.fixture(scope="module")
def bad_table() -> DecisionTable:
    """Build absurd months, an unused service, a constant attribute and two attributes without any value."""
    config = composed(*SMALL)
    catalogue = config.catalogue.open()
    history = config.data.load(catalogue)
    usage = {name: values.copy() for name, values in history.usage.items()}
    for name, values in usage.items():
        values[len(usage) :: 97] = MAX_USAGE
        if name == Usage.SMS:
            values[:] = 0.0
    table = config.target.label(replace(history, usage=usage), catalogue)
    n = len(table)
    attributes = {
        "constant": np.full(n, 7.0),
        "empty": np.full(n, np.nan),
        "empty_text": np.full(n, None, object),
    }
    kinds = {"constant": "number", "empty": "number", "empty_text": "text"}
    columns = tuple(InputColumn(name=name, kind=kind, becomes=name) for name, kind in kinds.items())
    return replace(table, X=table.X | attributes, inputs=table.inputs.model_copy(update={"columns": columns}))


def config_of(**options: str) -> RunConfig:
    return with_options(composed(*SMALL), **options)


def unknown(table: DecisionTable) -> DecisionTable:
    """Return the same decisions without any known month or attribute."""
    X = {name: np.full(len(table), None, v.dtype) if v.dtype == object else np.full(len(table), np.nan)
         for name, v in table.X.items()}  # fmt: skip
    return replace(table.take(np.arange(5)), X={name: values[:5] for name, values in X.items()})


@every_combination
def test_bad_input_gives_finite_numbers(bad_table, model, features):
    config = config_of(model=model, features=features)
    odd = np.unique(bad_table.subscriber, return_inverse=True)[1] % 2 == 1
    plan = np.bincount(bad_table.y).argmax()
    frequent = bad_table.y == plan
    # If it is neither held nor the label, it is not sold, so that the one class is outside the menu.
    menu = bad_table.menu.copy()
    menu[~frequent & (bad_table.held != plan), plan] = False
    assert not menu.all()
    bad_table = replace(bad_table, menu=menu)
    folds = [
        Fold(np.flatnonzero(~odd), np.flatnonzero(odd)),
        Fold(np.flatnonzero(odd & frequent), np.flatnonzero(~odd)),
    ]
    found = predict_out_of_fold(config, {model: [config.model] * 2}, bad_table, folds)
    assert len(found) == len(bad_table)
    assert_numbers(found)


@pytest.mark.parametrize("model", ["lgbm", "forecast"])
@pytest.mark.parametrize("calibration", options("calibration"))
def test_calibration_of_bad_input_gives_numbers(bad_table, model, calibration):
    config = config_of(model=model, calibration=calibration)
    third = np.unique(bad_table.subscriber, return_inverse=True)[1] % 3
    learned = (third == 0) | ((third == 1) & (bad_table.y == np.bincount(bad_table.y).argmax()))
    folds = [Fold(np.flatnonzero(learned), np.flatnonzero(third == 2))]
    assert_numbers(predict_out_of_fold(config, {model: [config.model]}, bad_table, folds))


def test_a_whole_run_over_bad_input_reports_numbers(bad_table):
    config = composed(*SMALL[:-1], "features=usage_and_bills")
    result = run(config, load=lambda _: LoadedDecisions(bad_table, {}))
    assert_numbers(result.out_of_fold[[c for c in result.out_of_fold if "@" in c and "p10" not in c]])
    values = {value.metric: value.value for value in result.metrics if value.group is None}
    undefined = [name for name, value in values.items() if not np.isfinite(value)]
    assert set(undefined) <= {"harm_rate_switched"}  # there may be no advice to move


def assert_numbers(found: pd.DataFrame) -> None:
    filled = [name for name in found.columns if name.startswith(NUMBERS)]
    assert found[filled].columns[~np.isfinite(found[filled].to_numpy(float)).all(axis=0)].tolist() == []
    probability = found[[name for name in filled if name.startswith(OutOfFold.PROBABILITY)]].to_numpy()
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=0, atol=1e-9)


@every_combination
def test_a_subscriber_without_history_gets_abstain(bad_table, model, features):
    config = config_of(model=model, features=features)
    recommender = fitted_recommender(config, config.model, bad_table, bad_table, threads=1)
    for held in (0, -1):
        table = unknown(bad_table)
        table = replace(table, held=np.full(len(table), held))
        prediction, decisions = recommender.recommend(table)
        assert np.isfinite(prediction.probability).all()
        np.testing.assert_allclose(prediction.probability.sum(axis=1), 1.0, rtol=0, atol=1e-9)
        assert set(decisions.decision) == {"abstain"}
        assert set(decisions.reason) == {"history_too_short"}
        # The population's bills if the model forecasts them; else there are no months to re-rate.
        assert np.isfinite(prediction.bill_mean).all() == config.model.traits.knows_population
        for name in ("bill_p10", "bill_p90"):
            quantiles = getattr(prediction, name)
            assert quantiles is None or np.isfinite(quantiles).all()
        for name in ("prob_cheaper", "saving_p10", "saving_p50", "saving_p90"):
            against_held = getattr(prediction, name)
            assert against_held is None or np.isfinite(against_held).all() == (held >= 0)


def test_data_with_one_class_stops_the_run(bad_table):
    alike = replace(bad_table, y=np.zeros_like(bad_table.y))
    with pytest.raises(CheckError, match="constant_label"):
        run(config_of(model="lgbm", features="usage"), load=lambda _: LoadedDecisions(alike, {}))


def test_a_request_without_a_month_is_rejected_by_its_number(bad_table):
    inputs = bad_table.inputs.model_copy(update={"columns": ()})
    catalogue = composed(*SMALL).catalogue.open()
    builder = TableBuilder(inputs, bad_table.plans, bad_table.horizon, catalogue)
    nothing = Request(attributes={})
    with pytest.raises(RequestError, match="every decision must have its instant"):
        table_of([nothing], builder)


def test_the_absurd_months_are_there(bad_table):
    assert (bad_table.X[lag(Usage.DATA_MIB, 1)] == MAX_USAGE).any()
    assert (bad_table.X[lag(Usage.SMS, 1)] == 0).all()
