"""Servers for the tests of the API: one process per kind of run and session."""

import shutil

import pytest

from planrec.serving.pin_run import pin_run
from tests.api.servers import serving
from tests.conftest import SMALL_BILLS, trained_once


@pytest.fixture(scope="session")
def forecast_run(shared_folder):
    """Return the folder of a small run that forecasts bills."""
    options = ("model=forecast", "model.n_draws=32", "baselines=[]")
    return trained_once(shared_folder / "forecast", *SMALL_BILLS, *options)


@pytest.fixture(scope="module")
def outputs(history_run, tmp_path_factory):
    """Return a folder with one pinned run, for the servers of one test module."""
    outputs = tmp_path_factory.mktemp("served")
    shutil.copytree(history_run, outputs / "one")
    pin_run(outputs / "one", outputs)
    return outputs


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
