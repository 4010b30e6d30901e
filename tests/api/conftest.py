"""Servers of the API's tests: one process per kind of run and session, ended by its pid."""

import pytest

from tests.api.servers import serving
from tests.conftest import SMALL_BILLS
from tests.runs import train_into


@pytest.fixture(scope="session")
def forecast_run(tmp_path_factory):
    """The folder of a small run that forecasts bills."""
    folder = tmp_path_factory.mktemp("outputs") / "2030-01-31" / "12-00-00-forecast"
    return train_into(folder, "model=forecast", "model.n_draws=32", "baselines=[]", small=SMALL_BILLS)


@pytest.fixture(scope="session")
def bill_server(bill_run, tmp_path_factory):
    with serving(bill_run, tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture(scope="session")
def row_server(row_run, tmp_path_factory):
    with serving(row_run, tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture(scope="session")
def forecast_server(forecast_run, tmp_path_factory):
    with serving(forecast_run, tmp_path_factory.mktemp("served")) as address:
        yield address
