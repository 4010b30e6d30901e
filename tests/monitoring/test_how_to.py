"""docs/how-to/judge-advice-by-bills.md does what it says."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from api.parsing.outcome_body import parse_outcomes
from api.settings import Limits
from planrec.cli import main
from planrec.monitoring.outcomes.receiving import Reason
from planrec.monitoring.realised.realised_table import Unjudged
from planrec.serving.pin_run import pin_run
from tests.conftest import REPOSITORY
from tests.monitoring.world import World

PAGE = (REPOSITORY / "docs" / "how-to" / "judge-advice-by-bills.md").read_text("utf-8")


def test_the_printed_commands_work_in_their_order(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("outputs", *world.saved.folder.parts[-2:])
    shutil.copytree(world.saved.folder, folder)
    pin_run(folder, Path("outputs"))
    shutil.copy(world.folder / "decisions.sqlite", "outputs")
    months, events = re.findall(r"```csv\n(.*?)\n", PAGE)
    world.between("2018-07", "2018-11")[months.split(",")].to_csv("months.csv", index=False)
    commands = re.findall(r"^planrec ((?:outcomes|realised).*)$", PAGE, flags=re.MULTILINE)
    assert [main(shlex.split(command)) for command in commands] == [0] * 6
    found = json.loads(Path("outputs/monitoring/realised.json").read_text("utf-8"))
    assert (found["judged"], list(found["by"])) == (240, [world.saved.run_id])
    assert json.loads(Path("harm.json").read_text("utf-8"))["harmed"]
    ids = world.advice("2018-06")["recommendation_id"].head(2)
    rows = pd.DataFrame(
        {"recommendation_id": ids, "event": ["accepted", "declined"], "month": ["2018-09", ""]}
    )
    assert events == ",".join(rows.columns)
    rows.to_csv("events.csv", index=False)
    assert main(["outcomes", "events.csv"]) == 0


def test_the_page_lists_every_reason() -> None:
    listed = re.findall(r"^\| `(\w+)` \| .* \|$", PAGE, flags=re.MULTILINE)
    columns = ("recommendation_id", "event", "plan_held", "bill")
    assert [name for name in listed if name not in columns] == [*get_args(Reason), *get_args(Unjudged)]


def test_the_printed_bodies_are_accepted() -> None:
    one, many = (block.encode() for block in re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL))
    assert [each.event for each in parse_outcomes(one, Limits())] == ["accepted"]
    assert [each.month for each in parse_outcomes(many, Limits())] == ["2026-01"]
