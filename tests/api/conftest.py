"""Servers for the tests of the API: one process per kind of run and session."""

import httpx
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.middleware.api_keys import hash_of
from api.settings import Access, Settings
from tests.api.processes import serving as serving_outputs
from tests.api.servers import serving
from tests.conftest import SMALL_BILLS, trained_once

KEY = "planrec_example"
"The API key of `locked`."


@pytest.fixture(scope="session")
def forecast_run(shared_folder):
    """Return the folder of a small run that forecasts bills."""
    options = ("model=forecast", "policy=best_bill", "model.n_draws=32", "baselines=[]")
    return trained_once(shared_folder / "forecast", *SMALL_BILLS, *options)


@pytest.fixture(scope="module")
def client(saved):
    """Yield a client of the app around the run `saved` of the test module."""
    with TestClient(create_app(saved)) as client:
        yield client


@pytest.fixture(scope="module")
def locked(saved):
    """Yield a client of an app that requires `KEY`."""
    access = Access(key_hashes=(hash_of(KEY.encode()),))
    with TestClient(create_app(saved, settings=Settings(access=access))) as client:
        yield client


@pytest.fixture(scope="module")
def server(outputs):
    """Yield a server in a process of its own that serves the pinned run of `outputs`."""
    with serving_outputs(outputs) as server:
        server.wait_for("Application startup complete")
        yield server


@pytest.fixture
def live_client(bill_server):
    """Yield a client of the server that a session shares."""
    with httpx.Client(base_url=bill_server, timeout=60) as client:
        yield client


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
