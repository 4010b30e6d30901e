"""Which code made a run: versions of the packages, and the commit."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

VERSIONED = ("planrec", "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "optuna", "skops", "pydantic")


def versions() -> dict[str, str]:
    """Of Python and of the packages that results and model files depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONED}


def git_commit(package: Path) -> str | None:
    """The commit of a package that lies at the top of a checkout, else None.

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
