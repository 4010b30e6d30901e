"""The run that scores files."""

from pathlib import Path

import pytest

from planrec.runs.read import SavedRun, load_run


@pytest.fixture(scope="module")
def saved(bill_run: Path) -> SavedRun:
    return load_run(bill_run)
