"""Copies of runs in a real server of MLflow, in an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from planrec.cli import main
from planrec.runs.read import read_run_json
from planrec.serving.pin_run import pin_run
from planrec.serving.rollback import rollback
from tests.api.servers import free_port
from tests.tracking.test_track import answers, champion, named
from tests.trained_runs import edit_run

SERVER = "mlflow==3.17.2"
"Not in [dev]: it needs an older pyarrow than PlanRec."
SECONDS = 120

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """Return the server's program: that of PLANREC_TEST_MLFLOW, or of a new environment."""
    if found := os.environ.get("PLANREC_TEST_MLFLOW"):
        return found
    folder = tmp_path_factory.mktemp("mlflow-server")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", SERVER], check=True)
    return str(folder / "bin" / "mlflow")


@pytest.fixture
def server(program, tmp_path, monkeypatch):
    """Start a server on an empty database; return its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stored = ["--backend-store-uri", "sqlite:///m.db", "--artifacts-destination", "./artifacts"]
    calm = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    folder = tmp_path / "server"
    folder.mkdir()
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *stored], cwd=folder, env=kept | calm, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_healthy(f"{address}/health", process, tmp_path / "server.log")
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=60)


def wait_until_healthy(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def test_a_server_takes_runs_once_and_its_registry_follows_the_pin(history_run, server, tmp_path, capsys):
    outputs = tmp_path / "home-of-ana" / "outputs"
    for name in ("one", "two"):
        folder = shutil.copytree(history_run, outputs / "2030-01-31" / name)
        edit_run(folder, lambda run, name=name: named(run, name, outputs))
        pin_run(folder, outputs)
    for sent in (2, 0):
        assert main(["track", "--outputs", str(outputs)]) == 0
        assert capsys.readouterr().out.endswith(f"tracked: {sent} sent, {2 - sent} there already\n")
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 0
    assert champion(server) == ("two", 1)
    rollback(outputs)
    assert main(["track", "--registry", "--outputs", str(outputs)]) == 0
    assert champion(server) == ("one", 2)
    import mlflow.pyfunc  # warns when it is imported first

    folder = outputs / "2030-01-31" / "one"
    there = mlflow.pyfunc.load_model("models:/planrec@champion").predict(
        list(read_run_json(folder).manifest.golden.requests)
    )
    assert there == [json.loads(answer) for answer in answers(folder)]
    files = [file for file in (tmp_path / "server").rglob("*") if file.is_file()]
    assert [file for file in files if b"home-of-ana" in file.read_bytes()] == []
    before = capsys.readouterr()
    assert "error" not in before.err
