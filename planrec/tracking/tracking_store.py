"""A connection to MLflow: a server, or a SQLite file. Only this module knows when to give up."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrec.errors import ConfigError, PlanRecError, TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

SERVER_VARIABLE = "MLFLOW_TRACKING_URI"
NAME_VARIABLE = "MLFLOW_EXPERIMENT_NAME"
DEFAULT_NAME = "planrec"
"Of the experiment and of the registered model."
SETTINGS = {
    # MLflow's own defaults are 120 seconds and 7 retries: a server that hangs would take 16 minutes a call.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOG_UV_FILES": "false",
    "MLFLOW_MODEL_CATALOG_URI": "",
}
"Variables that MLflow reads at each call; those that are set already stay."


@dataclass(frozen=True)
class TrackingStore:
    """An experiment of MLflow."""

    client: "MlflowClient"
    name: str
    experiment_id: str


@contextmanager
def tracking_store(server: str | None) -> Iterator[TrackingStore]:
    """Yield the experiment of MLFLOW_EXPERIMENT_NAME, which is created if it is missing.

    Args:
        server: its URL; None: that of the variable MLFLOW_TRACKING_URI.

    Raises:
        ConfigError: no server is named, or MLflow is not installed.
        TrackingError: the server does not answer in time, or refuses.
    """
    server = _checked(server or os.environ.get(SERVER_VARIABLE))
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient, set_tracking_uri
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise ConfigError("tracking needs MLflow: type pip install 'planrec[tracking]'") from error
    for logger in ("alembic", "mlflow"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    name = os.environ.get(NAME_VARIABLE) or DEFAULT_NAME
    try:
        # Registered models are resolved through the global address.
        set_tracking_uri(server)
        client = MlflowClient(server)
        yield TrackingStore(client, name, _experiment_id(client, name, server))
    except PlanRecError:
        raise
    except (MlflowException, OSError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise TrackingError(
            f"{without_password(server)} did not take the runs: {without_password(lines[0])[:300]}"
        ) from error


def without_password(server: str) -> str:
    """Return a URL, or a line with one, without user and password, whatever characters they have.

    >>> without_password("https://ana:se@c/ret@mlflow.internal/")
    'https://mlflow.internal/'
    """
    before, _, after = server.rpartition("@")
    before, slashes, _ = before.partition("//")
    return f"{before}{slashes}{after}" if slashes else after


def _checked(server: str | None) -> str:
    if server and re.fullmatch(r"https?://[^\s/?#]+([/?#][^\s@]*)?|sqlite:///.+", server):
        return server
    got = f"got {without_password(server)!r}" if server else f"{SERVER_VARIABLE} is not set"
    escapes = "; write / ? # @ of a password as %2F %3F %23 %40" if server and "@" in server else ""
    raise ConfigError(
        f"tracking needs a server such as http://127.0.0.1:5000 or a file such as sqlite:///mlflow.db, {got}:"
        f" set {SERVER_VARIABLE}, or name it with --server{escapes}"
    )


def _experiment_id(client: "MlflowClient", name: str, server: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=_artifacts(server)))
    if found.lifecycle_stage != "active":
        raise TrackingError(f"the experiment {name} was deleted: restore it, or set {NAME_VARIABLE}")
    return str(found.experiment_id)


def _artifacts(server: str) -> str | None:
    """Return the folder of the artifacts of a SQLite file, which is beside it; a server has its own."""
    if not server.startswith("sqlite:///"):
        return None
    return (Path(server.removeprefix("sqlite:///")).resolve().parent / "mlflow-artifacts").as_uri()
