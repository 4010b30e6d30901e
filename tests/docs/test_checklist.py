"""docs/checklist.md: its points add up, its places exist, and its commands prove their rows."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "checklist.md").read_text("utf-8")
PHASES = PAGE.partition("## The highest level")[0]
CELLS = [line[2:-2].split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
ROWS = [row for row in CELLS if row[0] != "requirement"]
LONG = re.compile(r"\(\d+ minutes\)")
COMMANDS = sorted({row[-1].split("`")[1] for row in ROWS if not LONG.search(row[-1])})
FAST = re.compile(r"grep|git|just --list")
TESTS = re.compile(r"python -m pytest ")
"The suite runs these tests anyhow."


def test_the_rows_are_those_of_the_delivery() -> None:
    points = [int(row[1]) for row in ROWS if len(row) == 5]
    phases = [int(number) for number in re.findall(r"^## \d\. .*: (\d+) points$", PHASES, flags=re.MULTILINE)]
    assert (len(points), len(ROWS) - len(points)) == (32, 4)
    assert (sum(points), phases) == (100, [20, 25, 20, 15, 15, 5])


def test_every_place_exists() -> None:
    places = [place for row in ROWS for place in re.findall(r"`([^`]+)`", row[-3])]
    tests = [word for command in COMMANDS for word in command.split() if word.startswith("tests/")]
    assert len(places) >= len(ROWS)
    assert [path for path in [*places, *tests] if not Path(REPOSITORY, path).exists()] == []


def failure(command: str) -> str | None:
    """Run a command as a person would, and return its output if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        ["bash", "-c", command], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300
    )
    return None if ran.returncode == 0 else f"{command}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"


@pytest.mark.parametrize("command", [command for command in COMMANDS if FAST.match(command)])
def test_a_short_command_proves_its_row(command: str) -> None:
    assert failure(command) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[pytest.mark.nightly] if TESTS.match(command) else [])
        for command in COMMANDS
        if not FAST.match(command)
    ],
)
def test_a_command_proves_its_row(command: str) -> None:
    assert failure(command) is None
