"""A world whose advice was logged in three months."""

import shutil
from pathlib import Path

import pytest

from tests.monitoring.world import World


@pytest.fixture(scope="session")
def advised_world(bill_run: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A log with advice after June, July and August, without outcomes; read-only."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(folder / "decisions.key"))
        world = World.of(bill_run, folder)
        for month in ("2018-06", "2018-07", "2018-08"):
            world.score(month)
    return world


@pytest.fixture
def world(advised_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of it that a test may change."""
    folder = shutil.copytree(advised_world.folder, tmp_path / "world")
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(folder / "decisions.key"))
    return World(folder, advised_world.saved, advised_world.months)
