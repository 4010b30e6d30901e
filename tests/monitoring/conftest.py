"""A world whose advice was logged in three months."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import SMALL_BILLS, trained_once
from tests.monitoring.world import World


@pytest.fixture(scope="session")
def eager_run(shared_folder: Path) -> Path:
    """A run that forecasts bills and advises every move that seems to save anything; so it harms some."""
    options = ("model=forecast", "model.n_draws=16", "policy.absolute=0", "policy.relative=0")
    return trained_once(shared_folder / "eager", *SMALL_BILLS, *options)


@pytest.fixture(scope="session")
def advised_world(eager_run: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A log with advice after June, July and August, without outcomes; read-only."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(folder / "decisions.key"))
        world = World.of(eager_run, folder)
        for month in ("2018-06", "2018-07", "2018-08"):
            world.score(month)
    return world


@pytest.fixture
def world(advised_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of it that a test may change."""
    folder = shutil.copytree(advised_world.folder, tmp_path / "world")
    monkeypatch.setenv("PLANREC_DECISION_LOG__KEY_FILE", str(folder / "decisions.key"))
    return World(folder, advised_world.saved, advised_world.months)
