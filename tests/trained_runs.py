"""Small real runs, saved in folders of a test."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from planrec.config.conf_folder import inherited
from planrec.contracts import Model
from planrec.model import ModelConfig
from tests.conftest import SMALL
from tests.quick_configs import FEW, composed


def quick(model: str) -> list[str]:
    """Return overrides that make a model of conf/model/ quick to fit."""
    return list(_fewer(inherited("model", model), "model"))


def _fewer(node: dict[str, Any], path: str) -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _fewer(value, f"{path}.{key}")
        elif key in FEW:
            yield f"{path}.{key}={FEW[key]}"


def model_option(name: str, **changed: object) -> Model:
    """Read a model of conf/model/ with some fields changed; without Hydra, which is slow to load."""
    model: Model = TypeAdapter(ModelConfig).validate_python(inherited("model", name) | changed)
    return model


def train_into(folder: Path, *overrides: str, small: tuple[str, ...] = SMALL, selected: bool = False) -> Path:
    """Train and save one run, and return its folder."""
    from planrec.runs.write import begin_run, save_run
    from planrec.training.experiment import run

    command = shlex.join(["planrec", "train", *small, *overrides])
    config = composed(*small, *overrides)
    begin_run(folder, config, command)
    save_run(run(config), folder, command, selected=selected)
    return folder


def edit_run(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change run.json of a copy of a run, as if another run had written it."""
    manifest = json.loads((folder / "run.json").read_text("utf-8"))
    change(manifest)
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    return folder
