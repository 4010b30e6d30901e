"""README.md and README.es.md say the same; figures, pictures and files are those of the repository."""

import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from planrec.cli import main
from tests.conftest import REPOSITORY, SMALL_BILLS

ENGLISH, SPANISH = ((REPOSITORY / name).read_text("utf-8") for name in ("README.md", "README.es.md"))
CODE = re.compile(r"`[^`\n]+`")


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY / "docs" / "_generate")
    return import_module("generate_readme")


def headings(text: str) -> list[int]:
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", without_code, flags=re.MULTILINE)]


def blocks(text: str) -> list[str]:
    """Return the blocks of code without comments."""
    return [re.sub(r" *#.*", "", block) for block in re.findall(r"```\w+\n(.*?)```", text, flags=re.DOTALL)]


def tables(text: str) -> list[list[list[str]]]:
    """Return for each row of each table the code of each cell."""
    rows = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [[sorted(CODE.findall(row)) for row in table.splitlines()] for table in rows]


def test_both_languages_have_the_same_headings_blocks_tables_and_links() -> None:
    assert headings(SPANISH) == headings(ENGLISH)
    assert blocks(SPANISH) == blocks(ENGLISH)
    assert tables(SPANISH) == tables(ENGLISH)
    links = [set(re.findall(r"\]\(([^)]+\.(?:md|html)[^)]*|LICENSE)\)", text)) for text in (ENGLISH, SPANISH)]
    assert links[0] - {"README.es.md"} == links[1] - {"README.md"}


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("es", SPANISH)])
def test_the_figures_are_those_of_the_results(generator: ModuleType, language: str, text: str) -> None:
    assert generator.with_figures(text, language) == text, "run `just docs --only readme`"
    assert text.count("95 %") == 2
    assert "0.810" in text.replace(",", ".")


def test_badges_and_diagrams_are_those_of_the_code(generator: ModuleType) -> None:
    pictures = generator.pictures()
    found = {name: (REPOSITORY / "docs" / name).read_text("utf-8") for name in pictures}
    assert found == pictures, "run `just docs --only readme`"
    shown = set(re.findall(r"!\[[^\]]*\]\(docs/((?:badges|pictures)/[^)]+)\)", ENGLISH + SPANISH))
    assert shown >= set(pictures)


def test_every_example_that_a_page_names_exists() -> None:
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]
    named = {
        name
        for page in pages
        for name in re.findall(r"docs/examples/([\w.-]+\.\w+)", page.read_text("utf-8"))
    }
    existing = {file.name for file in (REPOSITORY / "docs" / "examples").iterdir()}
    assert named - existing == set()
    how_to = "".join(page.read_text("utf-8") for page in REPOSITORY.glob("docs/how-to/*.md"))
    inputs = set(
        re.findall(
            r"(?:path=|^planrec (?:score|drift|outcomes) |latest )([\w-]+\.(?:csv|yaml))", how_to, re.M
        )
    )
    assert inputs - existing == set()


@pytest.mark.slow
def test_the_examples_are_those_of_their_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "docs" / "_generate")
    folder = REPOSITORY / "docs" / "examples"
    stale = [
        name
        for name, text in import_module("examples").examples().items()
        if (folder / name).read_text("utf-8") != text
    ]
    assert stale == [], "run `just docs --only examples`"


PRINTED = r"^(?:pip.*&& )?(planrec [^`\n]+)$|`(planrec (?:score|new-plans|campaign) [^`]+)`"
NOT_RUN = {("serve",), ("train", "--help")}
QUICK = ("n_bootstrap=20", "cv.n_folds=2", "baselines=[]", "threads=1")


@pytest.mark.slow
def test_the_commands_of_the_readme_run_as_they_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "docs" / "examples", Path("docs", "examples"))
    printed = re.findall(PRINTED, re.sub(r" +#.*", "", ENGLISH), flags=re.MULTILINE)
    commands = [shlex.split(in_block or inline)[1:] for in_block, inline in printed]
    ran = [words for words in commands if tuple(words[:2]) not in NOT_RUN]
    for verb, *arguments in ran:
        if "-m" in arguments:
            arguments = ["model=lgbm"]  # the last cell of the printed sweep; tests/sweeps runs whole ones
        small = () if verb != "train" else QUICK if "data=table" in arguments else SMALL_BILLS
        assert main([verb, *arguments, *small]) == 0, (verb, arguments)
    verbs = {"train", "pin", "score", "new-plans", "campaign", "leaderboard", "report", "explain"}
    assert {words[0] for words in ran} == verbs
