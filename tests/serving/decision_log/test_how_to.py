"""docs/how-to/answer-an-auditor.md: its commands work, and their output answers the questions."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

from planrec.cli import main
from planrec.runs.read import load_run
from planrec.serving.pin_run import pin_run
from tests.conftest import REPOSITORY
from tests.serving.scoring.test_score import months_table, read

PAGE = (REPOSITORY / "docs" / "how-to" / "answer-an-auditor.md").read_text("utf-8")


def test_the_commands_answer_the_questions(
    bill_run: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("outputs", *bill_run.parts[-2:])
    shutil.copytree(bill_run, folder)
    pin_run(folder, Path("outputs"), "spring-prices")
    months_table(n=4).to_csv("months.csv", index=False)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    shown = {}
    for line in "".join(blocks).splitlines():
        assert main(shlex.split(line)[1:]) == 0, line
        shown[line] = capsys.readouterr().out
    _, replayed, row, pins, counts, verified, audited, checked = shown.values()
    saved, catalogue = load_run(folder), load_run(folder).recommender.catalogue
    assert catalogue is not None
    for text in (
        saved.run_id,
        saved.sha256,
        catalogue.sha256,
        "2026-05",
        "policy=best_bill",
        *saved.recommender.plans,
    ):
        assert text in replayed
    assert "equal, byte for byte" in replayed
    assert "equal, every cell" in row
    assert "spring-prices" in pins
    advice = read(Path("advice.csv"))
    arms = advice["plan"].where(advice["decision"] == "recommend", advice["decision"]).value_counts()
    for arm, number in arms.items():
        assert re.search(rf"{arm} +│ +{number} +│ +{number} ", counts), counts
    assert verified.endswith("verified\n")
    assert "wrote audit.zip" in audited
    assert checked.endswith("verified\n")
    manifest = json.loads(Path("advice.csv.manifest.json").read_text("utf-8"))
    assert manifest["run"]["catalogue_version"] == catalogue.version
