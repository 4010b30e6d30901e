"""An empty SQLite file of MLflow: its migrations take longer than all tests, so they run once."""

import logging
import shutil
import warnings

import pytest


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Return a SQLite file with the tables of MLflow."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def server(migrated, tmp_path, monkeypatch):
    """Return the URL of an empty store, which MLFLOW_TRACKING_URI names."""
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copy(migrated, folder / "mlflow.db")
    url = f"sqlite:///{folder / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return url
