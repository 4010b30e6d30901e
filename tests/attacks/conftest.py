"""A pinned run for servers that are attacked; each module starts one server and shares it."""

import json
import shutil

import pytest

from planrec.serving.pin import load_pinned
from planrec.serving.pin_run import pin_run


@pytest.fixture(scope="module")
def outputs(history_run, tmp_path_factory):
    """Return a folder with one pinned run."""
    outputs = tmp_path_factory.mktemp("attacked")
    shutil.copytree(history_run, outputs / "one")
    pin_run(outputs / "one", outputs)
    return outputs


@pytest.fixture(scope="module")
def example(outputs):
    """Return the body of a request that the run accepts."""
    return json.dumps(load_pinned(outputs).manifest.golden.requests[0]).encode()
