"""Fixtures of the whole suite, and the Hypothesis profiles: dev, ci (derandomised), nightly."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from filelock import FileLock
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

settings.register_profile("dev", deadline=None, max_examples=25)
# The same few examples in every run; the nightly profile tries many more.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=15)
settings.register_profile(
    "nightly", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file of tests stays in one process, so that what its tests share is made once."""
    # `--dist loadfile` in pyproject.toml would be refused wherever pytest runs without `-n`.
    from xdist.scheduler import LoadFileScheduling

    # Files with many tests would come first, and those with few slow ones keep one process busy at the end.
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


SLOWEST_FILES = (
    *("test_sweep.py", "test_page.py", "test_features.py", "test_command_lines.py", "test_connections.py"),
    *("test_bad_input.py", "test_model.py", "test_composition.py", "test_tuning.py", "test_inner_choices.py"),
    *("test_metrics.py", "test_operate_server.py", "test_golden_runs.py", "test_explanation.py"),
)
"They start processes or train whole runs, half a minute or more each: begun first, nothing waits for them."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first; the others as they were found."""
    place = {name: number for number, name in enumerate(SLOWEST_FILES)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Coverage counts what examples reach: it makes Python half as fast, and a property runs many times."""
    counting = Coverage.current() if item.get_closest_marker("hypothesis") else None
    if counting:
        counting.stop()
    try:
        return (yield)
    finally:
        if counting:
            counting.start()


REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, which is never part of the project."""
    folder = Path(os.environ.get("PLANREC_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("real data is not here: set PLANREC_DATA to its folder")
    return folder


SMALL = (
    "target=held",
    "data.n_subscribers=60",
    "data.n_months=3",
    "cv.n_folds=2",
    "n_bootstrap=50",
    "threads=1",
)
"""Overrides of a run on the plan held that takes a second."""

SMALL_BILLS = ("data.n_subscribers=80", "cv.n_folds=2", "n_bootstrap=50", "threads=1")
"""Overrides of a run on later bills that takes a few seconds."""


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of all processes of this session, for what is trained once."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Use one thread, as serving does; on a busy machine waiting threads cost more than the work."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def history_run(shared_folder: Path) -> Path:
    """The folder of one small finished run over months; read-only, shared by all tests."""
    return trained_once(shared_folder / "history", *SMALL, "model=lgbm")


@pytest.fixture(scope="session")
def bill_run(shared_folder: Path) -> Path:
    """The folder of one small finished run of model=lgbm on later bills; read-only, shared by all tests."""
    return trained_once(shared_folder / "bills", *SMALL_BILLS, "model=lgbm")


@pytest.fixture(scope="session")
def row_run(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one small finished run over a stranger's table; read-only, shared by all tests."""
    file = tmp_path_factory.mktemp("data") / "customers.csv"
    file.write_text(STRANGERS_TABLE, "utf-8")
    options = ("data=table", f"data.path={file}", "data.plan_column=tariff", "model=logistic")
    return trained_once(shared_folder / "rows", *options, "cv.n_folds=2", "n_bootstrap=50", "threads=1")


@pytest.fixture(scope="module")
def outputs(history_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one pinned run, for the servers of one test module."""
    from planrec.serving.pin_run import pin_run

    outputs = tmp_path_factory.mktemp("served")
    shutil.copytree(history_run, outputs / "one")
    pin_run(outputs / "one", outputs)
    return outputs


def trained_once(outputs: Path, *overrides: str) -> Path:
    """The one run in a folder of outputs; whichever process asks first trains it."""
    from planrec.runs.write import begin_run, save_run
    from planrec.training.experiment import run
    from tests.quick_configs import composed

    folder = outputs / "2030-01-31" / "12-00-00-abc123"
    with FileLock(f"{outputs}.lock"):
        if not (folder / "run.json").is_file():
            config = composed(*overrides)
            begin_run(folder, config, "planrec train")
            save_run(run(config), folder, "planrec train")
    return folder


def _strangers_table(n_rows: int = 60) -> str:
    """Numbers, text, a boolean, a date, blanks; the heavy users are on the big tariff, mostly."""
    rows = ["monthly spend,region,is_business,joined,calls/day,tariff"]
    for row in range(n_rows):
        heavy = (row * 7) % 20 > 11
        spend = "" if row % 13 == 0 else f"{10 + 25 * heavy + (row * 31 % 17)}.5"
        region = "" if row % 11 == 0 else ("north", "south", "Ñandú, east")[row % 3]
        tariff = "big" if heavy ^ (row % 9 == 0) else "small"
        cells = (spend, region, str(row % 4 == 0), f"2029-0{1 + row % 9}-17", str(row * 3 % 8), tariff)
        rows.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join(rows) + "\n"


STRANGERS_TABLE = _strangers_table()
