"""A wheel holds one package, `planrec`, which trains, serves and carries its types."""

import json
import re
import signal
import subprocess
import tarfile
import textwrap
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
from litestar.testing import TestClient
from packaging.requirements import Requirement

from api.app import create_app
from api.serve_extra import PACKAGES
from planrec.runs.find import newest_run
from planrec.runs.read import load_run
from tests.packaging.environments import (
    REPOSITORY,
    block_packages,
    build,
    environment_with,
    own_variables,
    run_in,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EXTRA_PACKAGES = (
    *("litestar", "uvicorn", "uvloop", "httptools", "multipart", "prometheus_client"),
    *("ray", "psycopg", "psycopg_binary", "catboost", "cryptography"),
)
MONTHS = """\
subscriber,month,plan_held,voice_calls,voice_minutes,voice_minutes_billed,sms,data_mib
s1,2026-01,mini,58,410.5,439,31,16900
s1,2026-02,mini,66,471.25,504,40,18100
s1,2026-03,mini,63,450.0,482,35,17700
"""
SMALL = ("data.n_subscribers=200", "n_bootstrap=20", "threads=1")


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    """The wheel that was built from the source distribution."""
    return next(distributions.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel."""
    return environment_with(tmp_path_factory.mktemp("wheel") / "environment", str(wheel))


@pytest.fixture(scope="module")
def no_extras(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The PYTHONPATH of a process that has none of the packages of the extras."""
    return block_packages(tmp_path_factory.mktemp("no_extras") / "path", *EXTRA_PACKAGES)


@pytest.fixture(scope="module")
def trained(python: Path, no_extras: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which the wheel trained a run without any extra."""
    folder = tmp_path_factory.mktemp("trained")
    done = run_in(folder, python.with_name("planrec"), "train", *SMALL, PYTHONPATH=no_extras)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_wheel_installs_one_top_level_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"planrec"}
    record = next(name for name in names if name.endswith(".dist-info/RECORD"))
    recorded = [line.split(",")[0] for line in zipfile.ZipFile(wheel).read(record).decode().splitlines()]
    assert sorted(recorded) == sorted(names)


def test_a_wheel_holds_the_server_the_options_and_the_type_marker(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "planrec", "api", "conf"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    expected = {re.sub("^(api|conf)/", r"planrec/\1/", name) for name in tracked}
    assert {"planrec/py.typed", "planrec/api/app.py", "planrec/conf/train.yaml"} <= expected
    assert expected - packed == set()


def test_the_source_distribution_builds_an_equal_wheel(wheel: Path, tmp_path: Path) -> None:
    assert contents(build(tmp_path, "--wheel")) == contents(wheel)


def test_a_source_distribution_holds_no_run_and_no_environment(distributions: Path) -> None:
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert {"pyproject.toml", "LICENSE", "README.md", "tests/packaging/test_wheel.py"} <= set(names)
    assert [name for name in names if name.startswith("outputs/")] == ["outputs/README.md"]
    assert [name for name in names if name.startswith((".venv", "shared")) or "__pycache__" in name] == []


def test_a_wheel_trains_in_an_empty_folder(trained: Path) -> None:
    assert [file.name for file in trained.iterdir()] == ["outputs"]
    assert len(list(trained.glob("outputs/*/*/run.json"))) == 1


def test_reports_and_scores_need_no_extra(
    python: Path, no_extras: str, trained: Path, tmp_path: Path
) -> None:
    run = str(next(trained.glob("outputs/*/*/run.json")).parent)
    months = tmp_path / "months.csv"
    months.write_text(MONTHS, "utf-8")
    for command in (
        ("report", run, "--output", str(tmp_path / "report.html")),
        ("score", str(months), str(tmp_path / "advice.csv"), "--run", run),
    ):
        done = run_in(tmp_path, python, "-m", "planrec", *command, PYTHONPATH=no_extras)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").is_file()
    assert "s1" in (tmp_path / "advice.csv").read_text("utf-8")


def test_a_server_without_its_extra_says_what_to_type(python: Path, no_extras: str, tmp_path: Path) -> None:
    done = run_in(tmp_path, python, "-m", "planrec", "serve", PYTHONPATH=no_extras)
    assert done.returncode == 2
    assert done.stderr == (
        "error: the server needs litestar, uvicorn, httptools, multipart, prometheus_client:"
        " type pip install 'planrec[serve]'\n"
    )


def test_the_server_checks_every_package_of_its_extra() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    names = {extra: {Requirement(line).name for line in lines} for extra, lines in extras.items()}
    serve = {name.replace("-", "_") for name in names["serve"]}
    assert serve - {"uvloop"} == set(PACKAGES), "uvloop only makes the server faster"
    assert serve | {"ray", "psycopg", "catboost", "cryptography"} <= set(EXTRA_PACKAGES)
    assert "ray" not in names["dev"]
    assert [line for line in extras["dev"] if line.startswith("planrec")] == [
        "planrec[serve,postgresql,bundle,xlsx,tracking,notebook]"
    ]


def test_a_wheel_serves_what_it_trained(python: Path, trained: Path) -> None:
    run = next(trained.glob("outputs/*/*/run.json")).parent
    pinned = run_in(trained, python, "-m", "planrec", "pin", str(run))
    assert pinned.returncode == 0, pinned.stderr
    server = subprocess.Popen(
        [str(python), "-m", "planrec.api", "--port", "0"],
        cwd=trained,
        env=own_variables(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = address_of(server)
        with urllib.request.urlopen(f"{address}/run/schema", timeout=60) as answer:
            assert json.load(answer)["examples"][0]["months"]
        for path in ("/", "/docs"):
            assert_files_of_page(address, path)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    assert server.returncode == 0


def assert_files_of_page(address: str, path: str) -> None:
    with urllib.request.urlopen(address + path, timeout=60) as answer:
        files = re.findall(r'"(/assets/[^"]+)"', answer.read().decode())
    assert len(files) >= 3
    for file in files:
        with urllib.request.urlopen(address + file, timeout=60) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("language", ["README.md", "README.es.md"])
def test_the_request_in_the_readme_is_answered(language: str, trained: Path) -> None:
    request = re.search(r"-d '(.*?)'", (REPOSITORY / language).read_text("utf-8"), flags=re.DOTALL)
    assert request is not None
    saved = load_run(newest_run(trained / "outputs"))
    with TestClient(create_app(saved)) as client:
        answer = client.post("/predict", json=json.loads(request[1]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["decision"] == "recommend"


def test_wheel_and_editable_install_have_one_name_of_the_server_each(python: Path, tmp_path: Path) -> None:
    editable = environment_with(tmp_path / "environment", "--editable", str(REPOSITORY))
    assert loaded_servers(python, tmp_path) == {"api": False, "planrec.api": True}
    assert loaded_servers(editable, tmp_path) == {"api": True, "planrec.api": False}


def test_an_editable_install_copies_nothing(tmp_path: Path) -> None:
    python = environment_with(tmp_path / "environment", "--editable", str(REPOSITORY))
    site = next((tmp_path / "environment").glob("lib/python3*/site-packages"))
    assert python.exists()
    copied = {file.name for file in site.iterdir() if not file.name.endswith(".dist-info")}
    assert copied == {"borrowed.pth", "_planrec.pth"}
    assert (site / "_planrec.pth").read_text().strip() == str(REPOSITORY)


CLIENT = """
    from pathlib import Path
    from typing import assert_type

    from planrec import Catalogue, Recommender, RunConfig, RunResult, SavedRun, load_run, run, save_run


    def train(config: RunConfig, folder: Path) -> None:
        result = run(config)
        assert_type(result, RunResult)
        save_run(result, folder, "client")


    def plans_of(folder: Path) -> tuple[str, ...]:
        saved = load_run(folder)
        assert_type(saved, SavedRun)
        assert_type(saved.recommender, Recommender)
        assert_type(saved.recommender.catalogue, Catalogue | None)
        return saved.recommender.plans
"""

WRONG_CLIENT = """
    from planrec import load_run, nonsense

    load_run(3).recommender.plans.append("mini")
"""


@pytest.mark.nightly
def test_a_client_program_is_type_checked_against_the_wheel(python: Path, tmp_path: Path) -> None:
    assert type_errors(python, tmp_path, CLIENT) == []
    assert type_errors(python, tmp_path, WRONG_CLIENT) == ["arg-type", "attr-defined", "attr-defined"]


def type_errors(python: Path, folder: Path, program: str) -> list[str]:
    """Return the codes of the errors that mypy finds in a program, sorted."""
    (folder / "client.py").write_text(textwrap.dedent(program), "utf-8")
    options = ["--strict", "--config-file=", "--no-error-summary", "--cache-dir", str(folder / "cache")]
    done = run_in(folder, python, "-m", "mypy", *options, "client.py")
    assert done.stderr == ""
    return sorted(re.findall(r"^client\.py:.* error: .*\[([a-z-]+)\]$", done.stdout, flags=re.MULTILINE))


def loaded_servers(python: Path, folder: Path) -> dict[str, bool]:
    """Return for each name of the server if this Python can import it."""
    program = """
        import json
        from importlib.util import find_spec

        print(json.dumps({name: find_spec(name) is not None for name in ("api", "planrec.api")}))
    """
    done = run_in(folder, python, "-c", textwrap.dedent(program))
    assert done.returncode == 0, done.stderr
    found: dict[str, bool] = json.loads(done.stdout)
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    """Return every file of a wheel by its name."""
    archive = zipfile.ZipFile(wheel)
    return {name: archive.read(name) for name in archive.namelist()}


def address_of(server: "subprocess.Popen[str]") -> str:
    """Return the address at which a server that was just started listens."""
    assert server.stderr is not None
    lines = []
    for line in server.stderr:
        lines.append(line)
        if found := re.search(r"running on (http://\S+)", line):
            return found[1]
    raise AssertionError(f"the server ended before it listened:\n{''.join(lines)}")
