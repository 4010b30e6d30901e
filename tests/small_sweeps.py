"""A small real sweep, made by the command line."""

from pathlib import Path

import pytest

from planrec.cli import main

SMALL_SWEEP = ("target=held", "data.n_subscribers=60", "data.n_months=3", "n_bootstrap=20")


def sweep_into(folder: Path, *arguments: str) -> Path:
    """Run `planrec train -m` in an empty folder; the folder of the sweep."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(["train", "-m", *SMALL_SWEEP, *arguments])
    (file,) = folder.glob("outputs/multirun/*/*/sweep.json")
    return file.parent
