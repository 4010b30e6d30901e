"""The address of a run changes with everything that its results depend on, and with nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planrec.runs import address
from planrec.runs.address import address_of, code_version, data_key
from tests.conftest import REPOSITORY
from tests.quick_configs import composed

BASE = ("target=held", "data.n_subscribers=60", "data.n_months=3")


def of(
    *overrides: str, fingerprint: str = "0" * 64, selected: bool = False, base: tuple[str, ...] = BASE
) -> str:
    return address_of(composed(*base, *overrides), fingerprint, selected=selected)


def test_threads_and_paths_do_not_count():
    table = ("data=table", "data.plan_column=plan")
    assert of("threads=1") == of("threads=2") == of()
    assert of("data.path=here.csv", base=table) == of("data.path=there.csv", base=table)


def test_everything_else_counts():
    others = ["seed=1", "model=dummy", "model.n_estimators=7", "cv.n_folds=3", "data.seed=1", "baselines=[]"]
    found = {of(), of(fingerprint="1" * 64), of(selected=True), *(of(override) for override in others)}
    assert len(found) == 3 + len(others)


def test_the_code_counts(monkeypatch):
    before = of()
    monkeypatch.setattr(address, "code_version", lambda: "another")
    assert of() != before


def test_the_code_version_is_of_the_sources_and_the_versions(monkeypatch):
    before = code_version()
    code_version.cache_clear()
    assert code_version() == before
    code_version.cache_clear()
    monkeypatch.setattr(address, "versions", lambda: {"numpy": "0"})
    assert code_version() != before
    code_version.cache_clear()


def test_a_catalogue_counts_by_its_content(tmp_path):
    from planrec.config.conf_folder import CONF

    text = (CONF / "catalogue" / "ladder.yaml").read_text("utf-8")
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    for file, content in zip(files, (text, text, text.replace('"14.00"', '"14.50"')), strict=True):
        file.write_text(content, "utf-8")
    first, same, other = (of("catalogue=file", f"catalogue.path={file}") for file in files)
    assert first == same != other


@pytest.mark.parametrize(
    ("override", "same"), [("model=dummy", True), ("seed=3", True), ("data.seed=3", False)]
)
def test_runs_that_share_data_and_target_share_their_decisions(override, same):
    assert (data_key(composed(*BASE)) == data_key(composed(*BASE, override))) == same


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the package, and of `conf/` with one more option."""
    shutil.copytree(REPOSITORY / "planrec", tmp_path / "planrec")
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "model" / "copied.yaml").write_text("kind: dummy\n", "utf-8")
    return tmp_path


def answer_of(script: str, copied: Path) -> Any:
    """Run a script with the copied package in a process of its own; return the JSON that it prints."""
    # Not counted: coverage would look for the copied files after they are gone.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=copied,
        env=kept | {"PYTHONPATH": str(copied)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


ADDRESSES = """
import json
from pathlib import Path
from planrec.runs.address import address_of, code_version
from planrec.config.compose import compose

config = compose("model=copied")

def found():
    code_version.cache_clear()
    return [code_version(), address_of(config, "0" * 64)]

before = found()
with Path("planrec", "model", "stay.py").open("a") as module:
    module.write("#")
print(json.dumps([*before, *found()]))
"""


def test_a_changed_module_gives_another_code_version_and_address(copied):
    shutil.copytree(REPOSITORY / "api", copied / "planrec" / "api")
    code, address, other_code, other_address = answer_of(ADDRESSES, copied)
    assert code == code_version(), "the sources are the same, and the server of a wheel does not count"
    assert other_code != code
    assert other_address != address


OPTIONS = """
import json
from planrec.config.conf_folder import options
print(json.dumps(options("model")))
"""


@pytest.mark.parametrize("place", ["conf", "planrec/conf"])
def test_the_conf_folder_is_beside_the_package_or_inside_it(copied, place):
    (copied / "conf").rename(copied / place)
    assert "copied" in answer_of(OPTIONS, copied)


COMMITS = """
import json
from pathlib import Path
from planrec.config.compose import compose
from planrec.training.experiment import run
from planrec.runs.write import begin_run, save_run

config = compose("model=copied", "baselines=[]", "target=held", "data.n_subscribers=60", "cv.n_folds=2")
result = run(config)

def commit_of_a_run(folder):
    begin_run(folder, config, "train")
    save_run(result, folder, "train")
    return json.loads((folder / "run.json").read_text("utf-8"))["git_commit"]

inside = commit_of_a_run(Path("inside"))
Path(".git").rename("not a repository")
print(json.dumps([inside, commit_of_a_run(Path("outside"))]))
"""


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_run_has_the_commit_of_the_repository_of_the_package(copied):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), (*identity, "commit", "--quiet", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *command], cwd=copied, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=copied, check=True, capture_output=True, text=True
    )
    assert answer_of(COMMITS, copied) == [head.stdout.strip(), None]
