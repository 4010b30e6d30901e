"""The files that a newcomer meets first say what is true."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_development_container_runs_the_commands_of_the_readme() -> None:
    container = json.loads((REPOSITORY / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    first_block = re.search(
        r"```sh\n(.*?)```", (REPOSITORY / "README.md").read_text("utf-8"), flags=re.DOTALL
    )
    assert first_block is not None
    assert [container["onCreateCommand"], container["postCreateCommand"]] == first_block[1].splitlines()
    python = re.fullmatch(r"docker\.io/library/python:(3\.\d+)", container["image"])
    assert python is not None
    assert SpecifierSet(PROJECT["requires-python"]).contains(python[1])


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_every_path_and_recipe_of_the_page_exists(page: str) -> None:
    text = (REPOSITORY / page).read_text("utf-8")
    paths = re.findall(r"`((?:planrec|api|conf|tests|docs|\.ci|\.devcontainer)/[\w./-]*)`", text)
    recipes = set(re.findall(r"\bjust ([a-z-]+)", text))
    known = set(
        re.findall(r"^([a-z-]+)[^:=\n]*:(?!=)", (REPOSITORY / "justfile").read_text("utf-8"), re.MULTILINE)
    )
    assert paths or page == "SECURITY.md"
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
    assert recipes <= known


def test_the_newest_version_is_supported_and_has_a_changelog() -> None:
    minor = ".".join(PROJECT["version"].split(".")[:2])
    assert f"| {minor} | yes |" in (REPOSITORY / "SECURITY.md").read_text("utf-8")
    changelog = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    sections = re.findall(r"^## (.+)$", changelog, flags=re.MULTILINE)
    assert next(section for section in sections if section != "Unreleased") == PROJECT["version"]


@pytest.mark.parametrize("language", ["README.md", "README.es.md"])
def test_the_readme_names_every_extra(language: str) -> None:
    text = (REPOSITORY / language).read_text("utf-8")
    named = {
        name for extras in re.findall(r"(?:planrec|\.)\[([a-z,]+)\]", text) for name in extras.split(",")
    }
    assert named == PROJECT["optional-dependencies"].keys() - {"catboost"}
