"""Completion as a shell asks for it, and the candidates for each kind of word."""

import os
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from planrec.cli import VERBS, main
from planrec.cli.completers import overrides, runs
from planrec.config.conf_folder import groups, options
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "how-to" / "complete-commands.md").read_text("utf-8")


def candidates(line: str, folder: Path) -> list[str]:
    """Ask as bash does: the line in the environment, the candidates in a file."""
    answer = folder / "candidates"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    command = [sys.executable, "-m", "planrec"]
    done = subprocess.run(command, cwd=folder, env=os.environ | asked, capture_output=True, check=True)
    assert done.stdout == b""
    return answer.read_text("utf-8").split("\013")


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("planrec ", list(VERBS)),
        ("planrec le", ["leaderboard "]),
        ("planrec pin --ro", ["--rollback "]),
        ("planrec train model=lg", ["model=lgbm", "model=lgbm_bills"]),
        ("planrec train -m model=lgbm model.n_e", ["model.n_estimators="]),
        ("planrec train --mul", ["--multirun "]),
        ("planrec card ", ["model", "data"]),
    ],
)
def test_a_shell_that_asks_gets_candidates(line, expected, tmp_path):
    assert candidates(line, tmp_path) == expected


@pytest.mark.e2e
def test_ids_of_runs_are_candidates(history_run, tmp_path):
    outputs = history_run.parents[1]
    line = f"planrec compare latest --outputs {outputs} 20"
    assert candidates(line, tmp_path) == ["2030-01-31/12-00-00-abc123 "]


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["completion bash", "train -sc install=bash"])
def test_bash_completes_after_the_printed_lines(command, tmp_path):
    planrec = tmp_path / "planrec"
    planrec.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m planrec "$@"\n', "utf-8")
    planrec.chmod(0o755)
    script = f"""
        eval "$(planrec {command})"
        complete -p planrec
        COMP_LINE='planrec train -m model=dummy,log' COMP_POINT=32 COMP_TYPE=9
        _python_argcomplete planrec
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    registered, completed = done.stdout.splitlines()
    assert registered.startswith("complete ")
    assert registered.endswith(" -F _python_argcomplete planrec")
    # Readline replaces the part of the word behind the last of its word breaks, `=`.
    assert completed == "dummy,logistic "


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_of_the_how_to_page_has_its_lines(shell, capsys):
    assert f"planrec completion {shell}" in PAGE
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert "planrec" in text
    assert "_ARGCOMPLETE" in text


def test_the_flag_of_hydra_removes_the_completion_again(capsys):
    assert main(["train", "-sc", "uninstall=bash"]) == 0
    assert main(["train", "-sc", "uninstall=fish"]) == 0
    assert capsys.readouterr().out == "complete -r planrec\ncomplete -e -c planrec\n"


@pytest.fixture
def typed(monkeypatch):
    """Sets the line that is completed."""

    def set_line(line: str) -> None:
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))

    return set_line


def test_groups_and_values_are_candidates_with_an_equals_sign(typed):
    typed("planrec train ")
    found = overrides("")
    assert found[: len(groups())] == [f"{group}=" for group in groups()]
    assert {"seed=", "sweep.n_jobs=", "waivers.overlap="} < set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("sign", ["", "+", "~"])
def test_options_of_a_group_are_candidates(sign, typed):
    typed(f"planrec train {sign}cv=")
    assert overrides(f"{sign}cv=") == [f"{sign}cv={option}" for option in options("cv")]


def test_after_a_comma_the_options_follow_the_earlier_ones(typed):
    typed("planrec train -m cv=grouped,")
    assert overrides("cv=grouped,") == [f"cv=grouped,{option}" for option in options("cv")]


@pytest.mark.parametrize(
    ("before", "key"), [("", "data.n_subscribers="), ("data=table ", "data.plan_column=")]
)
def test_keys_are_those_of_the_chosen_option(before, key, typed):
    typed(f"planrec train {before}data.")
    assert key in overrides("data.")


def test_a_value_that_is_not_an_option_has_no_candidates(typed):
    typed("planrec train seed=")
    assert overrides("seed=") == []


def test_a_run_is_completed_from_every_beginning_that_names_it(history_run):
    options = Namespace(outputs=history_run.parents[1])
    assert runs("", options) == ["latest", "2030-01-31/12-00-00-abc123"]
    assert runs("l", options) == ["latest"]
    assert runs("12-", options) == ["12-00-00-abc123"]
    assert runs("abc", options) == ["abc123"]


def test_other_beginnings_are_completed_as_folders(history_run, monkeypatch):
    monkeypatch.chdir(history_run.parents[2])
    options = Namespace(outputs=history_run.parents[1])
    assert runs("hist", options) == ["history/"]
    assert runs("nowhere", options) == []


def test_the_how_to_page_shows_what_is_completed():
    shown = re.findall(r"^planrec (\S+) .*<TAB>", PAGE, flags=re.MULTILINE)
    assert shown
    assert set(shown) <= set(VERBS)
