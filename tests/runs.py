"""Small real runs in folders of a test's choice."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import SMALL


def train_into(folder: Path, *overrides: str, small: tuple[str, ...] = SMALL, selected: bool = False) -> Path:
    """Train and save one run; the folder."""
    from planrec.compose import compose
    from planrec.experiment import run
    from planrec.run_folder import begin_run, save_run

    command = shlex.join(["python", "-m", "planrec.train", *small, *overrides])
    config = compose(*small, *overrides)
    begin_run(folder, config, command)
    save_run(run(config), folder, command, selected)
    return folder


def edit_run(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change run.json of a copy, as if another run had written it."""
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    change(manifest)
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    return folder
