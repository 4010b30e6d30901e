"""Online equals offline: an answer does not depend on other rows or on the way a row arrives."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planrec.recommending import request_table
from planrec.recommending.recommender import model_input
from planrec.recommending.request_table import requests_of
from planrec.recommending.table_builder import TableBuilder
from planrec.runs.read import load_run
from planrec.schema.columns import MAX_USAGE, Usage
from planrec.schema.request import read_request
from planrec.schema.tables import DecisionTable
from planrec.training.experiment import load_decisions, run
from tests.conftest import SMALL
from tests.quick_configs import composed


@pytest.fixture(scope="module", params=["history_run", "row_run", "bill_run"])
def saved(request):
    return load_run(request.getfixturevalue(request.param))


def table_of(saved) -> DecisionTable:
    return saved.config.target.label(
        saved.config.data.load(saved.recommender.catalogue), saved.recommender.catalogue
    )


def test_one_row_equals_the_same_row_in_a_batch(saved):
    table = table_of(saved)
    together, decided_together = saved.recommender.recommend(table)
    for row in (0, len(table) // 2, len(table) - 1):
        alone, decided = saved.recommender.recommend(table.take(np.array([row])))
        np.testing.assert_allclose(alone.probability[0], together.probability[row], rtol=0, atol=1e-12)
        assert decided.recommended[0] == decided_together.recommended[row]


def test_lightgbm_answers_one_row_and_a_batch_bit_for_bit(history_run):
    saved = load_run(history_run)
    table = table_of(saved)
    together = saved.recommender.recommend(table)[0].probability
    alone = [saved.recommender.recommend(table.take(np.array([row])))[0].probability[0] for row in range(9)]
    np.testing.assert_array_equal(alone, together[:9])


def test_a_decision_as_a_request_is_the_same_decision(saved):
    table = table_of(saved)
    told = saved.recommender.table(requests_of(table))
    assert list(told.X) == list(table.X)
    for name, array in table.X.items():
        np.testing.assert_array_equal(told.X[name], array)
    np.testing.assert_array_equal(
        saved.recommender.recommend(told)[0].probability, saved.recommender.recommend(table)[0].probability
    )
    if table.as_of is not None and saved.recommender.inputs.takes == "months":
        np.testing.assert_array_equal(told.as_of, table.as_of)
    for name in ("menu", "held", "switching_cost"):
        if getattr(table, name) is not None:
            np.testing.assert_array_equal(getattr(told, name), getattr(table, name))


@pytest.mark.parametrize(("model", "told"), [("rerate", {"held", "as_of", "exit_fee"}), ("lgbm", set())])
def test_only_history_models_get_the_plan_held_its_exit_fee_and_the_instant(model, told):
    config = composed("data.n_subscribers=40", f"model={model}")
    table = load_decisions(config).table
    given = model_input(config.features, config.model, table)
    assert set(given) - set(table.X) == told
    if told:
        assert given["as_of"].dtype == "datetime64[s]"
        np.testing.assert_array_equal(given["as_of"], table.as_of)


def test_probabilities_stay_inside_the_menu_and_sum_to_one(saved):
    table = table_of(saved)
    menu = table.menu.copy()
    menu[:, 0] = False
    masked = DecisionTable(**(vars(table) | {"menu": menu}))
    probability = saved.recommender.recommend(masked)[0].probability
    assert (probability[:, 0] == 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)


def test_a_month_missing_in_a_request_is_silent():
    recommender = run(composed(*SMALL, "model=dummy", "target.window=3")).recommender
    amounts = dict.fromkeys(recommender.inputs.usage, 5.0)
    months = [{"month": month, **amounts} for month in ("2018-01", "2018-03")]
    table = recommender.table([read_request({"months": months, "attributes": {}})])
    assert [table.X[f"data_mib.{ago}"][0] for ago in (1, 2, 3)] == [5.0, 0.0, 5.0]
    assert str(table.as_of[0]) == "2018-04-01"


def test_months_before_the_window_need_no_memory():
    recommender = run(composed(*SMALL, "model=dummy")).recommender
    amounts = dict.fromkeys(recommender.inputs.usage, 5.0)
    months = [{"month": month, **amounts} for month in ("1900-01", "2099-12")]
    table = recommender.table([read_request({"months": months, "attributes": {}})])
    assert all(array.tolist() == [5.0] for array in table.X.values())


AMOUNTS = st.floats(0, MAX_USAGE) | st.floats(0, 100) | st.decimals(0, 100, places=3).map(float)
HISTORIES = st.lists(
    st.lists(st.tuples(*[AMOUNTS] * len(Usage.MEASURED)), min_size=1, max_size=4), min_size=2, max_size=4
)


@pytest.fixture(scope="module")
def months_config(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "months.csv"
    return composed("data=usage_months", f"data.path={file}", "target.window=3")


@given(histories=HISTORIES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_months_in_a_file_and_a_request_give_the_same_decision(months_config, histories):
    """Usage of any precision is quantised alike."""
    asked = [
        [
            {"month": f"2018-0{number}", **dict(zip(Usage.MEASURED, amounts, strict=True))}
            for number, amounts in enumerate(months, start=1)
        ]
        for months in histories
    ]
    rows = [
        f"{subscriber},{'ab'[subscriber % 2]}," + ",".join(repr(value).strip("'") for value in month.values())
        for subscriber, months in enumerate(asked)
        for month in months
    ]
    header = ",".join(["subscriber", "plan", "month", *Usage.MEASURED])
    Path(months_config.data.path).write_text("\n".join([header, *rows]) + "\n")
    offline = months_config.target.label(months_config.data.load(None), None)
    requests = [
        read_request({"months": months[: n + 1], "attributes": {}})
        for months in asked
        for n in range(len(months))
    ]
    online = request_table.table_of(requests, TableBuilder(offline.inputs, offline.plans, 0, None))
    assert_same_columns(online, offline)


@given(amounts=st.lists(AMOUNTS, min_size=2, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_row_in_a_file_and_a_request_gives_the_same_decision(row_config, amounts):
    rows = [f"{amount!r},{'ab'[number % 2]}" for number, amount in enumerate(amounts)]
    Path(row_config.data.path).write_text("\n".join(["mb,plan", *rows]) + "\n")
    offline = row_config.target.label(row_config.data.load(None), None)
    requests = [read_request({"attributes": {"mb": amount}}) for amount in amounts]
    assert_same_columns(
        request_table.table_of(requests, TableBuilder(offline.inputs, offline.plans, 0, None)), offline
    )


@pytest.fixture(scope="module")
def row_config(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "rows.csv"
    usage = ("data.usage_columns.data_mib=mb", "data.plan_column=plan")
    return composed("data=table", f"data.path={file}", *usage)


def assert_same_columns(online: DecisionTable, offline: DecisionTable) -> None:
    assert list(online.X) == list(offline.X)
    for name, array in offline.X.items():
        np.testing.assert_array_equal(online.X[name], array, err_msg=name)
