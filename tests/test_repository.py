"""The files around the code: recipes, lock, README, CI, and how-to pages keep their promises."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
RECIPES = (
    "install train sweep pin leaderboard report explain serve settings demo test test-slow test-clocks"
    " test-nightly coverage properties kills lint types imports limits check bench bench-serve e2e image"
    " docs site pictures lock clean"
)
HOW_TO = sorted((REPOSITORY / "docs" / "how-to").glob("add-a-*.md"))


def test_every_promised_recipe_is_listed_with_one_line_about_it() -> None:
    dump = subprocess.run(
        ["just", "--dump", "--dump-format", "json"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    recipes = {
        name: recipe for name, recipe in json.loads(dump.stdout)["recipes"].items() if not recipe["private"]
    }
    assert sorted(recipes) == sorted(RECIPES.split())
    assert [name for name, recipe in recipes.items() if not recipe["doc"]] == []


PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
RUNNING = [*PYPROJECT["project"]["dependencies"], *EXTRAS["serve"], *EXTRAS["bundle"]]
DEVELOPING = [line for name in ("dev", "postgresql", "ray") for line in EXTRAS[name]]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("requirements.lock", RUNNING),
        ("requirements-dev.lock", [*RUNNING, *DEVELOPING, *PYPROJECT["build-system"]["requires"]]),
        ("requirements-build.lock", PYPROJECT["build-system"]["requires"]),
    ],
)
def test_each_lock_has_hashes_and_no_address_for_its_use(name: str, lines: list[str]) -> None:
    text = (REPOSITORY / name).read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==([^\s;]+)", text, flags=re.MULTILINE))
    needed = [Requirement(line) for line in lines if not line.startswith("planrec[")]
    stale = [
        str(requirement)
        for requirement in needed
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"))
    ]
    assert stale == [], "run `just lock`"
    assert text.count("--hash=sha256:") >= len(locked)
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("language", ["README.md", "README.es.md"])
def test_the_first_commands_of_the_readme_are_those_that_ci_runs(language: str) -> None:
    first_block = re.search(r"```sh\n(.*?)```", (REPOSITORY / language).read_text("utf-8"), flags=re.DOTALL)
    assert first_block is not None
    commands = [part.strip() for line in first_block[1].splitlines() for part in line.split("&&")]
    assert commands == ['pip install -e ".[dev]"', "planrec train model=forecast policy=guarded", "just test"]
    ci = (REPOSITORY / ".ci" / "run").read_text("utf-8").replace("--quiet ", "")
    workflow = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert [command for command in commands if f"step {command}\n" not in ci] == []
    # The same packages, from the lock: `.ci/run` has shown that the first command suffices.
    locked = [
        "pip install --require-hashes -r requirements-dev.lock",
        "pip install --no-deps --no-build-isolation -e .",
    ]
    assert [command for command in [*locked, *commands[1:]] if f"run: {command}\n" not in workflow] == []


def test_workflows_and_the_image_install_locked_packages_only() -> None:
    files = [*(REPOSITORY / ".github" / "workflows").iterdir(), REPOSITORY / "Containerfile"]
    lines = "\n".join(file.read_text("utf-8") for file in files).replace("\\\n", " ").splitlines()
    installs = [
        part
        for line in lines
        for part in re.split("&&|run:", line)
        if re.search(r"pip (install|wheel)", part)
    ]
    assert len(installs) >= 8
    assert [part for part in installs if "--require-hashes" not in part and "--no-deps" not in part] == []
    assert [part for part in installs if "pip wheel" in part and "--no-build-isolation" not in part] == []


def test_every_link_to_a_file_leads_somewhere() -> None:
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "outputs" / "README.md"]
    broken = [
        f"{page.relative_to(REPOSITORY)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_reference_says_what_the_code_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate = module_of(REPOSITORY / "docs" / "_generate" / "generate.py")
    monkeypatch.setattr(generate, "DOCS", tmp_path / "docs")
    monkeypatch.syspath_prepend(REPOSITORY / "docs" / "_generate")
    generate.write_reference()
    stale = [
        line.removeprefix("wrote ")
        for line in capsys.readouterr().out.splitlines()
        if (tmp_path / line.removeprefix("wrote ")).read_bytes()
        != (REPOSITORY / line.removeprefix("wrote ")).read_bytes()
    ]
    assert stale == [], "run `just docs`"
    assert (tmp_path / "docs" / "reference" / "configuration.md").is_file()


@pytest.mark.parametrize(
    "file", [".pre-commit-config.yaml", ".github/workflows/ci.yml", ".github/workflows/nightly.yml"]
)
def test_nothing_is_fetched_that_is_not_pinned(file: str) -> None:
    text = (REPOSITORY / file).read_text("utf-8")
    yaml.safe_load(text)
    fetched = re.findall(r"(?:uses|repo): (.+)", text)
    assert fetched
    assert [
        name
        for name in fetched
        if name != "local" and not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", name)
    ] == []


@pytest.mark.e2e
@pytest.mark.slow
def test_the_how_to_pages_work_as_they_are_printed(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    for page in HOW_TO:
        apply_blocks(page.read_text("utf-8"), tmp_path)
    with closing(sqlite3.connect(tmp_path / "months.db")) as database, database:
        database.execute("CREATE TABLE months (plan, calls, town)")
        rows = [(("small", "large")[row % 2], row % 7, ("north", None)[row % 3 // 2]) for row in range(90)]
        database.executemany("INSERT INTO months VALUES (?, ?, ?)", rows)
    small = ["n_bootstrap=20", "baselines=[popular]"]
    train(tmp_path, "model=lgbm", "features=peaks", "data.n_subscribers=200", *small)
    query = [
        "data=sqlite",
        "data.path=months.db",
        "data.query='SELECT * FROM months'",
        "data.plan_column=plan",
    ]
    options = ["model=naive_bayes", "metrics=[balanced_accuracy,accuracy]"]
    train(tmp_path, *query, *options, *small)
    assert {page.name for page in HOW_TO} == {
        "add-a-data-source.md",
        "add-a-feature-set.md",
        "add-a-metric.md",
        "add-a-model.md",
    }
    assert len(list(tmp_path.glob("outputs/*/*/run.json"))) == 2


def module_of(file: Path) -> ModuleType:
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copy_of_the_code(folder: Path) -> None:
    for part in ("planrec", "conf"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))


def apply_blocks(page: str, folder: Path) -> None:
    """Write the blocks that name a file in their first line, and make the edits of the diff blocks."""
    for language, block in re.findall(r"```(\w+)\n(.*?)```", page, flags=re.DOTALL):
        first, _, rest = block.partition("\n")
        if language == "diff":
            edit(folder / first.removeprefix("--- "), rest)
        elif named := re.fullmatch(r"# ((?:planrec|conf)/\S+)", first):
            (folder / named[1]).write_text(rest, "utf-8")


def edit(file: Path, diff: str) -> None:
    """Each run of `-` lines is found in the file and replaced by the `+` lines that follow it."""
    text = file.read_text("utf-8")
    for old, new in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", diff, flags=re.MULTILINE):
        before, after = (re.sub(r"^[-+]", "", lines, flags=re.MULTILINE).rstrip("\n") for lines in (old, new))
        assert text.count(before) == 1, f"{file.name} must hold {before!r} once"
        text = text.replace(before, after)
    file.write_text(text, "utf-8")


def train(folder: Path, *overrides: str, **variables: str) -> None:
    # Not counted: coverage would look for the copied files after they are gone.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "planrec", "train", *overrides],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
