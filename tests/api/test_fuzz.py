"""Schemathesis sends valid and invalid requests, by our OpenAPI document, to a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

EXAMPLES = "200" if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else "10"


@pytest.mark.parametrize(
    ("server", "paths"),
    [
        # The first server covers the routes that do not depend on the run.
        pytest.param("bill_server", (), marks=pytest.mark.slow),
        # With the many examples of the nightly profile, each takes minutes.
        pytest.param("row_server", ("--include-path", "/predict"), marks=pytest.mark.nightly),
        pytest.param("forecast_server", ("--include-path", "/predict"), marks=pytest.mark.nightly),
    ],
)
def test_the_server_conforms_to_its_document(server, paths, request, tmp_path):
    """Run all checks: documented statuses, content types and bodies; bad values are refused; no failures."""
    address = request.getfixturevalue(server)
    options = ("--checks", "all", "--max-examples", EXAMPLES, "--seed", "1", "--no-color")
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG), "run"]
    finished = subprocess.run(
        [*command, f"{address}/schema/openapi.json", *options, *paths],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


CONFIG = Path(__file__).parent / "schemathesis.toml"
