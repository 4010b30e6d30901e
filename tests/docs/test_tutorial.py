"""docs/tutorial/your-first-hour.md: its commands run in order, on fewer subscribers."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from planrec.cli import main
from planrec.serving.pin import load_pinned
from tests.conftest import REPOSITORY, SMALL_BILLS

PAGE = (REPOSITORY / "docs" / "tutorial" / "your-first-hour.md").read_text("utf-8")
(PROGRAM,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL))


@pytest.mark.slow
def test_the_commands_of_the_first_hour_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "docs" / "examples", Path("docs", "examples"))
    commands = [shlex.split(line)[1:] for line in BLOCKS.splitlines() if line.startswith("planrec ")]
    assert [words[0] for words in commands] == [
        *("train", "report", "pin", "serve", "score", "replay", "train", "leaderboard")
    ]
    for verb, *arguments in commands:
        if verb == "serve":
            assert answered(BLOCKS) in ("recommend", "stay")
        else:
            small = SMALL_BILLS if verb == "train" else ()
            assert main([verb, *arguments, *small]) == 0, verb
        if verb == "replay":
            names: dict[str, Any] = {}
            exec(PROGRAM, names)
            assert len(names["advice"]) == 40
    assert Path("report.html").is_file()
    assert "40 rows" in capsys.readouterr().out


def answered(blocks: str) -> str:
    """Return the decision about the printed request."""
    (body,) = re.findall(r"curl .*? -d '(\{.*?\})'", blocks, flags=re.DOTALL)
    with TestClient(create_app(load_pinned(Path("outputs")))) as client:
        answer = client.post("/predict", json=json.loads(body)).json()
    assert {"advised", "items"} <= set(answer)
    return str(answer["decision"])
