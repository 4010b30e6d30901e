"""Checks of every question in conf/experiment/: its command runs, and its page in docs/ answers it."""

import re
import sys
from importlib import import_module
from types import ModuleType

import pytest

from planrec.config.compose import compose
from planrec.config.conf_folder import CONF, content_of, file_of, options, options_text
from planrec.errors import ConfigError
from planrec.metrics import Estimate
from planrec.sweeps.hydra_sweeper import check_arguments

DOCS = CONF.parent / "docs"
PAGES = DOCS / "experiments"


@pytest.fixture(params=options("experiment"))
def name(request) -> str:
    return request.param


@pytest.fixture
def boards(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS / "_generate")
    return import_module("generate_boards")


def swept_values(name: str) -> list[str]:
    params = content_of(file_of("experiment", name))["hydra"]["sweeper"]["params"]
    return [f"experiment={name}", *(f"{key}={values}" for key, values in params.items())]


def test_an_experiment_begins_with_its_question_and_command(name):
    # Hydra reads @package in the first lines only, and stops at the first other one.
    header, first = file_of("experiment", name).read_text("utf-8").splitlines()[:2]
    assert header == "# @package _global_"
    assert re.fullmatch(rf"# [A-Z][^?]+\?  planrec train -m experiment={name}", first)
    assert first.removeprefix("# ") in options_text()


def test_every_cell_of_an_experiment_composes(name):
    compose(f"experiment={name}")
    typed = swept_values(name)
    assert any("," in text for text in typed)
    check_arguments(typed, (CONF,), multirun=True)


def test_a_cell_that_does_not_compose_is_found():
    with pytest.raises(ConfigError, match="no_such"):
        check_arguments(["model=lgbm,no_such"], (CONF,), multirun=True)


def test_every_experiment_has_its_page_with_question_command_and_answer(name):
    question, command = file_of("experiment", name).read_text("utf-8").splitlines()[1][2:].split("  ")
    page = (PAGES / f"{name}.md").read_text("utf-8")
    assert page.startswith(f"# {question}\n")
    assert f"`{command}`" in page
    assert "## Answer\n\n" in page, "run `just docs --only`"
    swept = [value for text in swept_values(name)[1:] for value in text.partition("=")[2].split(",")]
    assert [value for value in swept if value not in page] == []


def test_every_page_of_an_experiment_has_its_experiment(boards):
    assert sorted(page.stem for page in PAGES.glob("*.md")) == options("experiment")
    assert set(boards.ANSWERS) <= set(options("experiment"))


@pytest.mark.parametrize("page", sorted([*PAGES.glob("*.md"), *(DOCS / "results").glob("*.md")]))
def test_no_page_names_a_folder_of_the_machine_that_made_it(page):
    assert re.findall(r"(?<![\w./])/(?:tmp|home|work|root|Users)/\S+", page.read_text("utf-8")) == []


@pytest.mark.parametrize("board", ["leaderboard_simulator", "leaderboard_megaline_ru"])
def test_a_leaderboard_has_24_cells_of_four_models(board, boards):
    arguments = boards.LEADERBOARDS[board].arguments
    page = (DOCS / "results" / f"{board}.md").read_text("utf-8")
    assert f"`planrec train {' '.join(arguments)}`" in page
    labels = re.findall(r"^\| \d+ \| (.*?) \|", page, flags=re.MULTILINE)
    models = re.findall(r"\bmodel=(\S+)", "\n".join(labels).replace("\\", ""))
    assert {name: models.count(name) for name in set(models)} == dict.fromkeys(
        ("lgbm", "logistic", "forest", "hist_boosting"), 6
    )


@pytest.mark.parametrize(
    ("metric", "difference", "said"),
    [
        ("regret", Estimate(-0.5, -0.6, -0.4), "beats"),
        ("regret", Estimate(0.5, 0.4, 0.6), "loses to"),
        ("regret", Estimate(-0.5, -1.1, 0.1), "cannot be separated from"),
        ("accuracy", Estimate(0.5, 0.4, 0.6), "beats"),
        ("accuracy", Estimate(-0.5, -0.6, -0.4), "loses to"),
        ("accuracy", Estimate(0.0, 0.0, 0.0), "cannot be separated from"),
    ],
)
def test_losing_models_and_small_data_are_reported_as_such(metric, difference, said, boards):
    assert boards.outcome(difference, metric) == said


def test_only_the_requested_pages_are_written(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(DOCS / "_generate")
    monkeypatch.delitem(sys.modules, "generate", raising=False)
    generate = import_module("generate")
    written = []
    # It takes many seconds, and tests/test_repository.py generates it.
    monkeypatch.setattr(generate, "write_reference", lambda: written.append("reference"))
    # The command sets both; they are restored after the test.
    monkeypatch.setenv("PLANREC_DEBUG", "0")
    monkeypatch.setenv("PLANREC_DATA", str(tmp_path))
    assert generate.main(["--only", "reference"]) == 0
    assert written == ["reference"]
    assert set(options("experiment")) < set(generate.pages())
    with pytest.raises(SystemExit):
        generate.main(["--only", "no_such_page"])
    assert "does_learning_beat_rerating" in capsys.readouterr().err
