"""A run that forecasts bills, and a months file for campaigns."""

from pathlib import Path

import pytest

from planrec.runs.read import SavedRun, load_run
from tests.conftest import SMALL_BILLS, trained_once
from tests.serving.scoring.test_score import months_table


@pytest.fixture(scope="session")
def forecast_folder(shared_folder: Path) -> Path:
    """The folder of the run that the tests of the API use, too."""
    options = ("model=forecast", "policy=best_bill", "model.n_draws=32", "baselines=[]")
    return trained_once(shared_folder / "forecast", *SMALL_BILLS, *options)


@pytest.fixture(scope="session")
def forecast(forecast_folder: Path) -> SavedRun:
    return load_run(forecast_folder)


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """Sixty subscribers with a region and a channel, which change in the last month."""
    table = months_table(n=60)
    last = table["month"] == "2026-05"
    table["region"] = "before"
    table.loc[last, "region"] = ["north", "south"] * 30
    table["way"] = ["sms", "email", ""] * 100
    file = tmp_path / "months.csv"
    table.to_csv(file, index=False)
    return file
