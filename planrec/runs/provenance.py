"""Provenance of a run: versions of the packages, and the commit."""

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

VERSIONED = ("planrec", "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "optuna", "skops", "pydantic")

COMPATIBLE = {"planrec": 2, "scikit-learn": 2, "skops": 2, "lightgbm": 1, "numpy": 1}
"""Parts of a version that must agree for a saved model to be served: scikit-learn promises no compatibility
between minor versions, and neither do packages at 0.x."""


def version_problems(made_by: Mapping[str, str]) -> list[str]:
    """List the packages whose installed version cannot serve a model made by these versions."""
    installed = versions()
    return [
        f"{name}: made by {made_by.get(name, 'an unknown version')}, installed is {installed[name]}; install"
        f" {'.'.join(made_by[name].split('.')[:parts]) if name in made_by else 'the old one'}, or train again"
        for name, parts in COMPATIBLE.items()
        if made_by.get(name, "").split(".")[:parts] != installed[name].split(".")[:parts]
    ]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results and model files depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONED}


def git_commit(package: Path) -> str | None:
    """Return the commit of a package at the top of a checkout, else None.

    A package installed in an environment inside some other repository does not have that one's commit.
    """
    command = ["git", "-C", str(package), "rev-parse", "--show-toplevel", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if found.returncode != 0:
        return None
    top, commit = found.stdout.splitlines()
    return commit if Path(top).resolve() == package.resolve().parent else None
