"""Every command that is printed, in pages and in messages, works when it is typed."""

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from planrec.cli import VERBS, command_parser, main
from planrec.config.conf_folder import CONF, content_of, groups
from planrec.config.overrides import check_overrides
from tests.conftest import REPOSITORY

PAGES = [
    *REPOSITORY.glob("*.md"),
    *REPOSITORY.glob("docs/**/*.md"),
    REPOSITORY / "outputs" / "README.md",
    *REPOSITORY.glob("conf/**/*.yaml"),
]
SOURCES = [
    *REPOSITORY.glob("planrec/**/*.py"),
    *REPOSITORY.glob("api/**/*.py"),
    *(REPOSITORY / name for name in ("justfile", "Containerfile", ".ci/run", ".github/workflows/ci.yml")),
]
ENDS = {"&&", "||", "|", ">", ";", "&", "#"}


def command_lines() -> list[str]:
    """Return every line of a code block that is a `planrec` command, with its continuation lines."""
    lines = []
    for page in PAGES:
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
            lines += re.findall(r"^(?:\$ )?(planrec .*)$", block.replace("\\\n", " "), flags=re.MULTILINE)
    return sorted({line for line in lines if "<TAB>" not in line})


@pytest.mark.parametrize("line", command_lines())
def test_a_command_of_a_page_is_understood(line):
    _, verb, *words = takewhile(lambda word: word not in ENDS, shlex.split(line, comments=True))
    if words == ["--help"]:
        assert main([verb, *words]) == 0
        return
    options, unknown = command_parser(verb).parse_known_args([verb, *words])
    if verb == "train":
        overrides = [word for word in unknown if "=" in word and not word.startswith("-")]
        check_overrides(overrides, multirun="-m" in unknown)
        keys = {override.lstrip("+~").partition("=")[0].partition(".")[0] for override in overrides}
        assert keys <= {*groups(), *content_of(CONF / "train.yaml")}
    else:
        assert unknown == []
    assert options.verb == verb


def test_pages_have_commands_of_most_verbs():
    assert len({line.split()[1] for line in command_lines()}) >= len(VERBS) - 3


def test_every_named_verb_exists():
    wrong = {str(file.relative_to(REPOSITORY)): wrong_names(file) for file in (*PAGES, *SOURCES)}
    assert {file: names for file, names in wrong.items() if names} == {}


def wrong_names(file: Path) -> set[str]:
    """Return the verbs of a file that do not exist, and the spellings that are gone."""
    text = file.read_text("utf-8")
    released = text.find("\n## 0.1.0") if file.name == "CHANGELOG.md" else -1
    text = text if released < 0 else text[:released]
    named = re.findall(r"(?:`|: |with |type |\$ |^ +|step )planrec ([a-z][a-z-]*)", text, flags=re.MULTILINE)
    old = set(re.findall(r"python -m (planrec\.\w+|api\b[.\w]*)", text))
    explained = {"planrec.VERB", "api.settings"} if file.name == "CHANGELOG.md" else set()
    return (set(named) - {*VERBS, "adds", "in"}) | (old - {"planrec.train", "api"} - explained)


def test_a_simulation_prints_a_command_that_reads_its_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "an operator, made up", "--n-subscribers=60", "--n-months=12"]) == 0
    wrote, command = capsys.readouterr().out.splitlines()
    assert wrote == "wrote an operator, made up"
    planrec, *words = shlex.split(command.removeprefix("train on it: "))
    assert planrec == "planrec"
    quick = ["model=popular", "baselines=[]", "n_bootstrap=20", "cv.n_folds=2"]
    assert main([*words, *quick]) == 0, capsys.readouterr().err
