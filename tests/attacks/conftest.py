"""Requests for servers that are attacked; each module starts one server and shares it."""

import json

import pytest

from planrec.serving.pin import load_pinned


@pytest.fixture(scope="module")
def example(outputs):
    """Return the body of a request that the run accepts."""
    return json.dumps(load_pinned(outputs).manifest.golden.requests[0]).encode()
