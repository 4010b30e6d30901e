"""A world whose advice was logged in three months."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import SMALL_BILLS, trained_once
from tests.monitoring.world import World
from tests.serving.decision_log.decisions import copy_log
from tests.serving.decision_log.postgresql_server import Server, running_server


@pytest.fixture(scope="session")
def eager_run(shared_folder: Path) -> Path:
    """A run that forecasts bills and advises every move that seems to save anything; so it harms some."""
    options = (
        "model=forecast",
        "policy=best_bill",
        "model.n_draws=16",
        "policy.absolute=0",
        "policy.relative=0",
    )
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


@pytest.fixture(scope="session")
def advised_server(advised_world: World) -> Iterator[Server]:
    """A PostgreSQL server whose database `advised` is a copy of its log; read-only."""
    with running_server() as server:
        copy_log(advised_world.url, server.database("advised"))
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def each_world(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> World:
    """The world that a test may change, with its log in each database."""
    if request.param == "sqlite":
        return world
    server: Server = request.getfixturevalue("advised_server")
    return replace(world, server_url=server.database(tmp_path.name, template="advised"))
